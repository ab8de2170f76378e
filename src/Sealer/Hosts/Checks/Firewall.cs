using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;

namespace Sealer.Hosts.Checks;

/// <summary>What a host's own firewall lets in, and how it is told to let in more.</summary>
internal static partial class Firewall
{
    private const int MostOfMultiport = 15;

    /// <summary>The firewalls that keep ports closed, with those ports.</summary>
    public static IReadOnlyList<(string Firewall, IReadOnlyList<int> Closed)> Closing(HostView host)
    {
        var conditions = host.Conditions;
        var wanted = host.Host.Ports.Where(p => p.Users != HostPortUsers.Itself).Select(p => p.Port).ToList();
        var found = new List<(string, IReadOnlyList<int>)>();
        if (conditions.ActiveServices.Contains("firewalld"))
            Add("firewalld", wanted.Where(p => !Covers(conditions.FirewalldPorts ?? "", p)));
        if (conditions.Ufw.Any(l => l.StartsWith("Status: active", StringComparison.Ordinal)))
            Add("ufw", wanted.Where(p => !conditions.Ufw.Any(l => l.Contains("ALLOW", StringComparison.Ordinal) && (Covers(l.Split(' ')[0], p) || l.StartsWith("Anywhere", StringComparison.Ordinal)))));
        // The two above write rules of their own, which are told in their words.
        if (found.Count == 0 && !conditions.ActiveServices.Contains("firewalld") && !conditions.Ufw.Any(l => l.StartsWith("Status: active", StringComparison.Ordinal)))
        {
            if (conditions.Iptables.Any(l => l.StartsWith("-P INPUT DROP", StringComparison.Ordinal)))
            {
                var accepted = conditions.Iptables.Where(l => l.StartsWith("-A INPUT", StringComparison.Ordinal) && l.EndsWith("-j ACCEPT", StringComparison.Ordinal)).ToList();
                Add("iptables", wanted.Where(p => !accepted.Any(l => l == "-A INPUT -j ACCEPT" || LetsInOthers(host, l) || Ports(l).Any(ports => Covers(ports, p)))));
            }

            foreach (var chain in Chains(conditions.Nftables))
            {
                var accepted = chain.Rules.Where(l => l.EndsWith("accept", StringComparison.Ordinal)).ToList();
                Add(chain.Name, wanted.Where(p => !accepted.Any(l => l.Trim() == "accept" || NftPorts(l).Any(ports => Covers(ports, p)))));
            }
        }

        return found;

        void Add(string name, IEnumerable<int> closed)
        {
            if (closed.ToList() is { Count: > 0 } some)
                found.Add((name, some));
        }
    }

    /// <summary>The command that lets in some ports; null where the host has no firewall that is known.</summary>
    public static string? Open(HostView host, IReadOnlyList<int> ports)
    {
        var list = ports.Distinct().Order().SelectMany(p => p == PreflightHost.NodePortSample ? new[] { $"{PreflightHost.FirstNodePort}-{PreflightHost.LastNodePort}" } : [p.ToString(CultureInfo.InvariantCulture)]).ToList();
        if (host.Conditions.ActiveServices.Contains("firewalld"))
            return $"firewall-cmd --permanent {string.Join(' ', list.Select(p => $"--add-port={p}/tcp"))} && firewall-cmd --reload";
        if (host.Conditions.Ufw.Any(l => l.StartsWith("Status: active", StringComparison.Ordinal)))
            return string.Join(" && ", list.Select(p => $"ufw allow {p.Replace('-', ':')}/tcp"));
        if (host.Conditions.Iptables.Any(l => l.StartsWith("-P INPUT DROP", StringComparison.Ordinal) || (l.StartsWith("-A INPUT", StringComparison.Ordinal) && (l.Contains("-j DROP", StringComparison.Ordinal) || l.Contains("-j REJECT", StringComparison.Ordinal)))))
        {
            // A range counts as two.
            return string.Join(" && ", list.Chunk(MostOfMultiport / 2).Select(some => $"iptables -I INPUT -p tcp -m multiport --dports {string.Join(',', some).Replace('-', ':')} -j ACCEPT"));
        }

        // The command is for a shell: what is no name of a chain comes from nobody who means well.
        return Chains(host.Conditions.Nftables).Where(c => ChainName().IsMatch(c.Name)).Select(c => $"nft insert rule {c.Name} tcp dport '{{ {string.Join(", ", list)} }}' accept").FirstOrDefault();
    }

    [GeneratedRegex(@"^\w[\w.-]*( \w[\w.-]*){2}$", RegexOptions.CultureInvariant)]
    private static partial Regex ChainName();

    // "-A INPUT -s 10.0.0.0/24 -j ACCEPT", where that holds all the other hosts.
    private static bool LetsInOthers(HostView host, string rule) =>
        rule.Split(' ') is ["-A", "INPUT", "-s", var from, "-j", "ACCEPT"] && IPNetwork.TryParse(from, out var network)
        && host.Others.All(other => other.Host.Address is { } address && network.Contains(address));

    private static IEnumerable<(string Name, List<string> Rules)> Chains(IEnumerable<string> lines)
    {
        (string Name, List<string> Rules)? chain = null;
        foreach (var line in lines)
        {
            if (line.StartsWith("policy ", StringComparison.Ordinal))
            {
                if (chain is { } before)
                    yield return before;
                chain = (line["policy ".Length..], []);
            }
            else
            {
                chain?.Rules.Add(line.Trim());
            }
        }

        if (chain is { } last)
            yield return last;
    }

    // "6443", "30000-32767", "30000:32767", "6443/tcp", and several of those with blanks or commas.
    private static bool Covers(string ports, int port)
    {
        foreach (var word in ports.Split((char[])[' ', ','], StringSplitOptions.RemoveEmptyEntries))
        {
            if (word.EndsWith("/udp", StringComparison.Ordinal))
                continue;
            var ends = word.Split('/')[0].Split('-', ':');
            if (int.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out var first)
                && int.TryParse(ends[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var last) && first <= port && port <= last)
                return true;
        }

        return false;
    }

    private static IEnumerable<string> Ports(string rule) => IptablesPorts().Matches(rule).Select(m => m.Groups[1].Value);

    private static IEnumerable<string> NftPorts(string rule) => NftablesPorts().Matches(rule).Select(m => m.Groups[1].Value.Trim('{', '}', ' '));

    [GeneratedRegex(@"--dports? (\S+)")]
    private static partial Regex IptablesPorts();

    [GeneratedRegex(@"tcp dport (\{[^}]*\}|\S+)")]
    private static partial Regex NftablesPorts();
}
