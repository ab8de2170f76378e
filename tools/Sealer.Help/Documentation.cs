using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Sealer.Help;

/// <summary>The compiler's XML documentation files, as plain text.</summary>
internal sealed partial class Documentation
{
    private readonly Dictionary<string, XElement> _members = new(StringComparer.Ordinal);

    /// <summary>How a reference to a type or property is written, by its documentation id.</summary>
    public Dictionary<string, string> Names { get; } = new(StringComparer.Ordinal);

    public static Documentation Load(IEnumerable<string> assemblies)
    {
        var documentation = new Documentation();
        foreach (var path in assemblies.Select(assembly => Path.ChangeExtension(assembly, ".xml")).Where(File.Exists))
        {
            foreach (var member in XDocument.Load(path, LoadOptions.PreserveWhitespace).Descendants("member"))
                documentation._members.TryAdd(member.Attribute("name")!.Value, member);
        }

        return documentation;
    }

    public static string IdOf(Type type) => "T:" + type.FullName;

    public static string IdOf(PropertyInfo property) => $"P:{property.DeclaringType!.FullName}.{property.Name}";

    /// <summary>The paragraphs of an element; none where it is missing or empty.</summary>
    public IReadOnlyList<string> Paragraphs(string id, string element) =>
        _members.TryGetValue(id, out var member) && member.Element(element) is { } found ? Paragraphs(found) : [];

    /// <summary>The elements of one kind, such as examples.</summary>
    public IReadOnlyList<XElement> Elements(string id, string element) =>
        _members.TryGetValue(id, out var member) ? [.. member.Elements(element)] : [];

    /// <summary>Text in paragraphs: those of <c>para</c>, list items, and what stands between them.</summary>
    public IReadOnlyList<string> Paragraphs(XElement element)
    {
        var paragraphs = new List<string>();
        var text = new StringBuilder();
        Walk(element, paragraphs, text);
        Flush(paragraphs, text);
        return paragraphs;
    }

    /// <summary>The lines of a code block, without the margin they have in the source.</summary>
    public static string Code(XElement element)
    {
        var lines = element.Value.Replace("\r", "", StringComparison.Ordinal).Trim('\n').TrimEnd().Split('\n');
        var margin = lines.Where(line => line.Trim().Length > 0).Min(line => line.Length - line.TrimStart().Length);
        return string.Join('\n', lines.Select(line => line.Length >= margin ? line[margin..].TrimEnd() : ""));
    }

    private static void Flush(List<string> paragraphs, StringBuilder text)
    {
        var line = Space().Replace(text.ToString(), " ").Trim();
        text.Clear();
        if (line.Length > 0)
            paragraphs.Add(line);
    }

    private void Walk(XElement element, List<string> paragraphs, StringBuilder text)
    {
        foreach (var node in element.Nodes())
        {
            switch (node)
            {
                case XText words:
                    text.Append(words.Value);
                    break;
                case XElement { Name.LocalName: "para" or "item" } block:
                    Flush(paragraphs, text);
                    if (block.Name == "item")
                        text.Append("- ");
                    Walk(block, paragraphs, text);
                    Flush(paragraphs, text);
                    break;
                case XElement { Name.LocalName: "see" or "seealso" or "paramref" } reference:
                    text.Append(reference.Value is { Length: > 0 } shown ? shown : NameOf(reference));
                    break;
                case XElement other:
                    Walk(other, paragraphs, text);
                    break;
            }
        }
    }

    private string NameOf(XElement reference)
    {
        var id = (reference.Attribute("cref") ?? reference.Attribute("langword") ?? reference.Attribute("name"))?.Value ?? "";
        return Names.TryGetValue(id, out var name) ? name : id[(id.LastIndexOfAny(['.', ':']) + 1)..];
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();
}
