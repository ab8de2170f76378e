namespace Sealer.Hosts.Configuration;

/// <summary>Patterns of ssh_config(5) and of known_hosts: <c>*</c>, <c>?</c>, lists with <c>!</c>.</summary>
internal static class SshPattern
{
    /// <summary>True where the pattern covers all of the text. Time is bounded by the product of their lengths.</summary>
    public static bool Matches(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text)
    {
        var (p, t, star, mark) = (0, 0, -1, 0);
        while (t < text.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
                (star, mark) = (p++, t);
            else if (p < pattern.Length && (pattern[p] == '?' || pattern[p] == text[t]))
                (p, t) = (p + 1, t + 1);
            else if (star >= 0)
                (p, t) = (star + 1, ++mark);
            else
                return false;
        }

        while (p < pattern.Length && pattern[p] == '*')
            p++;
        return p == pattern.Length;
    }

    /// <summary>A list: one matches, and none that begins with <c>!</c> does.</summary>
    public static bool AnyMatches(IEnumerable<string> patterns, string text)
    {
        var matched = false;
        foreach (var pattern in patterns)
        {
            var negated = pattern.StartsWith('!');
            if (!Matches(negated ? pattern.AsSpan(1) : pattern, text))
                continue;
            if (negated)
                return false;
            matched = true;
        }

        return matched;
    }
}
