using System.Collections;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Sealer.Clusterfiles.Templates;

/// <summary>
/// Values as templates know them: null (also what is missing), text, bool, long, double, lists
/// (<see cref="IReadOnlyList{T}"/> of object) and maps (<see cref="IReadOnlyDictionary{TKey, TValue}"/> of text to object).
/// </summary>
internal static class GoValues
{
    public const string NoValue = "<no value>";

    private const int ItemWeight = 16;

    public static object? From(JsonNode? node) => node switch
    {
        null => null,
        JsonObject map => map.ToDictionary(pair => pair.Key, pair => From(pair.Value), StringComparer.Ordinal),
        JsonArray list => list.Select(From).ToList(),
        _ => node.GetValueKind() switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            JsonValueKind.String => node.GetValue<string>(),
            _ when long.TryParse(node.ToJsonString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var integer) => integer,
            _ => double.Parse(node.ToJsonString(), CultureInfo.InvariantCulture),
        },
    };

    public static JsonNode? ToJson(object? value) => value switch
    {
        null => null,
        string text => JsonValue.Create(text),
        bool truth => JsonValue.Create(truth),
        long number => JsonValue.Create(number),
        double number => JsonValue.Create(number),
        IReadOnlyDictionary<string, object?> map => new JsonObject(
            map.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => KeyValuePair.Create(pair.Key, ToJson(pair.Value)))),
        IReadOnlyList<object?> list => new JsonArray([.. list.Select(ToJson)]),
        _ => throw new InvalidOperationException(value.GetType().Name),
    };

    public static bool IsTrue(object? value) => value switch
    {
        null => false,
        bool truth => truth,
        string text => text.Length > 0,
        long number => number != 0,
        double number => number != 0,
        ICollection collection => collection.Count > 0,
        IReadOnlyCollection<object?> list => list.Count > 0,
        IReadOnlyDictionary<string, object?> map => map.Count > 0,
        _ => true,
    };

    /// <summary>
    /// Characters of a value, each item of a list counted as a few more, and a list that is in it twice counted twice; counting
    /// ends above a limit.
    /// </summary>
    /// <param name="value">The value.</param>
    /// <param name="limit">Where counting ends.</param>
    /// <param name="depth">How deep lists and maps lie in each other, as far as was counted.</param>
    public static long Weight(object? value, int limit, out int depth)
    {
        depth = 0;
        if (value is string or null)
            return (value as string)?.Length ?? 1;
        long sum = 0;
        var open = new Stack<(object? Value, int Depth)>([(value, 1)]);
        while (sum <= limit && open.TryPop(out var next))
        {
            depth = Math.Max(depth, next.Depth);
            sum += ItemWeight + ((next.Value as string)?.Length ?? 0);
            if (next.Value is IReadOnlyList<object?> list)
            {
                foreach (var item in list)
                    open.Push((item, next.Depth + 1));
            }
            else if (next.Value is IReadOnlyDictionary<string, object?> map)
            {
                foreach (var (key, item) in map)
                {
                    sum += key.Length;
                    open.Push((item, next.Depth + 1));
                }
            }
        }

        return sum;
    }

    /// <summary>What a value is called in messages.</summary>
    public static string KindOf(object? value) => value switch
    {
        null => "nothing",
        string => "text",
        bool => "a truth value",
        long => "a whole number",
        double => "a number",
        IReadOnlyDictionary<string, object?> => "a map",
        IReadOnlyList<object?> => "a list",
        _ => "a value",
    };

    /// <summary>A value as an action prints it (Go's %v).</summary>
    public static string Print(object? value)
    {
        if (value is null)
            return NoValue;
        var result = new StringBuilder();
        Append(result, value);
        return result.ToString();
    }

    public static void Append(StringBuilder to, object? value)
    {
        switch (value)
        {
            case null:
                to.Append("<nil>");
                break;
            case string text:
                to.Append(text);
                break;
            case bool truth:
                to.Append(truth ? "true" : "false");
                break;
            case long number:
                to.Append(CultureInfo.InvariantCulture, $"{number}");
                break;
            case double number:
                to.Append(Float(number, 6));
                break;
            case IReadOnlyDictionary<string, object?> map:
                to.Append("map[");
                var isFirst = true;
                foreach (var (key, item) in map.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                {
                    to.Append(isFirst ? "" : " ").Append(key).Append(':');
                    Append(to, item);
                    isFirst = false;
                }

                to.Append(']');
                break;
            case IReadOnlyList<object?> list:
                to.Append('[');
                for (var i = 0; i < list.Count; i++)
                {
                    to.Append(i == 0 ? "" : " ");
                    Append(to, list[i]);
                }

                to.Append(']');
                break;
        }
    }

    /// <summary>A number in Go's shortest form: with an exponent below 1e-4 and from 1eN on.</summary>
    public static string Float(double number, int exponentFrom)
    {
        if (double.IsNaN(number))
            return "NaN";
        if (double.IsInfinity(number))
            return (number > 0 ? "+" : "-") + "Inf";
        if (number == 0)
            return double.IsNegative(number) ? "-0" : "0";
        var (digits, exponent) = Digits(number);
        var sign = number < 0 ? "-" : "";
        if (exponent < -4 || exponent >= exponentFrom)
        {
            var mantissa = digits.Length == 1 ? digits : digits[..1] + "." + digits[1..];
            return string.Create(CultureInfo.InvariantCulture, $"{sign}{mantissa}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}");
        }

        if (exponent < 0)
            return sign + "0." + new string('0', -exponent - 1) + digits;
        return digits.Length <= exponent + 1
            ? sign + digits.PadRight(exponent + 1, '0')
            : sign + digits[..(exponent + 1)] + "." + digits[(exponent + 1)..];
    }

    /// <summary>The fewest digits that read back the same, and the power of ten of the first.</summary>
    private static (string Digits, int Exponent) Digits(double number)
    {
        var text = Math.Abs(number).ToString("R", CultureInfo.InvariantCulture);
        var e = text.IndexOf('E', StringComparison.Ordinal);
        var mantissa = e < 0 ? text : text[..e];
        var power = e < 0 ? 0 : int.Parse(text[(e + 1)..], CultureInfo.InvariantCulture);
        var dot = mantissa.IndexOf('.', StringComparison.Ordinal);
        var whole = dot < 0 ? mantissa : mantissa[..dot];
        var all = dot < 0 ? mantissa : mantissa[..dot] + mantissa[(dot + 1)..];
        var leading = all.Length - all.TrimStart('0').Length;
        return (all.Trim('0'), whole.Length - 1 - leading + power);
    }

    /// <summary>Text in quotes with Go's escapes (%q).</summary>
    public static string Quote(string text)
    {
        var result = new StringBuilder("\"");
        foreach (var rune in text.EnumerateRunes())
        {
            switch (rune.Value)
            {
                case '"':
                    result.Append("\\\"");
                    break;
                case '\\':
                    result.Append("\\\\");
                    break;
                case >= 7 and <= 13:
                    result.Append('\\').Append("abtnvfr"[rune.Value - 7]);
                    break;
                case < 32 or 127:
                    result.Append(CultureInfo.InvariantCulture, $"\\x{rune.Value:x2}");
                    break;
                default:
                    if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
                        or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
                        || (rune.Value != ' ' && Rune.GetUnicodeCategory(rune) == UnicodeCategory.SpaceSeparator))
                    {
                        result.Append(rune.Value > 0xFFFF ? "\\U" : "\\u").Append(rune.Value.ToString(rune.Value > 0xFFFF ? "x8" : "x4", CultureInfo.InvariantCulture));
                    }
                    else
                    {
                        result.Append(rune.ToString());
                    }

                    break;
            }
        }

        return result.Append('"').ToString();
    }
}
