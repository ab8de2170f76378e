using System.Net;
using Sealer.Clusterfiles.Documents;
using Sealer.Hosts;

namespace Sealer.Planning;

/// <summary>
/// A cluster's lines in <c>/etc/hosts</c>. They end with sealer's mark and the cluster's name, so that sealer removes them too,
/// and other clusters' lines and a user's own stay. What is there counts, not what was written once.
/// </summary>
internal static class HostAliasLines
{
    /// <summary>The lines there shall be, without mark.</summary>
    public static IReadOnlyList<string> Of(IEnumerable<HostAlias> aliases) =>
        [.. aliases.Select(alias => $"{alias.Address} {string.Join(' ', alias.HostNames)}")];

    /// <summary>The file as it shall be: a name of ours stands for our address only, whatever was there of the same family.</summary>
    /// <param name="text">The file as it is.</param>
    /// <param name="cluster">The cluster's name.</param>
    /// <param name="aliases">Its lines.</param>
    public static string Apply(string text, string cluster, IReadOnlyList<HostAlias> aliases)
    {
        var end = $"{HostsFile.Mark} {cluster}";
        var ours = Of(aliases).Select(line => $"{line} {end}").ToList();
        var lines = text.Split('\n').ToList();
        var complete = lines[^1].Length == 0;
        if (complete)
            lines.RemoveAt(lines.Count - 1);
        // Where all of them stand already and nothing contradicts, the file is left as it is, wherever in it they are.
        var there = lines.Where(line => line.TrimEnd().EndsWith(end, StringComparison.Ordinal)).Select(line => line.TrimEnd()).ToList();
        var others = lines.Where(line => !line.TrimEnd().EndsWith(end, StringComparison.Ordinal)).Select(line => Without(line, aliases)).ToList();
        var same = there.Order(StringComparer.Ordinal).SequenceEqual(ours.Order(StringComparer.Ordinal));
        if (same && lines.All(line => Without(line, aliases) == line || line.TrimEnd().EndsWith(end, StringComparison.Ordinal)))
            return text;
        return string.Join('\n', others.OfType<string>().Concat(ours)) + "\n";
    }

    /// <summary>What differs, for people.</summary>
    public static string Difference(string before, string after)
    {
        var was = before.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0).ToHashSet(StringComparer.Ordinal);
        var shall = after.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0).ToHashSet(StringComparer.Ordinal);
        var missing = shall.Except(was, StringComparer.Ordinal).Select(Bare).ToList();
        var wrong = was.Except(shall, StringComparer.Ordinal).Select(Bare).ToList();
        return string.Join("; ", new[]
        {
            missing.Count > 0 ? $"missing: {Some(missing)}" : "",
            wrong.Count > 0 ? $"not wanted: {Some(wrong)}" : "",
        }.Where(part => part.Length > 0));
    }

    private static string Bare(string line) => line.Split('#')[0].Trim();

    private static string Some(List<string> lines) => string.Join(", ", lines.Take(3)) + (lines.Count > 3 ? ", ..." : "");

    // The line without names that are ours with another address; null where nothing is left of it.
    private static string? Without(string line, IReadOnlyList<HostAlias> aliases)
    {
        var words = line.Split('#')[0].Split([' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < 2 || !IPAddress.TryParse(words[0], out var address))
            return line;
        var foreign = aliases.Where(alias => alias.Address.AddressFamily == address.AddressFamily && !alias.Address.Equals(address))
            .SelectMany(alias => alias.HostNames).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var names = words.Skip(1).Where(name => !foreign.Contains(name)).ToList();
        if (names.Count == words.Length - 1)
            return line;
        var comment = line.IndexOf('#', StringComparison.Ordinal) is var at and >= 0 ? " " + line[at..] : "";
        return names.Count == 0 ? null : $"{words[0]} {string.Join(' ', names)}{comment}";
    }
}
