using System.Globalization;
using System.Text;

namespace Sealer.Clusterfiles.Templates;

/// <summary>Go's printf, for text, numbers and truth values.</summary>
internal static class GoFormat
{
    private const int MaxWidth = 1_000;

    public static string Format(string format, IReadOnlyList<object?> values)
    {
        var result = new StringBuilder();
        var next = 0;
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%')
            {
                result.Append(format[i]);
                continue;
            }

            var (leftAligned, plus, zero, alternative) = (false, false, false, false);
            for (i++; i < format.Length && format[i] is '-' or '+' or '0' or '#' or ' '; i++)
            {
                leftAligned |= format[i] == '-';
                plus |= format[i] == '+';
                zero |= format[i] == '0';
                alternative |= format[i] == '#';
            }

            var width = Number(format, ref i);
            int? precision = null;
            if (i < format.Length && format[i] == '.')
            {
                i++;
                precision = Number(format, ref i);
            }

            if (i >= format.Length)
                throw new FunctionError("the format ends in the middle of a '%'");
            if (format[i] == '%')
            {
                result.Append('%');
                continue;
            }

            if (next >= values.Count)
                throw new FunctionError($"there is no argument for '%{format[i]}'");
            var text = One(format[i], values[next++], plus, alternative, precision);
            var pad = Math.Max(0, width - text.EnumerateRunes().Count());
            if (leftAligned)
                result.Append(text).Append(' ', pad);
            else if (zero && values[next - 1] is long or double && text.Length > 0 && text[0] is '-' or '+')
                result.Append(text[0]).Append('0', pad).Append(text, 1, text.Length - 1);
            else
                result.Append(zero && values[next - 1] is long or double ? '0' : ' ', pad).Append(text);
        }

        return next == values.Count ? result.ToString() : throw new FunctionError($"there are {values.Count} arguments, and the format uses {next}");
    }

    private static int Number(string format, ref int at)
    {
        var start = at;
        while (at < format.Length && char.IsAsciiDigit(format[at]))
            at++;
        if (at == start)
            return 0;
        return int.TryParse(format.AsSpan(start, at - start), CultureInfo.InvariantCulture, out var number) && number <= MaxWidth
            ? number
            : throw new FunctionError($"a width may be {MaxWidth} at most");
    }

    private static string One(char verb, object? value, bool plus, bool alternative, int? precision) => (verb, value) switch
    {
        ('v' or 's', string text) => precision is { } length && length < text.Length ? string.Concat(text.EnumerateRunes().Take(length)) : text,
        ('v', _) => Text(value),
        ('d', long number) => (plus && number >= 0 ? "+" : "") + number.ToString(CultureInfo.InvariantCulture),
        ('x', long number) => Sign(number) + (alternative ? "0x" : "") + Size(number).ToString("x", CultureInfo.InvariantCulture),
        ('X', long number) => Sign(number) + (alternative ? "0X" : "") + Size(number).ToString("X", CultureInfo.InvariantCulture),
        ('o', long number) => Sign(number) + (alternative ? "0" : "") + Convert.ToString(unchecked((long)Size(number)), 8),
        ('b', long number) => Sign(number) + (alternative ? "0b" : "") + Convert.ToString(unchecked((long)Size(number)), 2),
        ('c', long number) when Rune.IsValid((int)number) => new Rune((int)number).ToString(),
        ('x', string text) => Convert.ToHexString(Encoding.UTF8.GetBytes(text)).ToLowerInvariant(),
        ('q', string text) => GoValues.Quote(text),
        ('t', bool truth) => truth ? "true" : "false",
        ('f' or 'F', double number) => (plus && number >= 0 ? "+" : "") + number.ToString("F" + (precision ?? 6).ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture),
        ('g', double number) when precision is null => GoValues.Float(number, 6),
        _ => throw new FunctionError($"'%{verb}' does not print {GoValues.KindOf(value)}"),
    };

    private static string Sign(long number) => number < 0 ? "-" : "";

    // The smallest of all has no positive of its own.
    private static ulong Size(long number) => unchecked((ulong)(number < 0 ? -number : number));

    private static string Text(object? value)
    {
        var result = new StringBuilder();
        GoValues.Append(result, value);
        return result.ToString();
    }
}
