using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Sealer.Clusterfiles.Writing;

namespace Sealer.Clusterfiles.Templates;

/// <summary>
/// The functions of templates: Go's own, sealer's b64enc and b64dec, and those of helm's that people miss most. and and or
/// are the evaluator's, since they do not look at all of their arguments.
/// </summary>
internal static class TemplateFunctions
{
    private const int MaxIndent = 1_000;

    /// <summary>Characters that a value may have.</summary>
    private const int MaxText = 16 * 1024 * 1024;
    private const int Many = int.MaxValue;

    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 1_000 };

    /// <summary>By name: how many arguments at least and at most, and what is done.</summary>
    private static readonly Dictionary<string, (int Min, int Max, Func<Arguments, object?> Call)> ByName = new(StringComparer.Ordinal)
    {
        ["not"] = (1, 1, a => !GoValues.IsTrue(a[0])),
        ["eq"] = (2, Many, a => a.All.Skip(1).Any(value => GoComparison.AreEqual(a[0], value))),
        ["ne"] = (2, 2, a => !GoComparison.AreEqual(a[0], a[1])),
        ["lt"] = (2, 2, a => GoComparison.IsLess(a[0], a[1])),
        ["le"] = (2, 2, a => GoComparison.IsLess(a[0], a[1]) || GoComparison.AreEqual(a[0], a[1])),
        ["gt"] = (2, 2, a => GoComparison.IsLess(a[1], a[0])),
        ["ge"] = (2, 2, a => GoComparison.IsLess(a[1], a[0]) || GoComparison.AreEqual(a[0], a[1])),
        ["len"] = (1, 1, Length),
        ["index"] = (1, Many, Index),
        ["slice"] = (1, 4, Slice),
        ["call"] = (1, Many, a => throw new FunctionError($"{GoValues.KindOf(a[0])} is no function; variables never are")),
        ["js"] = (0, Many, a => Script(Sprint(a.All))),
        ["print"] = (0, Many, a => Sprint(a.All)),
        ["println"] = (0, Many, a => string.Join(' ', a.All.Select(PrintInside)) + "\n"),
        ["printf"] = (1, Many, a => GoFormat.Format(a.Text(0), [.. a.All.Skip(1)])),
        ["html"] = (0, Many, a => Html(Sprint(a.All))),
        ["urlquery"] = (0, Many, a => WebUtility.UrlEncode(Sprint(a.All))!.Replace("!", "%21", StringComparison.Ordinal).Replace("(", "%28", StringComparison.Ordinal).Replace(")", "%29", StringComparison.Ordinal).Replace("*", "%2A", StringComparison.Ordinal).Replace("%7E", "~", StringComparison.Ordinal)),
        ["b64enc"] = (1, 1, a => Convert.ToBase64String(Encoding.UTF8.GetBytes(a.Text(0)))),
        ["b64dec"] = (1, 1, a => FromBase64(a.Text(0))),
        ["default"] = (1, 2, a => a.Count == 2 && GoValues.IsTrue(a[1]) ? a[1] : a[0]),
        ["empty"] = (1, 1, a => !GoValues.IsTrue(a[0])),
        ["coalesce"] = (0, Many, a => a.All.FirstOrDefault(GoValues.IsTrue)),
        ["ternary"] = (3, 3, a => a[2] is bool truth ? truth ? a[0] : a[1] : throw new FunctionError("argument 3 must be a truth value")),
        ["required"] = (2, 2, a => a[1] is null or "" ? throw new FunctionError(a.Text(0)) : a[1]),
        ["quote"] = (0, Many, a => string.Join(' ', a.All.Where(value => value is not null).Select(value => GoValues.Quote(PrintInside(value))))),
        ["squote"] = (0, Many, a => string.Join(' ', a.All.Where(value => value is not null).Select(value => $"'{PrintInside(value)}'"))),
        ["indent"] = (2, 2, a => Indent(a.Amount(0, MaxIndent), a.Text(1))),
        ["nindent"] = (2, 2, a => "\n" + Indent(a.Amount(0, MaxIndent), a.Text(1))),
        ["lower"] = (1, 1, a => a.Text(0).ToLowerInvariant()),
        ["upper"] = (1, 1, a => a.Text(0).ToUpperInvariant()),
        ["trim"] = (1, 1, a => a.Text(0).Trim()),
        ["trimPrefix"] = (2, 2, a => a.Text(1).StartsWith(a.Text(0), StringComparison.Ordinal) ? a.Text(1)[a.Text(0).Length..] : a.Text(1)),
        ["trimSuffix"] = (2, 2, a => a.Text(1).EndsWith(a.Text(0), StringComparison.Ordinal) ? a.Text(1)[..^a.Text(0).Length] : a.Text(1)),
        ["contains"] = (2, 2, a => a.Text(1).Contains(a.Text(0), StringComparison.Ordinal)),
        ["hasPrefix"] = (2, 2, a => a.Text(1).StartsWith(a.Text(0), StringComparison.Ordinal)),
        ["hasSuffix"] = (2, 2, a => a.Text(1).EndsWith(a.Text(0), StringComparison.Ordinal)),
        ["replace"] = (3, 3, a => Replace(a.Text(0), a.Text(1), a.Text(2))),
        // By nothing, into its characters.
        ["splitList"] = (2, 2, a => (a.Text(0).Length > 0 ? a.Text(1).Split(a.Text(0)) : a.Text(1).EnumerateRunes().Select(rune => rune.ToString())).Cast<object?>().ToList()),
        ["join"] = (2, 2, a => string.Join(a.Text(0), (a[1] as IReadOnlyList<object?> ?? [a[1]]).Where(value => value is not null).Select(PrintInside))),
        ["list"] = (0, Many, a => a.All.ToList()),
        ["toString"] = (1, 1, a => PrintInside(a[0])),
        ["int"] = (1, 1, ToInteger),
        ["toJson"] = (1, 1, a => GoValues.ToJson(a[0])?.ToJsonString(Json) ?? "null"),
        ["toYaml"] = (1, 1, a => YamlText.Of(GoValues.ToJson(a[0])).TrimEnd('\n')),
    };

    /// <summary>The names of all functions.</summary>
    public static IReadOnlyCollection<string> Names { get; } = [.. ByName.Keys, "and", "or"];

    /// <exception cref="FunctionError">The arguments are too few, too many, or of the wrong kind.</exception>
    public static object? Call(string name, IReadOnlyList<object?> values)
    {
        var (min, max, call) = ByName[name];
        if (values.Count < min || values.Count > max)
        {
            var wanted = min == max ? $"{min}" : max == Many ? $"at least {min}" : $"{min} to {max}";
            throw new FunctionError($"takes {wanted} argument{(wanted == "1" ? "" : "s")}, not {values.Count}");
        }

        return call(new Arguments(values));
    }

    private static string PrintInside(object? value)
    {
        var result = new StringBuilder();
        GoValues.Append(result, value);
        return result.ToString();
    }

    // Go puts a blank between two values of which neither is text.
    private static string Sprint(IReadOnlyList<object?> values)
    {
        var result = new StringBuilder();
        for (var i = 0; i < values.Count; i++)
        {
            if (i > 0 && values[i] is not string && values[i - 1] is not string)
                result.Append(' ');
            GoValues.Append(result, values[i]);
        }

        return result.ToString();
    }

    private static object? Length(Arguments a) => a[0] switch
    {
        string text => (long)Encoding.UTF8.GetByteCount(text),
        IReadOnlyDictionary<string, object?> map => (long)map.Count,
        IReadOnlyList<object?> list => (long)list.Count,
        _ => throw new FunctionError($"{GoValues.KindOf(a[0])} has no length"),
    };

    private static object? Index(Arguments a)
    {
        var value = a[0];
        foreach (var key in a.All.Skip(1))
        {
            switch (value)
            {
                case IReadOnlyDictionary<string, object?> map:
                    value = map.GetValueOrDefault(key as string ?? throw new FunctionError("the key of a map must be text"));
                    break;
                case IReadOnlyList<object?> list when key is long index:
                    value = index >= 0 && index < list.Count ? list[(int)index] : throw new FunctionError($"there is no item {index} in a list of {list.Count}");
                    break;
                case string text when key is long index:
                    var bytes = Encoding.UTF8.GetBytes(text);
                    value = index >= 0 && index < bytes.Length ? (long)bytes[index] : throw new FunctionError($"there is no byte {index} in text of {bytes.Length}");
                    break;
                case null:
                    throw new FunctionError("there is nothing to look into");
                default:
                    throw new FunctionError($"{GoValues.KindOf(value)} has no items");
            }
        }

        return value;
    }

    // Of text bytes, as in Go; half of a character is nothing that a file may get.
    private static object? Slice(Arguments a)
    {
        switch (a[0])
        {
            case string text:
                if (a.Count == 4)
                    throw new FunctionError("text takes two places at most");
                var bytes = Encoding.UTF8.GetBytes(text);
                var (first, end) = Places(a, bytes.Length);
                try
                {
                    return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes, first, end - first);
                }
                catch (ArgumentException)
                {
                    throw new FunctionError("the places cut a character in two; they count bytes");
                }

            case IReadOnlyList<object?> list:
                var (from, to) = Places(a, list.Count);
                return list.Skip(from).Take(to - from).ToList();
            default:
                throw new FunctionError($"{GoValues.KindOf(a[0])} has no items to take some of");
        }
    }

    private static (int First, int End) Places(Arguments a, int length)
    {
        var first = a.Count > 1 ? a.Amount(1, length) : 0;
        var end = a.Count > 2 ? a.Amount(2, length) : length;
        // The third is a list's capacity, which nobody here can see.
        if (a.Count > 3 && a.Amount(3, length) < end)
            throw new FunctionError($"{end} lies behind {a.Amount(3, length)}");
        return first <= end ? (first, end) : throw new FunctionError($"{first} lies behind {end}");
    }

    // .NET's own writes every letter beyond ASCII as a number.
    private static string Html(string text) => text
        .Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal)
        .Replace("\"", "&#34;", StringComparison.Ordinal).Replace("'", "&#39;", StringComparison.Ordinal).Replace('\0', '\uFFFD');

    private static string Script(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            switch (c)
            {
                case '\\' or '\'' or '"':
                    result.Append('\\').Append(c);
                    break;
                case '<' or '>' or '&' or '=' or < ' ' or '\u007f' or (>= '\u0080' and <= '\u00a0') or '\u00ad' or '\u2028' or '\u2029' or '\ufeff':
                    result.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:X4}");
                    break;
                default:
                    result.Append(c);
                    break;
            }
        }

        return result.ToString();
    }

    // sealer and helm print the error instead of the text; a broken secret in a file is found too late.
    private static string FromBase64(string text)
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(Convert.FromBase64String(text.Replace("\n", "", StringComparison.Ordinal)));
        }
        catch (Exception e) when (e is FormatException or ArgumentException)
        {
            throw new FunctionError("the argument is not base64 of text");
        }
    }

    private static string Replace(string what, string by, string text)
    {
        if (what.Length == 0)
            return text;
        var count = (text.Length - text.Replace(what, "", StringComparison.Ordinal).Length) / what.Length;
        if ((long)count * by.Length > MaxText)
            throw TooMuch();
        return text.Replace(what, by, StringComparison.Ordinal);
    }

    private static FunctionError TooMuch() => new($"makes more than {MaxText / 1024 / 1024} Mi characters");

    private static string Indent(int blanks, string text)
    {
        if (((long)text.AsSpan().Count('\n') * blanks) + text.Length > MaxText)
            throw TooMuch();
        var pad = new string(' ', blanks);
        return pad + text.Replace("\n", "\n" + pad, StringComparison.Ordinal);
    }

    private static object? ToInteger(Arguments a) => a[0] switch
    {
        long number => number,
        double number => (long)number,
        bool truth => truth ? 1L : 0L,
        string text when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) => number,
        _ => 0L,
    };
}
