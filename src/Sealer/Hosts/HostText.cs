namespace Sealer.Hosts;

/// <summary>What hosts write, made harmless to show.</summary>
internal static class HostText
{
    /// <summary>
    /// As <see cref="PlainText.Of"/>, and commands to GitHub's runner (<c>::name::</c>, at the beginning of a line only)
    /// broken too. Line by line.
    /// </summary>
    public static string Shown(string text)
    {
        var plain = PlainText.Of(text.Replace("\r\n", "\n", StringComparison.Ordinal));
        if (!plain.Contains("::", StringComparison.Ordinal))
            return plain;
        return string.Join('\n', plain.Split('\n').Select(line =>
        {
            var start = line.Length - line.TrimStart().Length;
            return line.AsSpan(start).StartsWith("::", StringComparison.Ordinal) ? line.Insert(start + 1, " ") : line;
        }));
    }
}
