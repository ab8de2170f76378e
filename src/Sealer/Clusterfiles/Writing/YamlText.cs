using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sealer.Clusterfiles.Reading;
using Sealer.Clusterfiles.Templates;

namespace Sealer.Clusterfiles.Writing;

/// <summary>Writes JSON's data as YAML, in the form that Kubernetes' own tools write: two blanks, lists at their key's column.</summary>
internal static class YamlText
{
    // Text that begins with one of these, or holds ": " or " #", is something else without quotes.
    private const string Indicators = "-?:,[]{}#&*!|>'\"%@`";

    /// <summary>One document, with a line break at its end.</summary>
    public static string Of(JsonNode? node)
    {
        var result = new StringBuilder();
        Write(result, node, 0, afterKey: false);
        return result.ToString();
    }

    /// <summary>Text as a value on one line, in quotes where it needs them.</summary>
    public static string Scalar(string text)
    {
        if (text.Length == 0)
            return "\"\"";
        if (text.Any(c => char.IsControl(c) || c is '\u2028' or '\u2029' or '\uFEFF' || char.IsSurrogate(c) && !IsWellFormed(text)))
            return Escaped(text);
        if (YamlScalars.IsAmbiguous(text))
            return $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
        return IsPlain(text) ? text : $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
    }

    private static void Write(StringBuilder to, JsonNode? node, int indent, bool afterKey)
    {
        switch (node)
        {
            case JsonObject { Count: > 0 } map:
                var isFirst = !afterKey;
                foreach (var (key, value) in map)
                {
                    if (!isFirst || afterKey)
                        NewLine(to, indent);
                    isFirst = false;
                    to.Append(Scalar(key)).Append(':');
                    Write(to, value, value is JsonArray ? indent : indent + 2, afterKey: true);
                }

                End(to);
                break;
            case JsonArray { Count: > 0 } list:
                for (var i = 0; i < list.Count; i++)
                {
                    if (i > 0 || afterKey)
                        NewLine(to, indent);
                    to.Append('-');
                    if (list[i] is JsonObject { Count: > 0 } or JsonArray { Count: > 0 })
                    {
                        to.Append(' ');
                        Write(to, list[i], indent + 2, afterKey: false);
                    }
                    else
                    {
                        Write(to, list[i], indent + 2, afterKey: true);
                    }
                }

                End(to);
                break;
            default:
                if (afterKey)
                    to.Append(' ');
                WriteScalar(to, node, indent);
                End(to);
                break;
        }
    }

    private static void WriteScalar(StringBuilder to, JsonNode? node, int indent)
    {
        if (node is JsonValue written && written.TryGetValue<PlainScalar>(out var plain))
        {
            to.Append(plain.Text);
            return;
        }

        switch (node?.GetValueKind())
        {
            case null or JsonValueKind.Null:
                to.Append("null");
                break;
            case JsonValueKind.Object:
                to.Append("{}");
                break;
            case JsonValueKind.Array:
                to.Append("[]");
                break;
            case JsonValueKind.True:
                to.Append("true");
                break;
            case JsonValueKind.False:
                to.Append("false");
                break;
            case JsonValueKind.Number:
                to.Append(Number(node));
                break;
            default:
                var text = node.GetValue<string>();
                if (text.Contains('\n', StringComparison.Ordinal) && IsLiteral(text))
                    WriteLiteral(to, text, indent);
                else
                    to.Append(Scalar(text));
                break;
        }
    }

    private static string Number(JsonNode node)
    {
        var text = node.ToJsonString();
        return long.TryParse(text, CultureInfo.InvariantCulture, out _) || ulong.TryParse(text, CultureInfo.InvariantCulture, out _)
            ? text
            : GoValues.Float(double.Parse(text, CultureInfo.InvariantCulture), 21);
    }

    // A block keeps every line as it is. Text that begins with a blank would need a sign for the indentation, which old parsers
    // read differently, and blanks in front of a line break are lost in editors; both go into quotes.
    private static bool IsLiteral(string text) =>
        text[0] is not (' ' or '\t' or '\n')
        && !text.Any(c => (char.IsControl(c) && c is not ('\n' or '\t')) || c is '\u2028' or '\u2029' or '\uFEFF')
        && IsWellFormed(text);

    private static void WriteLiteral(StringBuilder to, string text, int indent)
    {
        // At the top a block must be indented all the same.
        indent = Math.Max(indent, 2);
        var breaks = text.Length - text.TrimEnd('\n').Length;
        to.Append(breaks switch { 0 => "|-", 1 => "|", _ => "|+" }).Append('\n');
        var lines = text.Split('\n');
        var count = breaks == 0 ? lines.Length : lines.Length - 1;
        for (var i = 0; i < count; i++)
            to.Append(' ', lines[i].Length > 0 ? indent : 0).Append(lines[i]).Append('\n');
    }

    private static bool IsPlain(string text) =>
        !(Indicators.Contains(text[0], StringComparison.Ordinal) && !(text[0] is '-' or '?' or ':' && text.Length > 1 && text[1] is not (' ' or ',' or '[' or ']' or '{' or '}')))
        && text[0] != ' ' && text[^1] is not (' ' or ':')
        && !text.Contains(": ", StringComparison.Ordinal) && !text.Contains(" #", StringComparison.Ordinal)
        && !text.StartsWith("---", StringComparison.Ordinal) && !text.StartsWith("...", StringComparison.Ordinal);

    private static bool IsWellFormed(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
                continue;
            if (i + 1 >= text.Length || !char.IsSurrogatePair(text[i], text[i + 1]))
                return false;
            i++;
        }

        return true;
    }

    private static string Escaped(string text)
    {
        var result = new StringBuilder("\"");
        foreach (var rune in text.EnumerateRunes())
        {
            result.Append(rune.Value switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\t' => "\\t",
                '\r' => "\\r",
                < 32 or (>= 127 and < 160) => string.Create(CultureInfo.InvariantCulture, $"\\x{rune.Value:X2}"),
                0x2028 or 0x2029 or 0xFEFF => string.Create(CultureInfo.InvariantCulture, $"\\u{rune.Value:X4}"),
                _ => rune.ToString(),
            });
        }

        return result.Append('"').ToString();
    }

    private static void NewLine(StringBuilder to, int indent)
    {
        End(to);
        to.Append(' ', indent);
    }

    private static void End(StringBuilder to)
    {
        // Behind a block that keeps its breaks the line is ended by the block itself.
        if (to.Length > 0 && to[^1] != '\n')
            to.Append('\n');
    }
}
