namespace Sealer.Clusterfiles.Reading;

/// <summary>How messages speak of words of the file.</summary>
internal static class Quoting
{
    private const int MaxShown = 80;
    private const int MaxCompared = 64;

    /// <summary>The word in quotes, on one line and not longer than a message may be.</summary>
    public static string Quote(string word)
    {
        var shown = word.Length > MaxShown ? word[..MaxShown] + "..." : word;
        return $"'{shown.ReplaceLineEndings(" ").Replace('\t', ' ')}'";
    }

    /// <summary><c>; did you mean 'X'?</c> or nothing. Words of a length that nobody mistypes are not compared at all.</summary>
    public static string DidYouMean(string word, IEnumerable<string> candidates) =>
        word.Length is 0 or > MaxCompared ? "" : Spelling.DidYouMean(word, candidates.Where(c => c.Length <= MaxCompared).Take(200));
}
