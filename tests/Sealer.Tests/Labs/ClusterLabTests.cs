using System.Diagnostics;
using Sealer.Hosts;
using Sealer.Labs;

namespace Sealer.Tests.Labs;

/// <summary>What four hosts are like that nobody has broken.</summary>
[Trait("Tier", "lab")]
[Collection(LabCollection.Name)]
public sealed class ClusterLabTests(LabFixture fixture)
{
    [Fact]
    public async Task Four_hosts_have_a_name_and_systemd_each_and_answer_to_the_labs_key()
    {
        var lab = await fixture.SharedAsync();

        Assert.Equal(4, lab.Hosts.Count);
        foreach (var host in lab.Hosts)
        {
            var result = await SshAsync(host, "hostname; ps -p 1 -o comm=; systemctl is-system-running --wait");
            Assert.Equal($"{host.Name}\nsystemd\nrunning\n", result.Output);
            Assert.Equal(LabHostState.Running, host.State);
        }
    }

    [Fact]
    public async Task Hosts_reach_each_other_by_name_and_nothing_else()
    {
        var lab = await fixture.SharedAsync();
        var names = string.Join(' ', lab.Hosts.Select(h => h.Name));

        var result = await lab.Hosts[0].RunAsync($"for name in {names}; do ping -c 1 -W 5 -q $name >/dev/null || echo no $name; done");
        var outside = await lab.Hosts[0].RunAsync("ping -c 1 -W 5 192.0.2.77");

        Assert.Equal("", result.Output);
        Assert.Contains("Unreachable", outside.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_host_turns_in_the_kernel_stays_with_it()
    {
        var lab = await fixture.SharedAsync();
        var before = File.ReadAllText("/proc/sys/vm/swappiness").Trim();
        var other = before == "17" ? "18" : "17";

        var result = await lab.Hosts[0].RunAsync($"sysctl -w vm.swappiness={other} >/dev/null; sysctl -n vm.swappiness; sysctl -w vm.swappiness={before} >/dev/null;");

        Assert.StartsWith(other, result.Output, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllText("/proc/sys/vm/swappiness").Trim());
    }

    [Fact]
    public async Task A_host_cannot_set_the_clock_which_is_the_machines()
    {
        var lab = await fixture.SharedAsync();
        // To what it is: so that nothing happens where it is not refused.
        const string set = "date -s @$(date +%s) >/dev/null && echo set";

        Assert.Contains("not permitted", (await lab.Hosts[0].RunAsync(set)).Error, StringComparison.Ordinal);
        Assert.Equal("", (await SshAsync(lab.Hosts[0], set)).Output);
    }

    [Fact]
    public async Task Hosts_differ_where_machines_do()
    {
        var lab = await fixture.SharedAsync();

        var said = await Task.WhenAll(lab.Hosts.Select(async host => (await host.RunAsync(
            "cat /etc/machine-id /proc/sys/kernel/random/boot_id /etc/ssh/ssh_host_ed25519_key.pub")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)));

        for (var i = 0; i < 3; i++)
            Assert.Equal(4, said.Select(lines => lines[i]).Distinct().Count());
    }

    [Fact]
    public async Task Where_container_runtimes_keep_their_files_is_no_overlay()
    {
        var lab = await fixture.SharedAsync();

        var result = await lab.Hosts[3].RunAsync("for name in containerd kubelet etcd sealer; do findmnt -n -o FSTYPE --target /var/lib/$name; done; findmnt -n -o FSTYPE /");

        Assert.EndsWith("overlay\n", result.Output, StringComparison.Ordinal);
        Assert.Equal(1, result.Output.Split("overlay").Length - 1);
    }

    [Fact]
    public async Task Tools_that_delivery_and_Kubernetes_need_are_there()
    {
        var lab = await fixture.SharedAsync();

        var result = await lab.Hosts[0].RunAsync(
            "for tool in ip ss iptables nft ipset ipvsadm ebtables conntrack socat ethtool modprobe sysctl sudo ssh tar gzip sha256sum curl openssl findmnt mount nsenter; do command -v $tool >/dev/null || echo $tool; done");

        Assert.Equal("", result.Output);
    }

    [Fact]
    public async Task The_key_and_the_folder_are_for_their_owner_only()
    {
        var lab = await fixture.SharedAsync();

        Assert.Equal("600", ModeOf(lab.KeyPath));
        Assert.Equal("700", ModeOf(lab.Folder));
        Assert.Equal("600", ModeOf(Path.Combine(lab.Folder, "password")));

        static string ModeOf(string path) => Convert.ToString((int)(Posix.Stat(path)!.Value.Mode & 0x1FF), 8);
    }

    [Fact]
    public async Task The_fingerprint_is_that_of_the_key_the_host_shows()
    {
        var lab = await fixture.SharedAsync();

        foreach (var host in lab.Hosts)
        {
            var shown = await LabTools.RunAsync("sh", ["-c", "ssh-keyscan -t ed25519 \"$1\" 2>/dev/null | ssh-keygen -lf -", "sh", host.Address.ToString()]);
            Assert.Contains(host.HostKeyFingerprint, shown.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_link_has_the_delay_it_is_given_until_it_has_none()
    {
        var lab = await fixture.SharedAsync();
        var host = lab.Hosts[1];
        try
        {
            await host.SetLinkAsync(new LinkConditions { Delay = TimeSpan.FromMilliseconds(150) });
            Assert.InRange(await RoundTripAsync(host), 300, double.MaxValue);
            await host.SetLinkAsync(new LinkConditions { Delay = TimeSpan.FromMilliseconds(40) });
            Assert.InRange(await RoundTripAsync(host), 80, double.MaxValue);
        }
        finally
        {
            await host.SetLinkAsync(LinkConditions.None);
        }

        Assert.True(host.Link.AreNone);
        Assert.True((await SshAsync(host, "true")).Succeeded);
    }

    [Fact]
    public async Task The_uplink_delays_what_goes_to_every_host()
    {
        var lab = await fixture.SharedAsync();
        try
        {
            await lab.SetUplinkAsync(new LinkConditions { Delay = TimeSpan.FromMilliseconds(100) });
            foreach (var host in lab.Hosts)
                Assert.InRange(await TimeAsync(() => SshAsync(host, "true")), 400, double.MaxValue);
        }
        finally
        {
            await lab.SetUplinkAsync(LinkConditions.None);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(20)]
    public async Task A_link_carries_no_more_than_its_rate(int delay)
    {
        var lab = await fixture.SharedAsync();
        var host = lab.Hosts[2];
        try
        {
            await host.SetLinkAsync(new LinkConditions { Rate = 8_000_000, Delay = TimeSpan.FromMilliseconds(delay) });
            // Two megabytes at one a second, each way.
            Assert.InRange(await TimeAsync(() => SshAsync(host, "head -c 2000000 /dev/zero")), 1700, double.MaxValue);
            Assert.InRange(await TimeAsync(() => SshAsync(host, "cat >/dev/null", new string('x', 2_000_000))), 1500, double.MaxValue);
        }
        finally
        {
            await host.SetLinkAsync(LinkConditions.None);
        }
    }

    [Fact]
    public async Task A_link_loses_what_it_is_told_to_and_the_connection_survives_it()
    {
        var lab = await fixture.SharedAsync();
        var host = lab.Hosts[3];
        try
        {
            await host.SetLinkAsync(new LinkConditions { Loss = 30 });
            var pings = await host.RunAsync("ping -q -c 300 -i 0.01 -W 1 " + lab.ControllerAddress);
            var lost = double.Parse(pings.Output.Split("% packet loss")[0].Split(' ')[^1], System.Globalization.CultureInfo.InvariantCulture);
            // There and back: 51 percent of them.
            Assert.InRange(lost, 25, 75);
            await host.SetLinkAsync(new LinkConditions { Loss = 2 });
            Assert.Equal(300_000, (await SshAsync(host, "head -c 300000 /dev/zero | tr '\\0' x")).Output.Length);
        }
        finally
        {
            await host.SetLinkAsync(LinkConditions.None);
        }
    }

    internal static Task<HostCommandResult> SshAsync(LabHost host, string command, string input = "") => LabTools.RunAsync(
        "ssh",
        [
            "-q", "-i", host.KeyPath, "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", $"UserKnownHostsFile={host.KnownHostsPath}", "-o", "ConnectTimeout=30",
            "-F", "none",
            .. host.ProxyJump is { } jump ? ["-o", $"ProxyCommand=ssh -q -F none -i {host.KeyPath} -o IdentitiesOnly=yes -o BatchMode=yes -o UserKnownHostsFile={host.KnownHostsPath} -W %h:%p {jump}"] : Array.Empty<string>(),
            $"{host.User}@{host.Address}", command,
        ],
        input);

    /// <summary>Milliseconds a packet takes there and back.</summary>
    private static async Task<double> RoundTripAsync(LabHost host)
    {
        using var ping = new System.Net.NetworkInformation.Ping();
        for (; ; )
        {
            var watch = Stopwatch.StartNew();
            var reply = await ping.SendPingAsync(host.Address, TimeSpan.FromSeconds(20));
            if (reply.Status == System.Net.NetworkInformation.IPStatus.Success)
                return watch.Elapsed.TotalMilliseconds;
        }
    }

    private static async Task<double> TimeAsync(Func<Task<HostCommandResult>> act)
    {
        var watch = Stopwatch.StartNew();
        Assert.True((await act()).Succeeded);
        return watch.Elapsed.TotalMilliseconds;
    }
}
