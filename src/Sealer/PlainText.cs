using System.Text;

namespace Sealer;

/// <summary>
/// Makes text harmless to whoever prints it. Messages quote what strangers wrote (a registry, a chart, a list of images),
/// and a terminal obeys escape sequences, a reader is misled by reversed text, and an agent of Azure Pipelines carries out
/// <c>##vso[...]</c> wherever it stands in a line.
/// </summary>
public static class PlainText
{
    private const string AgentCommand = "##";

    /// <summary>The text with line breaks and tabs kept, other control characters replaced, and commands to agents broken.</summary>
    public static string Of(string text)
    {
        // A line break of Windows is one; alone the first half of it takes a terminal back over what it has written.
        text = text.Replace("\r\n", "\n", StringComparison.Ordinal);
        if (!text.Any(IsHarmful) && !text.Contains(AgentCommand, StringComparison.Ordinal))
            return text;
        var plain = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            if (c == '#' && plain.Length > 0 && plain[^1] == '#')
                plain.Append(' ');
            plain.Append(IsHarmful(c) ? '?' : c);
        }

        return plain.ToString();
    }

    private static bool IsHarmful(char c) => c is not ('\n' or '\t')
        && (char.IsControl(c)
            || c is '\u061C' or '\u200E' or '\u200F' or (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069'));
}
