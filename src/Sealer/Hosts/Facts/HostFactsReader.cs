using System.Globalization;
using System.Net;

namespace Sealer.Hosts.Facts;

/// <summary>Gathers the facts of hosts.</summary>
public static class HostFactsReader
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Asks a host, in one round trip.</summary>
    /// <param name="host">The host.</param>
    /// <param name="elevated">As root, which sees the product_uuid and etcd's folder.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="SealerException"><c>HostFactsNotReadable</c>, and those of <see cref="IHost.RunAsync"/>.</exception>
    public static async Task<HostFacts> GatherAsync(IHost host, bool elevated = false, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(host);
        var asked = DateTimeOffset.UtcNow;
        var result = await host.RunAsync(new HostCommand(FactsScript.Text) { Elevated = elevated, Timeout = Patience }, cancellationToken).ConfigureAwait(false);
        return Read(host.Name, result.Output, asked, DateTimeOffset.UtcNow);
    }

    /// <param name="host">The host's name.</param>
    /// <param name="text">What the script wrote.</param>
    /// <param name="asked">When it was started.</param>
    /// <param name="answered">When it had ended.</param>
    internal static HostFacts Read(string host, string text, DateTimeOffset asked, DateTimeOffset answered)
    {
        var lines = text.Split('\n').Select(l => l.Split('\t', 2)).Where(p => p.Length == 2)
            .ToLookup(p => p[0], p => p[1].TrimEnd('\r'), StringComparer.Ordinal);
        if (!lines.Contains("end") || One("hostname") is null || One("kernel") is null)
        {
            throw new SealerException(
                "HostFactsNotReadable", ErrorKind.ResourceUnavailable,
                $"{host} did not tell all about itself. Run 'uname -a; df -P; cat /proc/meminfo' there and mend what fails.", host);
        }

        var halfway = asked + ((answered - asked) / 2);
        var mounts = lines["mount"].Select(l => l.Split(' ')).Where(w => w.Length >= 4)
            .GroupBy(w => Unescape(w[1]), StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Last(), StringComparer.Ordinal);
        return new HostFacts
        {
            Host = host,
            HostName = One("hostname")!,
            ProductUuid = One("product_uuid")?.ToLowerInvariant(),
            MachineId = One("machine_id"),
            DistributionId = One("os_id"),
            DistributionVersion = One("os_version"),
            DistributionName = One("os_name"),
            Kernel = One("kernel")!,
            Architecture = One("machine") switch { "x86_64" => "amd64", "aarch64" => "arm64", var other => other ?? "" },
            IsRoot = One("uid") == "0",
            Cpus = (int)Number("cpus"),
            Memory = Number("MemTotal") * 1024,
            MemoryAvailable = Number("MemAvailable") * 1024,
            Swap = Number("SwapTotal") * 1024,
            Disks = [.. lines["df"].Select(l => Disk(l, mounts)).OfType<HostDisk>()],
            Addresses = [.. lines["addr"].Select(Address).OfType<HostAddress>()],
            DefaultInterface = lines["route"].Select(l => After(l.Split(' ', StringSplitOptions.RemoveEmptyEntries), "dev")).FirstOrDefault(d => d is not null),
            ClockSkew = Number("time") is > 0 and < 253402300800 and var time ? DateTimeOffset.FromUnixTimeSeconds(time).AddSeconds(0.5) - halfway : TimeSpan.Zero,
            ClockUncertainty = ((answered - asked) / 2) + TimeSpan.FromSeconds(0.5),
            Tools = Pairs("tool"),
            ListeningPorts = [.. lines["port"].Select(Hex).Where(p => p > 0).Distinct().Order()],
            Modules = Pairs("module").ToDictionary(p => p.Key, p => Enum.TryParse<KernelModuleState>(p.Value, out var s) ? s : KernelModuleState.Missing, StringComparer.Ordinal),
            Sysctls = Pairs("sysctl").ToDictionary(p => p.Key.Replace('/', '.'), p => p.Value, StringComparer.Ordinal),
            CgroupVersion = (int)Number("cgroup"),
            HasSystemd = One("systemd") is not null,
            SeLinux = One("selinux") switch { "1" => "enforcing", "0" => "permissive", _ => null },
            HasAppArmor = One("apparmor") == "Y",
            Kubernetes = new ExistingKubernetes(
                One("kubelet")?.Split(' ')[^1],
                lines["file"].Contains("/etc/kubernetes/admin.conf"),
                lines["file"].Contains("/etc/kubernetes/kubelet.conf"),
                lines["file"].Contains("/var/lib/etcd/member"),
                [.. lines["socket"]],
                [.. lines["sealer"]]),
        };

        string? One(string key) => lines[key].FirstOrDefault() is { Length: > 0 } value ? value : null;
        long Number(string key) => long.TryParse(One(key), NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n < long.MaxValue / 1024 ? n : 0;
        Dictionary<string, string> Pairs(string key)
        {
            var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var words in lines[key].Select(l => l.Split(' ', 2)).Where(w => w.Length == 2))
                pairs[words[0]] = words[1];
            return pairs;
        }
    }

    private static HostDisk? Disk(string line, Dictionary<string, string[]> mounts)
    {
        // Filesystem 1024-blocks Used Available Capacity Mounted-on; the last may hold blanks, and the first too.
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var percent = Array.FindIndex(words, w => w.EndsWith('%'));
        if (percent < 4 || percent + 1 >= words.Length
            || !long.TryParse(words[percent - 3], NumberStyles.None, CultureInfo.InvariantCulture, out var size)
            || !long.TryParse(words[percent - 1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var available))
            return null;
        var mount = string.Join(' ', words[(percent + 1)..]);
        var options = mounts.TryGetValue(mount, out var entry) ? entry[3].Split(',') : [];
        return new HostDisk(
            mount, string.Join(' ', words[..(percent - 3)]), entry?[2] ?? "", size * 1024, Math.Max(0, available) * 1024,
            options.Contains("noexec"), options.Contains("ro"));
    }

    private static HostAddress? Address(string line)
    {
        // 2: eth0    inet 10.0.0.5/24 brd 10.0.0.255 scope global eth0\  valid_lft forever
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < 4 || (After(words, "inet") ?? After(words, "inet6")) is not { } text)
            return null;
        var parts = text.Split('/');
        return IPAddress.TryParse(parts[0], out var address)
            ? new HostAddress(
                words[1].Split('@')[0], address,
                parts.Length == 2 && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var bits) ? bits : address.GetAddressBytes().Length * 8)
            : null;
    }

    private static string? After(string[] words, string word) =>
        Array.IndexOf(words, word) is var i and >= 0 && i + 1 < words.Length ? words[i + 1] : null;

    private static int Hex(string text) => int.TryParse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var port) ? port : 0;

    private static string Unescape(string mount) => mount.Replace("\\040", " ", StringComparison.Ordinal);
}
