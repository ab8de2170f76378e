using System.Net;
using System.Net.Sockets;

namespace Sealer.Hosts.Checks;

/// <summary>A host's own network.</summary>
internal static class NetworkChecks
{
    // What pod networks make on a node; where the host is a member already they are the cluster's own.
    private static readonly string[] PodInterfaces = ["cni", "flannel", "cali", "vxlan.calico", "tunl0", "wireguard.cali", "cilium", "lxc", "kube-", "weave", "antrea", "docker"];

    public static CheckOutcome Address(HostView host)
    {
        if (host.Host.Address is not { } address)
            return CheckOutcome.Skip("No address is known of it.");
        if (host.Facts.Addresses.FirstOrDefault(a => a.Address.Equals(address)) is { } found)
            return CheckOutcome.Pass($"{address} is on {found.Interface}.");
        return host.Facts.Addresses.Count == 0
            ? CheckOutcome.Skip("It has no ip(8) to tell its addresses.")
            : CheckOutcome.Fail(
                $"{address} is on none of its interfaces, which have {HostView.HostNames(host.Facts.Addresses.Where(a => !IPAddress.IsLoopback(a.Address)).Select(a => a.Address.ToString()))}. Nodes must reach it by an address of its own.",
                "Name an address that the host itself has, not one that is translated on the way.");
    }

    public static CheckOutcome DefaultRoute(HostView host) => host.Conditions.HasDefaultRoute
        ? CheckOutcome.Pass($"Its default route leads through {host.Facts.DefaultInterface ?? "an interface"}.")
        : CheckOutcome.Fail(
            "It has no default route. kubeadm finds the address by it, and services are not reached without one, even where it leads nowhere.",
            "Make it lasting in the network's configuration as well.",
            host.Interface is { } name ? $"ip {(host.Host.Address?.AddressFamily == AddressFamily.InterNetworkV6 ? "-6 " : "")}route add default dev {ShellText.Quote(name)} metric 4096" : null);

    public static CheckOutcome Overlap(HostView host)
    {
        var mine = host.Needs.PodNetworks.Select(n => (Network: n, What: "pods")).Concat(host.Needs.ServiceNetworks.Select(n => (Network: n, What: "services"))).ToList();
        if (mine.Count == 0)
            return CheckOutcome.Skip("No networks of pods and services are known.");
        var met = new List<string>();
        for (var i = 0; i < mine.Count; i++)
        {
            met.AddRange(mine.Skip(i + 1).Where(other => Overlap(mine[i].Network, other.Network)).Select(other => $"the network of {mine[i].What} {mine[i].Network} overlaps that of {other.What} {other.Network}"));
            // A default route overlaps everything, and is none of these.
            met.AddRange(host.Conditions.Routes
                .Where(r => !(host.IsMember && PodInterfaces.Any(p => r.Interface.StartsWith(p, StringComparison.Ordinal))) && r.Network.PrefixLength > 0 && Overlap(mine[i].Network, r.Network))
                .Select(r => $"the network of {mine[i].What} {mine[i].Network} overlaps its route to {r.Network} through {r.Interface}"));
            met.AddRange((host.Conditions.NameServers ?? []).Concat(host.Conditions.UpstreamNameServers).Distinct()
                .Where(s => IPAddress.TryParse(s, out var server) && mine[i].Network.Contains(server)).Select(s => $"the network of {mine[i].What} {mine[i].Network} holds its name server {s}"));
        }

        return met.Count > 0
            ? CheckOutcome.Fail(Sentence(met), "Name other networks in the Clusterfile (PodCIDR, SvcCIDR, or kubeadm's podSubnet and serviceSubnet), or take the route away.")
            : CheckOutcome.Pass($"Nothing of it lies in {string.Join(" or ", mine.Select(n => n.Network))}.");
    }

    public static CheckOutcome Ports(HostView host)
    {
        if (host.IsMember)
            return CheckOutcome.Skip("It is a node of this cluster already.");
        var listening = host.Facts.ListeningPorts.Concat(host.Conditions.Listeners.Keys).Distinct().Order().ToList();
        var wanted = host.Host.Ports.Where(p => !p.IsSample).Select(p => p.Port).ToHashSet();
        var taken = listening.Where(p => wanted.Contains(p) || p is >= PreflightHost.FirstNodePort and <= PreflightHost.LastNodePort).ToList();
        return taken.Count > 0
            ? CheckOutcome.Fail(
                $"Something listens already on {HostView.HostNames(taken.Select(p => host.Conditions.Listeners.GetValueOrDefault(p) is { Length: > 0 } who ? $"{p}: {who}" : $"{p}"), 8)}. Kubernetes needs {string.Join(", ", wanted.Order())} and {PreflightHost.FirstNodePort}-{PreflightHost.LastNodePort}.",
                "Stop it, or give it another port; 'ss -ltnp' shows what it is.")
            : CheckOutcome.Pass($"Nothing listens on {string.Join(", ", wanted.Order())} and {PreflightHost.FirstNodePort}-{PreflightHost.LastNodePort}.");
    }

