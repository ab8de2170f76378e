using System.Globalization;

namespace Sealer.Hosts.Checks;

/// <summary>What is between hosts.</summary>
internal static class PeerChecks
{
    public static CheckOutcome Reachability(HostView host)
    {
        if (NotProbed(host) is { } why)
            return CheckOutcome.Skip(why);
        var pairs = host.Pairs!;
        var to = pairs.To(host.Name);
        var from = pairs.From(host.Name);
        var (failedTo, failedFrom) = (to.Where(p => p.IsCut).ToList(), from.Where(p => p.IsCut).ToList());
        // Where a host reaches nobody although others do, it is that host; else it is the one that is not reached.
        var mute = failedFrom.Count > 0 && failedFrom.Count == from.Count && from.Any(p => pairs.To(p.Target).Any(o => o.Source != host.Name && !o.IsCut));
        var told = failedTo.Where(p => !IsMute(pairs, p.Source)).ToList();
        if (mute)
        {
            return CheckOutcome.Fail(
                $"It reaches none of the others ({Words(failedFrom.Select(p => p.Outcome))}), which reach each other.",
                "Look at its routes and at rules for what goes out: ip route; iptables -S OUTPUT");
        }

        if (told.Count > 0)
        {
            var ports = told.Select(p => p.Port).Distinct().Order().ToList();
            var open = Firewall.Open(host, ports);
            return CheckOutcome.Fail(
                NetworkChecks.Sentence(told.GroupBy(p => (p.Port, p.Outcome)).OrderBy(g => g.Key.Port).Select(g => $"TCP {Shown(g.Key.Port)} of {host.Host.Address} is not reached from {HostView.HostNames(g.Select(p => p.Source).Distinct())} ({Word(g.Key.Outcome)})")),
                open is null ? "Let it through between the hosts: in the routes, and in every firewall on the way." : null,
                open);
        }

        return to.Count + from.Count == 0
            ? CheckOutcome.Skip(pairs.Reason(host.Name) ?? "There was nobody to connect to.")
            : CheckOutcome.Pass($"It is reached by {MachineChecks.Count(to.Select(p => p.Source).Distinct().Count(), "host")} and reaches {from.Select(p => p.Target).Distinct().Count()}{pairs.Sample}.");
    }

    public static CheckOutcome Mtu(HostView host)
    {
        var mine = Of(host);
        var usual = MachineChecks.Usual(host.All.Select(Of).Select(m => m?.ToString(CultureInfo.InvariantCulture)));
        if (mine is { } bytes && usual != bytes.ToString(CultureInfo.InvariantCulture))
        {
            return CheckOutcome.Fail(
                $"{host.Interface} has an MTU of {bytes}, that of most hosts is {usual}: large packets are lost on the way.",
                "Make it lasting in the network's configuration as well.", $"ip link set dev {ShellText.Quote(host.Interface!)} mtu {usual}");
        }

        if (NotProbed(host) is { } why)
            return mine is null ? CheckOutcome.Skip(why) : CheckOutcome.Pass($"{host.Interface} has an MTU of {mine}, as the others.");
        var stalled = host.Pairs!.To(host.Name).Where(p => p.Outcome == PairOutcome.Stalled).Select(p => p.Source).Distinct().ToList();
        return stalled.Count > 0
            ? CheckOutcome.Fail(
                $"{HostView.HostNames(stalled)} can connect to {host.Host.Address}, but what it then sends does not arrive: packets of {mine?.ToString(CultureInfo.InvariantCulture) ?? "that size"} are lost on the way.",
                "Let the network carry packets of that size and ICMP 'fragmentation needed', or lower the MTU of all hosts: ip link set dev INTERFACE mtu 1400")
            : CheckOutcome.Pass($"{host.Interface} has an MTU of {mine}, and full packets arrive.");
    }

    private static string? NotProbed(HostView host)
    {
        if (host.Host.Address is null)
            return "No address is known of it.";
        if (host.All.Count(h => h.Host.Address is not null) < 2)
            return "There is no other host.";
        return host.Pairs is null ? "Nothing was connected between the hosts." : null;
    }

    private static bool IsMute(PairReport pairs, string name) =>
        pairs.From(name) is { Count: > 0 } from && from.All(p => p.IsCut) && from.Any(p => pairs.To(p.Target).Any(o => o.Source != name && !o.IsCut));

    private static int? Of(HostView host) => host.Interface is { } name && host.Conditions.Links.TryGetValue(name, out var link) ? link.Mtu : null;

    private static string Words(IEnumerable<PairOutcome> outcomes) => string.Join(", ", outcomes.Distinct().Order().Select(Word));

    private static string Word(PairOutcome outcome) => outcome switch
    {
        PairOutcome.Refused => "refused",
        PairOutcome.Unreachable => "no route",
        _ => "no answer",
    };

    private static string Shown(int port) => port == PreflightHost.NodePortSample ? $"{port} (one of {PreflightHost.FirstNodePort}-{PreflightHost.LastNodePort})" : port.ToString(CultureInfo.InvariantCulture);
}
