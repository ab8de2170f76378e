using System.Text.Json;

namespace Sealer.Kubefiles.Syntax;

/// <summary>Cuts text into words.</summary>
internal static class Words
{
    /// <summary>At blanks and nothing else: COPY, ADD, FROM, which know no quotes at this point.</summary>
    public static List<SourceText> AtBlanks(SourceText text) => Cut(text, static (value, start) =>
    {
        while (start < value.Length && !char.IsWhiteSpace(value[start]))
            start++;
        return start;
    });

    /// <summary>At blanks outside quotes; quotes and escapes stay in the words: ENV, LABEL, ARG, APP and so on.</summary>
    public static List<SourceText> Quoted(SourceText text, char escape) => Cut(text, (value, start) => EndOfWord(value, start, escape));

    /// <summary>Where the word that begins at <paramref name="start"/> ends.</summary>
    public static int EndOfWord(string value, int start, char escape)
    {
        var quote = '\0';
        var i = start;
        for (; i < value.Length; i++)
        {
            var c = value[i];
            if (quote == '\0' && char.IsWhiteSpace(c))
                break;
            if (c == escape && quote != '\'' && i + 1 < value.Length)
                i++;
            else if (quote == '\0' && c is '\'' or '"')
                quote = c;
            else if (c == quote)
                quote = '\0';
        }

        return i;
    }

    /// <summary>
    /// Reads the JSON form. Returns null where the text is not a JSON array at all; that is then shell text or words, as
    /// Docker has it (<c>RUN [ -f x ] &amp;&amp; y</c>, <c>COPY [ab]* d/</c>).
    /// </summary>
    /// <param name="text">The body of a statement.</param>
    /// <param name="onlyStrings">False where the array holds something else than strings.</param>
    public static List<string>? Json(string text, out bool onlyStrings)
    {
        onlyStrings = true;
        if (!text.StartsWith('['))
            return null;
        try
        {
            using var document = JsonDocument.Parse(text);
            var words = new List<string>();
            foreach (var element in document.RootElement.EnumerateArray())
            {
                if (element.ValueKind == JsonValueKind.String)
                    words.Add(element.GetString() ?? "");
                else
                    onlyStrings = false;
            }

            return words;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            // A lone surrogate in an escape is the InvalidOperationException, one in the text the ArgumentException.
            return null;
        }
    }

    private static List<SourceText> Cut(SourceText text, Func<string, int, int> endOfWord)
    {
        var words = new List<SourceText>();
        var value = text.Value;
        for (var i = 0; i < value.Length;)
        {
            if (char.IsWhiteSpace(value[i]))
            {
                i++;
                continue;
            }

            var start = i;
            i = endOfWord(value, i);
            words.Add(text.Slice(start, i - start));
        }

        return words;
    }
}
