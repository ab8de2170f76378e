using System.Globalization;
using System.Net;
using Sealer.Hosts;
using Sealer.Hosts.Checks;
using Sealer.Hosts.Memory;

namespace Sealer.Tests.Hosts.Checks;

/// <summary>What a host in order says of itself, and hosts in memory that say so but for some lines.</summary>
internal static class SampleHost
{
    private const string Text = """
        uid	0
        hostname	NAME
        kernel	6.1.0-18-amd64
        machine	x86_64
        product_uuid	uuid-NAME
        machine_id	id-NAME
        os_id	debian
        cpus	4
        MemTotal	8000000
        SwapTotal	0
        addr	2: eth0@if7    inet ADDRESS/24 brd 10.0.0.255 scope global eth0
        route	default via 10.0.0.254 dev eth0 proto dhcp
        port	0016
        module	overlay Loaded
        module	br_netfilter Available
        module	nf_conntrack Loaded
        module	ip_vs Available
        module	ip_vs_rr Available
        sysctl	net/ipv4/ip_forward 1
        sysctl	net/bridge/bridge-nf-call-iptables 1
        sysctl	fs/inotify/max_user_instances 8192
        sysctl	fs/inotify/max_user_watches 524288
        cgroup	2
        systemd	1
        apparmor	Y
        end	1
        place	0 /dev/sda1 100000000 4000 90000000 4% /
        place	1 /dev/sda1 100000000 4000 90000000 4% /
        place	2 /dev/sda1 100000000 4000 90000000 4% /
        place	3 /dev/sda1 100000000 4000 90000000 4% /
        place	4 /dev/sda1 100000000 4000 90000000 4% /
        place	5 /dev/sda1 100000000 4000 90000000 4% /
        inodes	0 /dev/sda1 10000000 4000 9000000 4% /
        mounts	/dev/sda1 / ext4 rw,relatime 0 0
        swaps	
        zone	+0000 UTC
        resolves	ADDRESS NAME
        resolv	nameserver 10.0.0.253
        dnsprobe	1
        dnsanswer	10.0.0.253
        routes	default via 10.0.0.254 dev eth0 proto dhcp
        routes	10.0.0.0/24 dev eth0 proto kernel scope link src ADDRESS
        link	1: lo: <LOOPBACK,UP> mtu 65536 qdisc noqueue state UNKNOWN mode DEFAULT \    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
        link	2: eth0@if7: <BROADCAST,UP> mtu 1500 qdisc noqueue state UP mode DEFAULT \    link/ether 02:MAC brd ff:ff:ff:ff:ff:ff
        listens	LISTEN 0 128 0.0.0.0:22 0.0.0.0:* users:(("sshd",pid=12,fd=3))
        active	chronyd
        nofile	DefaultLimitNOFILE=524288
        iptables	-P INPUT ACCEPT
        iptables	-P FORWARD ACCEPT
        controller	cpu
        controller	cpuset
        controller	memory
        controller	pids
        sshd	maxsessions 10
        sshd	allowtcpforwarding yes
        fsync	115000 bytes (115 kB, 112 KiB) copied, 0.0123 s, 9.3 MB/s
        """;

    private static readonly string[] Tools =
        [.. HostTools.OfContent, "mount", "umount", "systemctl", "modprobe", "sysctl", "ip", "iptables", "conntrack", "socat", "ethtool", "tc", "nsenter", "bash", "apparmor_parser"];

    /// <summary>A control plane with some lines instead of those it would say, and some requirements.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="number">The last part of its address, 10.0.0.N.</param>
    /// <param name="change">What it says instead.</param>
    /// <param name="needs">What is asked of it.</param>
    /// <param name="role">Its role.</param>
    public static PreflightHost Of(string name, int number = 1, Func<string, string>? change = null, HostRequirements? needs = null, string role = "master")
    {
        var address = $"10.0.0.{number}";
        var text = Text.Replace("NAME", name, StringComparison.Ordinal).Replace("ADDRESS", address, StringComparison.Ordinal)
            .Replace("02:MAC", $"02:00:00:00:00:{number:x2}", StringComparison.Ordinal)
            + string.Concat(Tools.Select(t => $"\nhave\t{t}"));
        text = (change?.Invoke(text) ?? text) + "\nfinished\t1\n";
        var host = new MemoryHost(name, _ => new HostCommandResult(
            name, 0, text.Contains("time\t", StringComparison.Ordinal) ? text : $"time\t{DateTimeOffset.UtcNow.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)}\n{text}", "", false));
        return new PreflightHost(host, [role], needs ?? new HostRequirements()) { Address = IPAddress.Parse(address) };
    }

    /// <summary>What did not pass of what can be looked at without connecting between hosts.</summary>
    public static async Task<IReadOnlyList<HostCheckResult>> FindingsAsync(params PreflightHost[] hosts)
    {
        var checks = HostChecks.All.Where(c => !c.IsBetweenHosts).Select(c => c.Name).ToList();
        var results = await HostPreflight.RunAsync(hosts, new PreflightOptions { Checks = checks });
        return [.. results.Where(r => r.Status is not (HostCheckStatus.Passed or HostCheckStatus.Skipped))];
    }
}
