using System.Text.RegularExpressions;

namespace Sealer.Images.ContainerImages.Scanning;

/// <summary>
/// Finds <c>image: name</c> line by line, as sealer does, in text that cannot be read as YAML, so that a mistake in a file
/// costs no image.
/// </summary>
internal static partial class LooseImageLines
{
    /// <summary>A key and its value.</summary>
    public readonly record struct Hit(string Key, string Value, bool IsPlain, int Line, int Column);

    public static IEnumerable<Hit> Find(string text, int firstLine)
    {
        var line = firstLine;
        for (var start = 0; start < text.Length; line++)
        {
            var end = text.IndexOf('\n', start);
            if (end < 0)
                end = text.Length;
            var content = text[start..end];
            if (!content.AsSpan().TrimStart().StartsWith("#"))
            {
                foreach (Match match in EntryPattern().Matches(content))
                {
                    var value = match.Groups["value"];
                    var isPlain = value.ValueSpan[0] is not ('"' or '\'');
                    var bare = isPlain ? value.Value : value.Value[1..^1];
                    yield return new Hit(match.Groups["key"].Value, bare, isPlain, line, value.Index + 1);
                }
            }

            start = end + 1;
        }
    }

    // No backtracking: a line may be megabytes long and hostile. The key begins after what may stand before one.
    [GeneratedRegex(
        @"(?:^|[\s{,""'-])(?<key>[A-Za-z0-9_.-]*[iI]mage)[""']?[ \t]*:[ \t]*(?<value>""[^""]+""|'[^']+'|[^\s""'#,{}\[\]|>&*!%@`][^\s,}\]""']*)",
        RegexOptions.NonBacktracking)]
    private static partial Regex EntryPattern();
}
