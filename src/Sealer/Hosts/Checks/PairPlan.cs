namespace Sealer.Hosts.Checks;

/// <summary>Who connects to whom. Of few hosts every pair, of many what is linear in their number.</summary>
internal static class PairPlan
{
    // Of many hosts each connects to those that follow it, so that a switch or a rack that is cut off shows.
    private const int Neighbours = 8;

    /// <summary>The hosts that each host connects to, by place in the list.</summary>
    public static IReadOnlyList<IReadOnlyList<int>> Targets(IReadOnlyList<PreflightHost> hosts, int maxForEveryPair)
    {
        var all = Enumerable.Range(0, hosts.Count).ToList();
        if (hosts.Count <= maxForEveryPair)
            return [.. all.Select(i => (IReadOnlyList<int>)[.. all.Where(j => j != i)])];
        var serving = all.Where(i => hosts[i].IsControlPlane || hosts[i].Requirements.RegistryPort is not null).ToHashSet();
        return
        [
            .. all.Select(i => (IReadOnlyList<int>)[.. serving.Contains(i) && serving.Count <= maxForEveryPair / 2
                ? all.Where(j => j != i)
                : serving.Take(maxForEveryPair / 2).Concat(Enumerable.Range(1, Neighbours).Select(n => (i + n) % hosts.Count)).Where(j => j != i).Distinct().Order()]),
        ];
    }

    /// <summary>What is said where not every pair is tried.</summary>
    public static string Sample(int hosts, int maxForEveryPair) => hosts <= maxForEveryPair
        ? ""
        : $" (a sample: of {hosts} hosts not every pair is tried, but all with the control planes and with the {Neighbours} that follow)";

    /// <summary>Whether one kind of host connects to a port of another.</summary>
    public static bool Connects(PreflightHost source, HostPort port) =>
        port.Users == HostPortUsers.All || (port.Users == HostPortUsers.ControlPlanes && source.IsControlPlane);
}
