namespace Sealer.Runner;

/// <summary>How many columns of a terminal a text takes: Chinese, Japanese and Korean characters take two.</summary>
internal static class CellWidth
{
    public static int Of(char character) => IsWide(character) ? 2 : 1;

    public static int Of(ReadOnlySpan<char> text)
    {
        var cells = 0;
        foreach (var character in text)
            cells += Of(character);
        return cells;
    }

    /// <summary>The beginning of a text that fits.</summary>
    public static string Cut(string text, int cells)
    {
        var taken = 0;
        for (var i = 0; i < text.Length; i++)
        {
            taken += Of(text[i]);
            if (taken > cells)
                return text[..i];
        }

        return text;
    }

    // The ranges that PowerShell's own host takes, from Unicode's EastAsianWidth; a pair of surrogates takes two as it is.
    private static bool IsWide(char c) => c is
        (>= '\u1100' and <= '\u115f') or '\u2329' or '\u232a' or (>= '\u2e80' and <= '\ua4cf' and not '\u303f')
        or (>= '\uac00' and <= '\ud7a3') or (>= '\uf900' and <= '\ufaff') or (>= '\ufe10' and <= '\ufe19')
        or (>= '\ufe30' and <= '\ufe6f') or (>= '\uff00' and <= '\uff60') or (>= '\uffe0' and <= '\uffe6');
}
