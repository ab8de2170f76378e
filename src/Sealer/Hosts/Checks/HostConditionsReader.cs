using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;

namespace Sealer.Hosts.Checks;

/// <summary>Reads what <see cref="ConditionsScript"/> writes. Odd lines are passed over: a host says what it likes.</summary>
internal static partial class HostConditionsReader
{
    private const int MeasuredWrites = 50;

    /// <summary>Reads it; null where it was cut.</summary>
    /// <param name="text">What the script wrote.</param>
    /// <param name="folders">The folders that it was asked for, in order.</param>
    public static HostConditions? Read(string text, IReadOnlyList<string> folders)
    {
        var lines = text.Split('\n').Select(l => l.Split('\t', 2)).Where(p => p.Length == 2)
            .ToLookup(p => p[0], p => p[1].TrimEnd('\r'), StringComparer.Ordinal);
        if (!lines.Contains("finished"))
            return null;
        var zone = (lines["zone"].FirstOrDefault() ?? "").Split(' ');
        var routes = lines["routes"].Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(w => w.Length > 0).ToList();
        return new HostConditions
        {
            Places = Places(lines, folders),
            Swaps = Words(lines["swaps"]),
            ZoneOffset = zone[0].Length > 0 ? zone[0] : null,
            ZoneName = zone.Length > 1 ? zone[1] : null,
            OwnNameAddress = IPAddress.TryParse(Words(lines["resolves"]).FirstOrDefault(), out var own) ? own : null,
            NameServers = lines.Contains("resolv") ? NameServers(lines["resolv"]) : null,
            UpstreamNameServers = NameServers(lines["resolved"]),
            AnsweringNameServers = lines.Contains("dnsprobe") ? [.. lines["dnsanswer"]] : null,
            Routes = [.. routes.Select(Route).OfType<(IPNetwork, string)>()],
            HasDefaultRoute = routes.Any(w => w[0] == "default"),
            Links = lines["link"].Select(Link).OfType<(string Name, HostLink Link)>().GroupBy(l => l.Name, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.First().Link, StringComparer.Ordinal),
            Listeners = lines["listens"].Select(Listener).OfType<(int Port, string Program)>().GroupBy(l => l.Port).ToDictionary(g => g.Key, g => g.First().Program),
            ActiveServices = lines["active"].ToHashSet(StringComparer.Ordinal),
            OpenFiles = Number((lines["nofile"].FirstOrDefault() ?? "").Split('=')[^1]),
            Proxies = [.. lines["proxy"].Distinct()],
            ProxyExceptions = [.. lines["noproxy"].SelectMany(l => l.Trim('"', '\'').Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).Distinct()],
            FirewalldPorts = lines["firewalld"].FirstOrDefault(),
            Ufw = [.. lines["ufw"]],
            Iptables = [.. lines["iptables"]],
            Nftables = [.. lines["nft"]],
            Controllers = lines["controller"].ToHashSet(StringComparer.Ordinal),
            Tools = lines["have"].ToHashSet(StringComparer.Ordinal),
            KubernetesFiles = [.. lines["kube"]],
            CniFiles = [.. lines["cni"]],
            StateFolders = [.. lines["state"]],
            Sshd = lines["sshd"].Select(l => l.Split(' ', 2)).Where(w => w.Length == 2).GroupBy(w => w[0], StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.First()[1], StringComparer.Ordinal),
            SyncedWrite = Seconds().Match(lines["fsync"].FirstOrDefault() ?? "") is { Success: true } took
                && double.TryParse(took.Groups[1].Value, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var seconds) && seconds < 3600
                ? TimeSpan.FromSeconds(seconds / MeasuredWrites)
                : null,
        };
    }

