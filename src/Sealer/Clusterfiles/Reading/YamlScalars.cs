using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Sealer.Yaml;

namespace Sealer.Clusterfiles.Reading;

/// <summary>What unquoted text is to YAML 1.1 as sealer and Kubernetes read it (go-yaml 2).</summary>
internal static partial class YamlScalars
{
    /// <summary>Null, a truth value, a number or text.</summary>
    public static JsonNode? ToJson(YamlScalar scalar)
    {
        if (!scalar.IsPlain)
            return JsonValue.Create(scalar.Value);
        return scalar.IsNull ? null : Resolve(scalar.Value);
    }

    /// <summary>The text that sealer makes of unquoted text where it wants text: 0123 becomes 83, yes becomes true.</summary>
    public static string AsSealerReads(YamlScalar scalar) =>
        scalar.IsPlain && !scalar.IsNull ? Resolve(scalar.Value).ToString() : scalar.Value;

    /// <summary>True where text must be quoted to stay text.</summary>
    public static bool IsAmbiguous(string text) =>
        text is "" or "~" or "null" or "Null" or "NULL" or "<<" or "=" || Resolve(text).GetValueKind() != System.Text.Json.JsonValueKind.String
        || DateLike().IsMatch(text) || Sexagesimal().IsMatch(text);

    private static JsonNode Resolve(string text) => text switch
    {
        "y" or "Y" or "yes" or "Yes" or "YES" or "on" or "On" or "ON" or "true" or "True" or "TRUE" => JsonValue.Create(true),
        "n" or "N" or "no" or "No" or "NO" or "off" or "Off" or "OFF" or "false" or "False" or "FALSE" => JsonValue.Create(false),
        _ => (JsonNode?)Number(text) ?? JsonValue.Create(text),
    };

    private static JsonValue? Number(string text)
    {
        if (text.Length is 0 or > 64 || !(char.IsAsciiDigit(text[0]) || text[0] is '+' or '-' or '.'))
            return null;
        if (text is ".inf" or ".Inf" or ".INF" or "+.inf" or "-.inf" or ".nan" or ".NaN" or ".NAN")
            return null;
        var plain = text.Replace("_", "", StringComparison.Ordinal);
        if (Integer(plain) is { } integer)
            return integer;
        return Float().IsMatch(plain) && double.TryParse(plain, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? JsonValue.Create(number)
            : null;
    }

    private static JsonValue? Integer(string text)
    {
        var isNegative = text[0] == '-';
        var digits = text.TrimStart('+', '-');
        if (digits.Length == 0 || text.Length - digits.Length > 1 || !char.IsAsciiDigit(digits[0]))
            return null;
        var (radix, body) = digits switch
        {
            ['0', 'x' or 'X', ..] => (16, digits[2..]),
            ['0', 'b' or 'B', ..] => (2, digits[2..]),
            ['0', 'o' or 'O', ..] => (8, digits[2..]),
            ['0', _, ..] => (8, digits[1..]),
            _ => (10, digits),
        };
        ulong value = 0;
        if (body.Length == 0)
            return null;
        foreach (var c in body)
        {
            if (!char.IsAsciiHexDigit(c) || Convert.ToInt32(c.ToString(), 16) is var digit && digit >= radix)
                return null;
            var next = (UInt128)value * (uint)radix + (uint)digit;
            if (next > ulong.MaxValue)
                return null;
            value = (ulong)next;
        }

        if (!isNegative)
            return value <= long.MaxValue ? JsonValue.Create((long)value) : JsonValue.Create(value);
        return value <= (ulong)long.MaxValue + 1 ? JsonValue.Create(unchecked(-(long)value)) : null;
    }

    [GeneratedRegex(@"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\z")]
    private static partial Regex Float();

    [GeneratedRegex(@"^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}")]
    private static partial Regex DateLike();

    [GeneratedRegex(@"^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?\z")]
    private static partial Regex Sexagesimal();
}
