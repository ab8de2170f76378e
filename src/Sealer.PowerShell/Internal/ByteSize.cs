using System.Globalization;
using System.Text.RegularExpressions;

namespace Sealer.PowerShell;

/// <summary>Sizes as users write and read them. KB, MB and GB are powers of 1024, as in PowerShell itself.</summary>
public static partial class ByteSize
{
    private const string Units = "KMGTP";

    /// <summary>Three significant digits and a unit, for example <c>1.46 GiB</c>.</summary>
    /// <param name="bytes">Bytes.</param>
    public static string Format(long bytes)
    {
        if (bytes < 1024)
            return string.Create(CultureInfo.InvariantCulture, $"{bytes} B");
        double value = bytes;
        var unit = -1;
        while (value >= 999.5 && unit < Units.Length - 1)
        {
            value /= 1024;
            unit++;
        }

        var digits = value < 9.995 ? "0.00" : value < 99.95 ? "0.0" : "0";
        return $"{value.ToString(digits, CultureInfo.InvariantCulture)} {Units[unit]}iB";
    }

    /// <summary>Reads <c>650MB</c>, <c>4 GiB</c>, <c>1.5t</c> or a plain number of bytes.</summary>
    /// <exception cref="FormatException">Not of that form, or too large.</exception>
    public static long Parse(string text)
    {
        var match = Pattern().Match(text);
        if (!match.Success)
            throw new FormatException($"'{text}' is not a size. Write a number and a unit, for example 650MB or 4GiB.");
        var value = decimal.Parse(match.Groups["number"].ValueSpan, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture);
        var unit = match.Groups["unit"].Value;
        for (var i = unit.Length == 0 ? -1 : Units.IndexOf(char.ToUpperInvariant(unit[0])); i >= 0 && value <= long.MaxValue; i--)
            value *= 1024;
        return value <= long.MaxValue
            ? (long)value
            : throw new FormatException($"'{text}' is more bytes than can be counted.");
    }

    [GeneratedRegex(@"^\s*(?<number>[0-9]{1,15}(\.[0-9]{1,9})?)\s*((?<unit>[KMGTP])i?B?|B)?\s*\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();
}
