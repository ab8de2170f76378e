using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Sealer.Hosts;

/// <summary>
/// Names in a host's <c>/etc/hosts</c> that are given for a cluster: lines of one name, with sealer's mark (<see cref="HostsLine"/>), so
/// that sealer and this find each other's. All other lines stay as they are, byte for byte.
/// </summary>
public static class HostsFile
{
    private const string Path = "/etc/hosts";
    private const int Attempts = 5;
    private const int Changed = 75;
    private const int MaxSize = 16 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>The text with names added, each for one address; where they all stand there already, the same text.</summary>
    /// <param name="text">The file.</param>
    /// <param name="address">What the names mean.</param>
    /// <param name="names">The names.</param>
    /// <param name="force">Takes the names out of lines that are not ours and say something else.</param>
    /// <param name="host">Whose file it is, for errors.</param>
    /// <exception cref="SealerException"><c>HostAliasTaken</c>: a line that is not ours says something else, and would win.</exception>
    public static string Add(string text, IPAddress address, IReadOnlyList<string> names, bool force = false, string host = "The host")
    {
        var missing = names.Distinct(StringComparer.OrdinalIgnoreCase).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var lines = new List<string?>();
        foreach (var (line, number) in HostsLine.Of(text).Select((line, i) => (line, i + 1)))
        {
            var wanted = line.Names.Where(name => names.Contains(name, StringComparer.OrdinalIgnoreCase)).ToList();
            // A name may have an address of each family.
            if (wanted.Count == 0 || line.Address!.AddressFamily != address.AddressFamily)
            {
                lines.Add(line.Text);
            }
            else if (line.Address.Equals(address))
            {
                missing.ExceptWith(wanted);
                lines.Add(line.Text);
            }
            else if (line.IsClusters || force)
            {
                lines.Add(line.Without(wanted));
            }
            else
            {
                throw new SealerException(
                    "HostAliasTaken", ErrorKind.Conflict,
                    $"{host} says in line {number} of its {Path} that {wanted[0]} is {line.Address}, not {address}. Take that line out there, or have -Force do it.", host);
            }
        }

        foreach (var name in names.Where(missing.Remove))
            lines.Add($"{address} {name} {HostsLine.Mark}");
        return Join(text, lines);
    }

    /// <summary>The text without names that are a cluster's; where there are none, the same text.</summary>
    /// <param name="text">The file.</param>
    /// <param name="names">The names; null for all.</param>
    /// <param name="address">Only those of this address; null for any.</param>
    public static string Remove(string text, IReadOnlyList<string>? names = null, IPAddress? address = null) => Join(
        text,
        HostsLine.Of(text).Select(line => line.IsClusters && (address is null || address.Equals(line.Address)) ? line.Without(names ?? line.Names) : line.Text));

    /// <summary>A host's file; empty where there is none.</summary>
    /// <exception cref="SealerException">Those of <see cref="IHost.RunAsync"/>.</exception>
    public static Task<string> ReadAsync(IHost host, CancellationToken cancellationToken = default) => ReadAsync(host, Path, cancellationToken);

    /// <summary>
    /// Changes a host's file: as a whole or not at all, keeping owner, permissions and labels, and never over a change that somebody
    /// else made meanwhile.
    /// </summary>
    /// <param name="host">The host.</param>
    /// <param name="change">Makes the new text of the old one; may be called again where the file has changed meanwhile.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>True where something was changed.</returns>
    /// <exception cref="SealerException"><c>HostsFileBusy</c>, <c>HostCommandFailed</c>, and those of <see cref="IHost.RunAsync"/>.</exception>
    public static Task<bool> ChangeAsync(IHost host, Func<string, string> change, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(host);
        return ChangeAsync(host, change, Path, cancellationToken);
    }

    /// <param name="host">The host.</param>
    /// <param name="change">Makes the new text of the old one.</param>
    /// <param name="path">Another file than /etc/hosts, for tests; one word.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal static async Task<bool> ChangeAsync(IHost host, Func<string, string> change, string path, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var before = await ReadAsync(host, path, cancellationToken).ConfigureAwait(false);
            var after = change(before);
            if (after == before)
                return false;
            var text = Encoding.UTF8.GetBytes(after);
            // What did not come whole, as over a link that breaks, is not put in place. A link is followed to what it leads to; a file that is mounted (in containers) cannot be replaced and is written over.
            var script = $$"""
                set -e
                f={{path}}; if [ -L $f ]; then f=$(readlink -f $f); fi
                t=$f.sealer-new; rm -f "$t"; umask 022
                if [ -e "$f" ]; then cp -a "$f" "$t" 2>/dev/null || cp -p "$f" "$t"; s=$(sha256sum < "$f"); else s=$(sha256sum < /dev/null); fi
                cat > "$t"
                n=$(sha256sum < "$t")
                [ "${n%% *}" = {{Sum(text)}} ] || { rm -f "$t"; echo 'the new text did not arrive whole' >&2; exit 1; }
                [ "${s%% *}" = {{Sum(Encoding.UTF8.GetBytes(before))}} ] || { rm -f "$t"; exit {{Changed}}; }
                sync "$t" 2>/dev/null || sync
                if ! mv -f "$t" "$f" 2>/dev/null; then cat "$t" > "$f"; rm -f "$t"; fi
                """;
            var written = await host.RunAsync(
                new HostCommand(script.Replace("\r", "", StringComparison.Ordinal)) { Elevated = true, Input = new MemoryStream(text), Timeout = Patience },
                cancellationToken).ConfigureAwait(false);
            if (written.ExitCode != Changed)
            {
                written.Require($"write {path}");
                return true;
            }
        }

        throw new SealerException(
            "HostsFileBusy", ErrorKind.Conflict, $"Something on {host.Name} writes {Path} all the time. Find out what (cloud-init, a DHCP client), and try again.", host.Name);
    }

    private static async Task<string> ReadAsync(IHost host, string path, CancellationToken cancellationToken)
    {
        var result = await host.RunAsync(new HostCommand($"[ ! -e {path} ] || cat {path}") { MaxOutput = MaxSize, Timeout = Patience }, cancellationToken).ConfigureAwait(false);
        result.Require($"read {path}");
        // What is no text would not be what it was once it is written again.
        if (!result.Truncated && !result.Output.Contains('\uFFFD', StringComparison.Ordinal))
            return result.Output;
        var why = result.Truncated ? $"more than {MaxSize >> 20} MiB" : $"something that is no UTF-8 in line {result.Output[..result.Output.IndexOf('\uFFFD', StringComparison.Ordinal)].Count(c => c == '\n') + 1}";
        throw new SealerException("HostsFileUnreadable", ErrorKind.InvalidContent, $"{host.Name} has {why} of its {Path}. Mend it there, then run this again.", host.Name);
    }

    private static string Sum(byte[] bytes) => Convert.ToHexString(SHA256.HashData(bytes)).ToLowerInvariant();

    private static string Join(string before, IEnumerable<string?> lines)
    {
        var text = string.Concat(lines.OfType<string>().Select(line => line + "\n"));
        // A last line without an end is somebody's own.
        return text == before + "\n" ? before : text;
    }
}
