using Sealer.Clusterfiles.Documents;
using Sealer.Hosts;

namespace Sealer.Planning;

/// <summary>
/// What a Clusterfile says for <c>/etc/hosts</c>: lines with sealer's mark and the cluster's name (<see cref="HostsLine"/>), so that
/// other clusters' lines, those given by hand and a user's own stay. What is there counts, not what was written once.
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
        var ours = Of(aliases).Select(line => $"{line} {HostsLine.Mark} {cluster}").ToList();
        var lines = HostsLine.Of(text);
        var others = lines.Where(line => line.Cluster != cluster).ToList();
        // Where all of them stand already and nothing contradicts, the file is left as it is, wherever in it they are.
        var there = lines.Where(line => line.Cluster == cluster).Select(line => line.Text.TrimEnd());
        if (there.Order(StringComparer.Ordinal).SequenceEqual(ours.Order(StringComparer.Ordinal)) && others.All(line => Without(line, aliases, said: false) == line.Text))
            return text;
        // What was given by hand, and is in the Clusterfile since, need not stand there twice.
        return string.Concat(others.Select(line => Without(line, aliases, said: line is { IsClusters: true, Cluster: null })).OfType<string>().Concat(ours).Select(line => line + "\n"));
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

    // The line without names that are ours with another address, or with any; null where nothing is left of it.
    private static string? Without(HostsLine line, IReadOnlyList<HostAlias> aliases, bool said) => line.Address is not { } address
        ? line.Text
        : line.Without([.. aliases.Where(alias => alias.Address.AddressFamily == address.AddressFamily && (said || !alias.Address.Equals(address))).SelectMany(alias => alias.HostNames)]);
}
