using System.Globalization;

namespace Sealer.Clusterfiles.Templates;

/// <summary>Numbers as Go writes them: decimal, 0x, 0b, 0o, octal with a leading zero, with _ between digits.</summary>
internal static class GoNumber
{
    /// <summary>A long or a double; null where the text is neither.</summary>
    public static object? Parse(string written)
    {
        var text = written.Replace("_", "", StringComparison.Ordinal);
        var isNegative = text[0] == '-';
        var digits = text.TrimStart('+', '-');
        var (radix, body) = digits.ToLowerInvariant() switch
        {
            ['0', 'x', ..] => (16, digits[2..]),
            ['0', 'b', ..] => (2, digits[2..]),
            ['0', 'o', ..] => (8, digits[2..]),
            ['0', >= '0' and <= '9', ..] when digits.All(char.IsAsciiDigit) => (8, digits[1..]),
            _ => (10, digits),
        };
        if (radix == 10)
        {
            if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var integer))
                return integer;
            if (double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var real)
                && double.IsFinite(real))
            {
                return real;
            }
        }
        else if (body.Length is > 0 and < 64 && body.All(c => char.IsAsciiHexDigit(c) && Convert.ToInt32(c.ToString(), 16) < radix))
        {
            var value = body.Aggregate(default(UInt128), (sum, c) => (sum * (uint)radix) + (uint)Convert.ToInt32(c.ToString(), 16));
            if (value <= long.MaxValue)
                return isNegative ? -(long)value : (long)value;
        }

        return null;
    }
}
