using System.Text;

namespace Sealer.PowerShell;

/// <summary>What images say of themselves as the module's tables show it.</summary>
public static class ShownText
{
    /// <summary>The text on one line, without what a terminal, a reader or an agent of a pipeline would take for more than text.</summary>
    /// <param name="text">Any text; null is nothing.</param>
    public static string Of(string? text) => PlainText.Of(text ?? "").Replace('\n', ' ').Replace('\t', ' ');

    /// <summary>As above, on one line of so many characters: what is longer is cut, and ends with dots.</summary>
    /// <param name="text">Any text; null is nothing.</param>
    /// <param name="width">Characters, the dots among them.</param>
    public static string Cut(string? text, int width)
    {
        var shown = Of(text);
        return shown.Length <= width ? shown : shown[..(width - 3)].TrimEnd() + "...";
    }

    /// <summary>As above, in lines that end between words, where a table would end them anywhere.</summary>
    /// <param name="text">Any text; null is nothing.</param>
    /// <param name="width">Characters in a line. A longer word begins on a line of its own, and is broken.</param>
    public static string Of(string? text, int width)
    {
        var lines = new StringBuilder();
        var length = 0;
        foreach (var word in Of(text).Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (length > 0)
            {
                var fits = length + 1 + word.Length <= width;
                lines.Append(fits ? ' ' : '\n');
                length = fits ? length + 1 : 0;
            }

            var rest = word;
            for (; rest.Length > width; rest = rest[width..])
                lines.Append(rest.AsSpan(0, width)).Append('\n');
            lines.Append(rest);
            length += rest.Length;
        }

        return lines.ToString();
    }
}
