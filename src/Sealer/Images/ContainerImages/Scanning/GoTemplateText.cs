namespace Sealer.Images.ContainerImages.Scanning;

/// <summary>
/// Makes a Go template readable as YAML without running it: every <c>{{ action }}</c> becomes a filler of the same length, so
/// that lines and columns stay, and a line of nothing but actions becomes blank.
/// </summary>
internal static class GoTemplateText
{
    /// <summary>What stands for a character of an action: of Unicode's private area, legal in YAML and in no image name.</summary>
    public const char Filler = '\uE000';

    /// <summary>True where the text has an action.</summary>
    public static bool HasActions(string text) => text.Contains("{{", StringComparison.Ordinal);

    /// <summary>The text with its actions neutralised.</summary>
    public static string Neutralise(string text)
    {
        var result = text.ToCharArray();
        for (var i = text.IndexOf("{{", StringComparison.Ordinal); i >= 0;)
        {
            var end = EndOfAction(text, i + 2);
            if (end < 0)
                break;
            for (var k = i; k < end; k++)
            {
                if (result[k] is not ('\n' or '\r'))
                    result[k] = Filler;
            }

            i = text.IndexOf("{{", end, StringComparison.Ordinal);
        }

        BlankLinesOfActions(result);
        return new string(result);
    }

    /// <summary>The index after the closing braces; strings and comments in the action may hold braces. -1: it has no end.</summary>
    private static int EndOfAction(string text, int at)
    {
        var rest = text.AsSpan(at).TrimStart("- \t\r\n");
        if (rest.StartsWith("/*"))
        {
            var comment = text.IndexOf("*/", at, StringComparison.Ordinal);
            var close = comment < 0 ? -1 : text.IndexOf("}}", comment, StringComparison.Ordinal);
            return close < 0 ? -1 : close + 2;
        }

        for (var i = at; i < text.Length - 1; i++)
        {
            var c = text[i];
            if (c == '}' && text[i + 1] == '}')
                return i + 2;
            if (c is not ('"' or '`' or '\''))
                continue;
            var close = i + 1;
            while (close < text.Length && text[close] != c && (c == '`' || text[close] != '\n'))
                close += text[close] == '\\' && c != '`' ? 2 : 1;
            if (close >= text.Length)
                return -1;
            i = close;
        }

        return -1;
    }

    private static void BlankLinesOfActions(char[] text)
    {
        for (var start = 0; start < text.Length;)
        {
            var end = Array.IndexOf(text, '\n', start);
            if (end < 0)
                end = text.Length;
            var line = text.AsSpan(start, end - start);
            if (line.Contains(Filler) && line.Trim(" \t\r\uE000").IsEmpty)
                line.Trim('\r').Fill(' ');
            start = end + 1;
        }
    }
}
