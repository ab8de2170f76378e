using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Sealer.Clusterfiles.Documents;
using Sealer.Yaml;

namespace Sealer.Clusterfiles;

/// <summary>Hosts that come into a Clusterfile, and hosts that leave it.</summary>
public static partial class ClusterfileEdit
{
    /// <summary>
    /// Adds hosts to <c>spec.hosts</c> and takes others out. Where the file is written so that this can be done line by line, all the
    /// rest of it stays as its author wrote it; otherwise it is written anew, and what was there is kept beside it.
    /// </summary>
    /// <param name="path">The Clusterfile.</param>
    /// <param name="added">Hosts that come; those that stand there already are left as they are.</param>
    /// <param name="removed">Hosts that go.</param>
    /// <returns>Path of the copy of what was there; null where nothing of it is lost.</returns>
    /// <exception cref="SealerException"><c>InvalidClusterfile</c>, <c>ClusterfileNotFound</c>, <c>ClusterfileNotWritten</c>.</exception>
    public static string? ChangeHosts(string path, IReadOnlyList<HostSpec> added, IReadOnlyCollection<IPAddress> removed)
    {
        ArgumentNullException.ThrowIfNull(added);
        ArgumentNullException.ThrowIfNull(removed);
        var before = Clusterfile.ReadFile(path, new ClusterfileReadOptions { ResolveSecrets = false }).GetSpec();
        var coming = added.Where(host => before.Hosts.All(known => !known.Address.Equals(host.Address))).ToList();
        var wanted = before with { Hosts = [.. before.Hosts.Where(host => !removed.Contains(host.Address)), .. coming] };
        if (wanted.Hosts.Count == before.Hosts.Count && coming.Count == 0)
            return null;
        var text = File.ReadAllText(path);
        var edited = text;
        foreach (var address in before.Hosts.Select(host => host.Address).Where(removed.Contains))
            edited = edited is null ? null : Without(edited, address);
        if (edited is not null && coming.Count > 0)
            edited = With(edited, coming, before.Ssh);
        if (edited is not null && Says(edited, path, wanted))
        {
            Replace(path, edited);
            return null;
        }

        var copy = string.Create(CultureInfo.InvariantCulture, $"{path}.{DateTime.UtcNow:yyyyMMdd'T'HHmmss'Z'}.bak");
        try
        {
            File.Copy(path, copy, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SealerException("ClusterfileNotWritten", ErrorKind.ResourceUnavailable, $"The Clusterfile '{path}' cannot be changed, because no copy of it can be kept as '{copy}': {e.Message.TrimEnd('.')}.", path, e);
        }

        Replace(path, Clusterfile.Write(wanted, new ClusterfileWriteOptions { Secrets = SecretWriting.Reveal }));
        return copy;
    }

    // Behind the last group: the first control plane stays the first.
    private static string? With(string text, List<HostSpec> hosts, SshSettings common)
    {
        if (HostsOf(text) is not { Items: [YamlMapping first, ..] groups } || hosts.Exists(host => host.Ssh != common || host.Environment.Count + host.Labels.Count + host.Taints.Count > 0))
            return null;
        var lines = text.Split('\n').ToList();
        var dash = lines[first.Line - 1].IndexOf('-', StringComparison.Ordinal);
        if (dash < 0 || lines[first.Line - 1][..(first.Column - 1)].Trim() != "-")
            return null;
        var (indent, mark) = (new string(' ', dash), text.Contains("\r\n", StringComparison.Ordinal) ? "\r" : "");
        var last = groups.Max(LastLine);
        if (last == lines.Count)
            lines[^1] += mark;
        lines.InsertRange(last, hosts.GroupBy(host => string.Join(", ", host.Roles)).SelectMany(group => new[]
        {
            $"{indent}- ips: [{string.Join(", ", group.Select(host => $"\"{host.Address}\""))}]{mark}",
            $"{indent}  roles: [{group.Key}]{mark}",
        }));
        return string.Join('\n', lines);
    }

    private static string? Without(string text, IPAddress address)
    {
        if (HostsOf(text) is not { } groups)
            return null;
        var lines = text.Split('\n').ToList();
        foreach (var group in groups.Items.OfType<YamlMapping>())
        {
            if (group.Find("ips") is not YamlSequence { Items: { } ips } || ips.OfType<YamlScalar>().FirstOrDefault(ip => IPAddress.TryParse(ip.Value, out var said) && said.Equals(address)) is not { } found)
                continue;
            if (ips.Count == 1)
            {
                var begin = group.Line - 1;
                if (lines[begin][..(group.Column - 1)].Trim() != "-")
                    return null;
                lines.RemoveRange(begin, LastLine(group) - begin);
                return string.Join('\n', lines);
            }

            var line = lines[found.Line - 1];
            var word = $"[\"']?{Regex.Escape(found.Value)}[\"']?";
            var rest = line[(found.Column - 1)..];
            if (line[..(found.Column - 1)].Trim() == "-")
            {
                lines.RemoveAt(found.Line - 1);
                return string.Join('\n', lines);
            }

            // In brackets: with the comma behind it, or else with the one before.
            if (Regex.Match(rest, $@"^{word}\s*,\s*") is { Success: true } behind)
                lines[found.Line - 1] = line[..(found.Column - 1)] + rest[behind.Length..];
            else if (Regex.Match(line[..(found.Column - 1)], @",\s*$") is { Success: true } comma && Regex.Match(rest, $"^{word}") is { Success: true } alone)
                lines[found.Line - 1] = line[..comma.Index] + rest[alone.Length..];
            else
                return null;
            return string.Join('\n', lines);
        }

        return null;
    }

    private static YamlSequence? HostsOf(string text) =>
        (YamlDocuments.Read(text).Documents.OfType<YamlMapping>().FirstOrDefault(d => d.FindScalar("kind")?.Value == "Cluster")?.Find("spec") as YamlMapping)?.Find("hosts") as YamlSequence;

    // A text of several lines is longer than its first; what is written then is found out to be wrong.
    private static int LastLine(YamlNode node) => node switch
    {
        YamlMapping mapping => mapping.Entries.Select(entry => Math.Max(entry.Key.Line, LastLine(entry.Value))).Append(mapping.Line).Max(),
        YamlSequence sequence => sequence.Items.Select(LastLine).Append(sequence.Line).Max(),
        _ => node.Line,
    };

    private static bool Says(string text, string path, ClusterSpec wanted)
    {
        var read = Clusterfile.Read(text, new ClusterfileReadOptions { ResolveSecrets = false, FileName = path, BaseFolder = Path.GetDirectoryName(Path.GetFullPath(path)) });
        return read.Spec is { } after
            && after.Hosts.Select(host => host.Address).SequenceEqual(wanted.Hosts.Select(host => host.Address))
            && Clusterfile.Write(after) == Clusterfile.Write(wanted);
    }
}
