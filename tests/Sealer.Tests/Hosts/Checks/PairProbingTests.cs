using Sealer.Hosts.Checks;

namespace Sealer.Tests.Hosts.Checks;

/// <summary>Connecting between hosts for real, with each of the tools that hosts have for it.</summary>
[Trait("Tier", "parts")]
public sealed class PairProbingTests
{
    private static readonly PreflightOptions Options = new();

    [Theory]
    [InlineData(" systemd-socket-activate bash ")]
    [InlineData(" python3 ")]
    [InlineData(" perl ")]
    [InlineData(" systemd-socket-activate perl ")]
    public async Task Every_pair_connects_on_the_ports_of_its_roles_and_nothing_stays(string tools)
    {
        await using var network = await NamespaceNetwork.CreateAsync(3);
        var report = await new PairProbing(Options, tools).RunAsync(await ViewsAsync(network), CancellationToken.None);
        var all = network.Hosts.SelectMany(h => report.From(h.Host.Name)).ToList();
        Assert.All(all, p => Assert.True(p.Outcome == PairOutcome.Reached, p.ToString()));
        // Both workers to the control plane's four and back; etcd's ports are for control planes alone.
        Assert.Equal([6443, 10250, 10256, 31999], report.From(network.Hosts[1].Host.Name).Where(p => p.Target == network.Hosts[0].Host.Name).Select(p => p.Port).Order());
        Assert.Equal(2 * 4 + (2 * 3 * 2), all.Count);
        foreach (var host in network.Hosts)
            Assert.Equal("0", (await NamespaceNetwork.InAsync(host, "cat /proc/net/tcp /proc/net/tcp6 | grep -c ' 0A ' || true")).Trim());
    }

    [Theory]
    [InlineData(" systemd-socket-activate bash ")]
    [InlineData(" python3 ")]
    [InlineData(" perl ")]
    public async Task What_is_between_two_hosts_is_told_by_what_it_does(string tools)
    {
        await using var network = await NamespaceNetwork.CreateAsync(3);
        var views = await ViewsAsync(network);
        await NamespaceNetwork.InAsync(network.Hosts[0], "iptables -A INPUT -p tcp --dport 6443 -j DROP; iptables -A INPUT -p tcp --dport 10250 -j REJECT --reject-with tcp-reset; iptables -A OUTPUT -p tcp --sport 10256 -m length --length 500:65535 -j DROP; iptables -A INPUT -p tcp --dport 31999 -j REJECT --reject-with icmp-host-prohibited");
        var report = await new PairProbing(Options, tools).RunAsync(views, CancellationToken.None);
        var (first, second, third) = (network.Hosts[0].Host.Name, network.Hosts[1].Host.Name, network.Hosts[2].Host.Name);
        Assert.Equal(
            [(6443, PairOutcome.Silent), (10250, PairOutcome.Refused), (10256, PairOutcome.Stalled), (31999, PairOutcome.Unreachable)],
            report.From(second).Where(p => p.Target == first).OrderBy(p => p.Port).Select(p => (p.Port, p.Outcome)));
        Assert.All(report.From(second).Where(p => p.Target == third), p => Assert.Equal(PairOutcome.Reached, p.Outcome));
    }

    [Fact]
    public async Task A_port_that_is_taken_is_connected_to_and_not_listened_on()
    {
        await using var network = await NamespaceNetwork.CreateAsync(2);
        var (views, report) = (new List<HostView>(), default(PairReport));
        using var taken = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("ip", ["netns", "exec", network.Hosts[0].Host.Name, "python3", "-c", "import socket,time\ns=socket.socket();s.bind(('0.0.0.0',10250));s.listen();time.sleep(600)"]))!;
        try
        {
            do
                views = [.. await ViewsAsync(network)];
            while (!views[0].Facts.ListeningPorts.Contains(10250));
            report = await new PairProbing(Options).RunAsync(views, CancellationToken.None);
            Assert.All(report.To(views[0].Name), p => Assert.Equal(PairOutcome.Reached, p.Outcome));
            Assert.Contains(report.To(views[0].Name), p => p.Port == 10250);
        }
        finally
        {
            taken.Kill(entireProcessTree: true);
        }
    }

    [Fact]
    public async Task A_host_without_any_tool_takes_no_part_and_says_so()
    {
        await using var network = await NamespaceNetwork.CreateAsync(2);
        var views = await ViewsAsync(network);
        var report = await new PairProbing(Options, " nothing ").RunAsync(views, CancellationToken.None);
        Assert.Contains("listen with none of systemd-socket-activate, python3 and perl", report.Reason(views[0].Name), StringComparison.Ordinal);
        Assert.Empty(report.From(views[0].Name));
    }

    [Fact]
    public async Task A_probe_that_is_cancelled_leaves_nothing_behind()
    {
        await using var network = await NamespaceNetwork.CreateAsync(2);
        var views = await ViewsAsync(network);
        await NamespaceNetwork.InAsync(network.Hosts[0], "iptables -A INPUT -p tcp -j DROP");
        using var stop = new CancellationTokenSource();
        var running = new PairProbing(Options).RunAsync(views, stop.Token);
        while (!(await NamespaceNetwork.InAsync(network.Hosts[1], "cat /proc/net/tcp /proc/net/tcp6")).Contains(":280A ", StringComparison.Ordinal))
            Assert.False(running.IsCompleted);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        while ((await NamespaceNetwork.InAsync(network.Hosts[1], "cat /proc/net/tcp /proc/net/tcp6")).Contains(" 0A ", StringComparison.Ordinal))
        {
        }
    }

    [Fact]
    public async Task The_host_that_must_be_mended_is_the_one_that_fails()
    {
        await using var network = await NamespaceNetwork.CreateAsync(3);
        var check = new PreflightOptions { Checks = ["Reachability", "Mtu"] };
        Assert.All(await HostPreflight.RunAsync(network.Hosts, check), r => Assert.True(r.Status == HostCheckStatus.Passed, r.Message));

        // The second lets nobody in.
        await NamespaceNetwork.InAsync(network.Hosts[1], "iptables -P INPUT DROP; iptables -A INPUT -m state --state ESTABLISHED -j ACCEPT");
        var closed = Assert.Single(await HostPreflight.RunAsync(network.Hosts, check), r => r.Status == HostCheckStatus.Failed);
        Assert.Equal((network.Hosts[1].Host.Name, "Reachability"), (closed.Host, closed.Check));
        await NamespaceNetwork.InAsync(network.Hosts[1], closed.RemedyCommand!);
        Assert.All(await HostPreflight.RunAsync(network.Hosts, check), r => Assert.True(r.Status == HostCheckStatus.Passed, r.Message));

        // The third sends nothing out.
        await NamespaceNetwork.InAsync(network.Hosts[2], "iptables -A OUTPUT -p tcp --syn -j REJECT");
        var mute = Assert.Single(await HostPreflight.RunAsync(network.Hosts, check), r => r.Status == HostCheckStatus.Failed);
        Assert.Equal((network.Hosts[2].Host.Name, "Reachability"), (mute.Host, mute.Check));
        Assert.Contains("reaches none of the others", mute.Message, StringComparison.Ordinal);
    }

    private static async Task<IReadOnlyList<HostView>> ViewsAsync(NamespaceNetwork network)
    {
        var views = new List<HostView>();
        foreach (var host in network.Hosts)
            views.Add(new HostView(host, await Sealer.Hosts.Facts.HostFactsReader.GatherAsync(host.Host), new HostConditions(), null));
        views.ForEach(v => v.All = views);
        return views;
    }
}
