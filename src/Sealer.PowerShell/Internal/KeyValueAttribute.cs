using System.Collections;
using System.Management.Automation;

namespace Sealer.PowerShell;

/// <summary>Lets names with values be given as a hashtable or as <c>name=value</c> text, whose value may hold further equals signs.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class KeyValueAttribute : ArgumentTransformationAttribute
{
    /// <summary>The text form of a table: what is a list in it stays one.</summary>
    public static Dictionary<string, string> Read(IDictionary? table)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry entry in table ?? new Hashtable())
            values[Text(entry.Key)] = Text(entry.Value);
        return values;
    }

    /// <summary>As <see cref="Read"/>, each value a list.</summary>
    public static Dictionary<string, IReadOnlyList<string>> ReadLists(IDictionary? table)
    {
        var values = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (DictionaryEntry entry in table ?? new Hashtable())
        {
            values[Text(entry.Key)] = Bare(entry.Value) is IEnumerable list and not string
                ? [.. list.Cast<object?>().Select(Text)]
                : [Text(entry.Value)];
        }

        return values;
    }

    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        var given = Bare(inputData);
        if (given is null or IDictionary)
            return given;
        var table = new Hashtable(StringComparer.Ordinal);
        foreach (var item in given is IEnumerable list and not string ? list.Cast<object?>() : [given])
        {
            switch (Bare(item))
            {
                case IDictionary more:
                    foreach (DictionaryEntry entry in more)
                        table[Text(entry.Key)] = entry.Value;
                    break;
                case string text when text.IndexOf('=', StringComparison.Ordinal) is > 0 and var at:
                    table[text[..at]] = text[(at + 1)..];
                    break;
                case var other:
                    throw new ArgumentTransformationMetadataException(
                        $"'{other}' is not of the form name=value. Give a hashtable, @{{ name = 'value' }}, or text, 'name=value'.");
            }
        }

        return table;
    }

    private static object? Bare(object? value) => value is PSObject wrapped ? wrapped.BaseObject : value;

    private static string Text(object? value) => LanguagePrimitives.ConvertTo<string>(value) ?? "";
}