    public static CheckOutcome FirewallOpen(HostView host)
    {
        var closing = Firewall.Closing(host);
        if (closing.Count == 0)
            return CheckOutcome.Pass("No firewall of its own keeps anything out that must come in.");
        var ports = closing.SelectMany(c => c.Closed).Distinct().Order().ToList();
        return CheckOutcome.Fail(
            Sentence(closing.Select(c => $"{c.Firewall} is on and does not let in TCP {string.Join(", ", c.Closed.Select(p => p == PreflightHost.NodePortSample ? $"{PreflightHost.FirstNodePort}-{PreflightHost.LastNodePort}" : $"{p}"))}")),
            "The pods' network needs ports of its own too; where the network is trusted, switch the firewall off.",
            Firewall.Open(host, ports));
    }

    public static CheckOutcome PacketForwarding(HostView host) =>
        host.Conditions.Iptables.Any(l => l.StartsWith("-P FORWARD DROP", StringComparison.Ordinal)) && !host.IsMember
            ? CheckOutcome.Fail("iptables drops what is to be passed on (policy of FORWARD), as Docker sets it; some networks of pods do not get through.", "Let what sets it not do so at the next start.", "iptables -P FORWARD ACCEPT")
            : CheckOutcome.Pass("iptables passes on what is not meant for the host.");

    public static CheckOutcome Dns(HostView host)
    {
        var conditions = host.Conditions;
        if (conditions.NameServers is not { } named)
            return CheckOutcome.Fail("/etc/resolv.conf is missing, and kubelet needs it for pods.", "Name a name server in it, or leave it empty where there is none: touch /etc/resolv.conf");
        // kubelet hands on systemd-resolved's own list instead, where that is in between.
        var resolved = named.Contains("127.0.0.53") && conditions.UpstreamNameServers.Count > 0;
        var servers = resolved ? conditions.UpstreamNameServers : named;
        if (servers.Count == 0)
            return CheckOutcome.Pass("It has no name server; names outside of the cluster are not resolved.");
        var loops = servers.Where(s => IPAddress.TryParse(s, out var a) && IPAddress.IsLoopback(a)).ToList();
        if (loops.Count > 0)
            return CheckOutcome.Fail($"/etc/resolv.conf names {string.Join(", ", loops)}, the host itself: CoreDNS takes it over and asks itself for ever.", "Name the server behind it in /etc/resolv.conf, or in a file that kubelet's resolvConf names.");
        if (conditions.AnsweringNameServers is not { } answering)
            return CheckOutcome.Skip("It has no bash or no timeout to ask its name servers.");
        var silent = servers.Take(3).Except(answering).ToList();
        return silent.Count > 0
            ? CheckOutcome.Fail($"Its name servers {string.Join(", ", silent)} do not answer; every look-up waits for them.", "Name servers in /etc/resolv.conf that answer, or none.")
            : CheckOutcome.Pass($"Its name servers {string.Join(", ", servers.Take(3))} answer.");
    }

    public static CheckOutcome Proxy(HostView host)
    {
        var conditions = host.Conditions;
        if (conditions.Proxies.Count == 0)
            return CheckOutcome.Pass("No proxy is set.");
        var inside = host.All.Select(h => h.Host.Address).OfType<IPAddress>().Select(a => a.ToString()).ToList();
        var missing = inside.Where(a => !Excepted(conditions.ProxyExceptions, IPAddress.Parse(a)))
            .Concat(host.Needs.PodNetworks.Concat(host.Needs.ServiceNetworks).Where(n => !Excepted(conditions.ProxyExceptions, n.BaseAddress)).Select(n => n.ToString())).ToList();
        return missing.Count > 0
            ? CheckOutcome.Fail($"A proxy is set ({string.Join("; ", conditions.Proxies)}), and NO_PROXY does not name {HostView.HostNames(missing)}: what is for the cluster goes to the proxy.", $"Put them into NO_PROXY beside it: {string.Join(',', missing)}")
            : CheckOutcome.Pass("A proxy is set, and NO_PROXY names everything of the cluster.");
    }

    internal static string Sentence(IEnumerable<string> parts)
    {
        var text = string.Join("; ", parts);
        return char.ToUpperInvariant(text[0]) + text[1..] + ".";
    }

    private static bool Overlap(IPNetwork a, IPNetwork b) =>
        a.BaseAddress.AddressFamily == b.BaseAddress.AddressFamily && (a.Contains(b.BaseAddress) || b.Contains(a.BaseAddress));

    private static bool Excepted(IReadOnlyList<string> exceptions, IPAddress address) =>
        exceptions.Any(e => e == "*" || e == address.ToString() || (IPNetwork.TryParse(e, out var network) && network.Contains(address)));
}
