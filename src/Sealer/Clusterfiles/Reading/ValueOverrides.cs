using System.Globalization;
using System.Text.RegularExpressions;
using Sealer.Yaml;

namespace Sealer.Clusterfiles.Reading;

/// <summary>
/// Lays values over a document before anybody reads it, so that what is given is checked as what is written. Their nodes have
/// negative lines, which stand for the number of the value.
/// </summary>
internal static partial class ValueOverrides
{
    private const int MaxDepth = 20;

    /// <summary>The path of the value that a line stands for; null for a line of the file.</summary>
    public static string? NameOf(IReadOnlyList<KeyValuePair<string, IReadOnlyList<string>>> values, int line) =>
        line < 0 && -line <= values.Count ? values[-line - 1].Key : null;

    /// <summary>The document with the values of the context's options; what is not on their paths is shared.</summary>
    public static YamlMapping Apply(YamlMapping document, ReadContext context)
    {
        for (var i = 0; i < context.Options.Values.Count; i++)
        {
            var (path, texts) = context.Options.Values[i];
            var line = -(i + 1);
            var parts = Part().Matches(path).Select(match => match.Value).ToList();
            if (!Whole().IsMatch(path) || parts.Count > MaxDepth)
            {
                context.Diagnostics.Error(line, 1, "this is not the path of a field; write spec.image, or spec.hosts[0].ssh.user");
                continue;
            }

            if (parts[0] is not ("spec" or "metadata"))
                parts.Insert(0, "spec");
            YamlNode value = texts.Count == 1 ? new YamlScalar(texts[0], false, false, line, 1) : Sequence(texts, line);
            document = (YamlMapping)(With(document, parts, 0, value, line, context) ?? document);
        }

        return document;
    }

    private static YamlNode? With(YamlNode? node, List<string> parts, int at, YamlNode value, int line, ReadContext context)
    {
        if (at == parts.Count)
        {
            // Where a list stands, one text is a list of one.
            return node is YamlSequence && value is YamlScalar scalar ? Sequence([scalar.Value], line) : value;
        }

        var part = parts[at];
        if (part[0] == '[')
        {
            var index = int.Parse(part.AsSpan(1, part.Length - 2), CultureInfo.InvariantCulture);
            if (node is not YamlSequence list || index >= list.Items.Count)
            {
                context.Diagnostics.Error(line, 1, $"there is no item {part} in the file{(node is YamlSequence { Items.Count: var count } ? $"; there are {count}, counted from 0" : "")}");
                return null;
            }

            var copy = new YamlSequence(list.Line, list.Column);
            copy.Items.AddRange(list.Items);
            if (With(list.Items[index].Target, parts, at + 1, value, line, context) is not { } item)
                return null;
            copy.Items[index] = item;
            return copy;
        }

        if (node is not (YamlMapping or null or YamlScalar { IsNull: true }))
        {
            context.Diagnostics.Error(line, 1, $"{Quoting.Quote(string.Join('.', parts.Take(at)))} is no map in the file, so it has no field {Quoting.Quote(part)}");
            return null;
        }

        var before = node as YamlMapping;
        var found = before?.Entries.FindIndex(entry => entry.Key.Value.Equals(part, StringComparison.OrdinalIgnoreCase)) ?? -1;
        if (With(found < 0 ? null : before!.Entries[found].Value.Target, parts, at + 1, value, line, context) is not { } inner)
            return null;
        var mapping = before is null ? new YamlMapping(line, 1) : new YamlMapping(before.Line, before.Column);
        mapping.Entries.AddRange(before?.Entries ?? []);
        if (found < 0)
            mapping.Entries.Add(KeyValuePair.Create(new YamlScalar(part, false, false, line, 1), inner));
        else
            mapping.Entries[found] = KeyValuePair.Create(mapping.Entries[found].Key, inner);
        return mapping;
    }

    private static YamlSequence Sequence(IEnumerable<string> texts, int line)
    {
        var list = new YamlSequence(line, 1);
        list.Items.AddRange(texts.Select(text => new YamlScalar(text, false, false, line, 1)));
        return list;
    }

    [GeneratedRegex(@"\[[0-9]{1,6}\]|[A-Za-z_][A-Za-z0-9_-]*")]
    private static partial Regex Part();

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_-]*(\[[0-9]{1,6}\])*(\.[A-Za-z_][A-Za-z0-9_-]*(\[[0-9]{1,6}\])*)*\z")]
    private static partial Regex Whole();
}