    private static Dictionary<string, HostPlace> Places(ILookup<string, string> lines, IReadOnlyList<string> folders)
    {
        var mounts = lines["mounts"].Select(l => l.Split(' ')).Where(w => w.Length >= 4)
            .GroupBy(w => w[1].Replace("\\040", " ", StringComparison.Ordinal), StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Last(), StringComparer.Ordinal);
        var (writable, flat) = (lines["writable"].ToHashSet(StringComparer.Ordinal), lines["noftype"].ToHashSet(StringComparer.Ordinal));
        var inodes = Numbered(lines["inodes"]);
        var places = new Dictionary<string, HostPlace>(StringComparer.Ordinal);
        foreach (var (number, line) in Numbered(lines["place"]))
        {
            if (number >= folders.Count || Columns(line) is not { } place)
                continue;
            mounts.TryGetValue(place.Mount, out var mount);
            var files = inodes.TryGetValue(number, out var told) && Columns(told) is { Size: > 0 } columns ? columns.Available : (long?)null;
            places[folders[number]] = new HostPlace(
                place.Mount, place.Device, mount?[2] ?? "", mount?[3].Split(',') ?? [], place.Size * 1024, Math.Max(0, place.Available) * 1024, files,
                writable.Contains(number.ToString(CultureInfo.InvariantCulture)), flat.Contains(place.Mount));
        }

        return places;
    }

    // "3 /dev/sda1 100 40 60 40% /mnt": a number, then df's columns, of which the first and the last may hold blanks.
    private static Dictionary<int, string> Numbered(IEnumerable<string> lines)
    {
        var numbered = new Dictionary<int, string>();
        foreach (var words in lines.Select(l => l.Split(' ', 2)).Where(w => w.Length == 2))
        {
            if (int.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                numbered[number] = words[1];
        }

        return numbered;
    }

    private static (string Device, long Size, long Available, string Mount)? Columns(string line)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var percent = Array.FindIndex(words, w => w.EndsWith('%') || w == "-");
        return percent >= 4 && percent + 1 < words.Length && Number(words[percent - 3]) is { } size
            && long.TryParse(words[percent - 1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var available)
            ? (string.Join(' ', words[..(percent - 3)]), size, available, string.Join(' ', words[(percent + 1)..]))
            : null;
    }

    private static IReadOnlyList<string> NameServers(IEnumerable<string> lines) =>
        [.. lines.Select(l => l.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)).Where(w => w.Length > 1 && w[0] == "nameserver").Select(w => w[1])];

    private static (IPNetwork, string)? Route(string[] words)
    {
        var device = Array.IndexOf(words, "dev") is var at and > 0 && at + 1 < words.Length ? words[at + 1] : "";
        // Routes of a type begin with it: blackhole 10.96.0.0/12.
        var text = words[0] is "blackhole" or "unreachable" or "prohibit" && words.Length > 1 ? words[1] : words[0];
        if (IPNetwork.TryParse(text, out var network))
            return (network, device);
        return IPAddress.TryParse(text, out var address) ? (new IPNetwork(address, address.GetAddressBytes().Length * 8), device) : null;
    }

    private static (string, HostLink)? Link(string line)
    {
        // 2: eth0@if7: <BROADCAST,UP> mtu 1500 qdisc noqueue state UP mode DEFAULT \    link/ether 02:42:ac:11:00:02 brd ...
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var (mtu, mac) = (Array.IndexOf(words, "mtu"), Array.IndexOf(words, "link/ether"));
        return words.Length > 2 && mtu > 0 && mtu + 1 < words.Length && int.TryParse(words[mtu + 1], NumberStyles.None, CultureInfo.InvariantCulture, out var bytes)
            ? (words[1].TrimEnd(':').Split('@')[0], new HostLink(bytes, mac > 0 && mac + 1 < words.Length ? words[mac + 1] : null))
            : null;
    }

    private static (int, string)? Listener(string line)
    {
        // LISTEN 0 128 0.0.0.0:22 0.0.0.0:* users:(("sshd",pid=12,fd=3))
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < 5 || !int.TryParse(words[3].Split(':')[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var port))
            return null;
        var user = SocketUser().Match(line);
        return (port, user.Success ? $"{user.Groups[1].Value} (pid {user.Groups[2].Value})" : "");
    }

    private static List<string> Words(IEnumerable<string> lines) => [.. lines.SelectMany(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries))];

    private static long? Number(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n < long.MaxValue / 1024 ? n : null;

    [GeneratedRegex(@", ([0-9.e-]+) s")]
    private static partial Regex Seconds();

    [GeneratedRegex("""users:\(\("([^"]*)",pid=(\d+)""")]
    private static partial Regex SocketUser();
}
