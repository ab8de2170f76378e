using System.Net;
using Sealer.Hosts.Checks;
using Sealer.Hosts.Local;
using Sealer.Hosts.Memory;

namespace Sealer.Tests.Hosts.Checks;

public sealed class HostPreflightTests
{
    private const long GiB = 1L << 30;

    [Fact]
    public async Task A_host_in_order_passes_every_check()
    {
        var results = await HostPreflight.RunAsync([SampleHost.Of("n1")], new PreflightOptions());
        Assert.Equal(HostChecks.All.Select(c => c.Name), results.Select(r => r.Check));
        Assert.All(results, r => Assert.True(r.Status is HostCheckStatus.Passed or HostCheckStatus.Skipped, $"{r} {r.Message}"));
        Assert.Equal(["NetworkOverlap", "Reachability"], results.Where(r => r.Status == HostCheckStatus.Skipped).Select(r => r.Check));
        Assert.All(results, r => Assert.True(r.Remedy is null && r.RemedyCommand is null && r.Message.EndsWith('.'), r.ToString()));
    }

    [Theory]
    [InlineData("HostName", "hostname\tn1", "hostname\tNode_1", "hostnamectl set-hostname node-1")]
    [InlineData("HostName", "hostname\tn1", "hostname\tn1.example.com", "hostnamectl set-hostname n1")]
    [InlineData("HostName", "hostname\tn1", "hostname\tlocalhost", null)]
    [InlineData("HostName", "hostname\tn1", "hostname\tLOCALHOST.localdomain", null)]
    [InlineData("HostNameResolves", "resolves\t10.0.0.1 n1", "resolves\t", "/etc/hosts")]
    [InlineData("MachineId", "machine_id\tid-n1", "x\t", "systemd-machine-id-setup")]
    [InlineData("Architecture", "machine\tx86_64", "machine\ts390x", null)]
    [InlineData("Kernel", "kernel\t6.1.0-18-amd64", "kernel\t2.6.32-754.el6.x86_64", null)]
    [InlineData("Kernel", "kernel\t6.1.0-18-amd64", "kernel\t3.10.0-1160.el7", null)]
    [InlineData("Systemd", "systemd\t1", "x\t", null)]
    [InlineData("Cpu", "cpus\t4", "cpus\t1", null)]
    [InlineData("Memory", "MemTotal\t8000000", "MemTotal\t1000000", null)]
    [InlineData("DiskSpace", " 90000000 4%", " 2000000 98%", null)]
    [InlineData("Inodes", "9000000 4%", "900 4%", null)]
    [InlineData("MountOptions", "ext4 rw,", "ext4 ro,", "mount -o remount,rw /")]
    [InlineData("MountOptions", "ext4 rw,", "ext4 rw,noexec,", "mount -o remount,exec /")]
    [InlineData("FileSystem", "/ ext4", "/ nfs4", null)]
    [InlineData("FileSystem", "mounts\t/dev/sda1 / ext4", "noftype\t/\nmounts\t/dev/sda1 / xfs", null)]
    [InlineData("EtcdDisk", "copied, 0.0123 s", "copied, 2.5 s", null)]
    [InlineData("TimeService", "active\tchronyd", "x\t", null)]
    [InlineData("Swap", "SwapTotal\t0", "SwapTotal\t1000", "swapoff -a")]
    [InlineData("Swap", "swaps\t", "swaps\t/swap.img ", "swapoff -a")]
    [InlineData("SeLinux", "apparmor\tY", "apparmor\tY\nselinux\t1", "setenforce 0")]
    [InlineData("AppArmor", "have\tapparmor_parser", "x\t", null)]
    [InlineData("Cgroups", "controller\tpids", "x\t", null)]
    [InlineData("KernelModules", "nf_conntrack Loaded", "nf_conntrack Missing", null)]
    [InlineData("Ipvs", "ip_vs Available", "ip_vs Missing", null)]
    [InlineData("IpForward", "ip_forward 1", "ip_forward 0", "sysctl -w net.ipv4.ip_forward=1")]
    [InlineData("BridgeNetfilter", "bridge-nf-call-iptables 1", "bridge-nf-call-iptables 0", "sysctl -w net.bridge.bridge-nf-call-iptables=1")]
    [InlineData("Inotify", "max_user_instances 8192", "max_user_instances 16", "sysctl -w fs.inotify.max_user_instances=128")]
    [InlineData("Inotify", "max_user_watches 524288", "max_user_watches 100", "sysctl -w fs.inotify.max_user_watches=524288")]
    [InlineData("OpenFiles", "DefaultLimitNOFILE=524288", "DefaultLimitNOFILE=1024", "DefaultLimitNOFILE=1024:524288")]
    [InlineData("Tools", "have\ttar", "x\t", null)]
    [InlineData("KubernetesTools", "have\tconntrack", "x\t", null)]
    [InlineData("SshServer", "maxsessions 10", "maxsessions 1", null)]
    [InlineData("Address", "inet 10.0.0.1/24", "inet 192.168.7.7/24", null)]
    [InlineData("DefaultRoute", "routes\tdefault via 10.0.0.254 dev eth0 proto dhcp", "x\t", "ip route add default dev eth0")]
    [InlineData("Ports", "port\t0016", "port\t192B", null)]
    [InlineData("Ports", "port\t0016", "port\t7531", null)]
    [InlineData("Firewall", "-P INPUT ACCEPT", "-P INPUT DROP", "iptables -I INPUT -p tcp -m multiport --dports 2379,2380,6443,10250,10256,30000:32767 -j ACCEPT")]
    [InlineData("Firewall", "active\tchronyd", "active\tchronyd\nactive\tfirewalld\nfirewalld\t6443/tcp 2379-2380/tcp 30000-32767/tcp", "--add-port=10250/tcp --add-port=10256/tcp &&")]
    [InlineData("Firewall", "active\tchronyd", "active\tchronyd\nufw\tStatus: active\nufw\t2379:2380/tcp   ALLOW   Anywhere", "ufw allow 6443/tcp && ufw allow 10250/tcp")]
    [InlineData("Firewall", "active\tchronyd", "active\tchronyd\nnft\tpolicy inet filter input\nnft\t\ttcp dport { 22, 6443, 2379-2380 } accept", "nft insert rule inet filter input tcp dport '{ 10250, 10256, 30000-32767 }' accept")]
    [InlineData("PacketForwarding", "-P FORWARD ACCEPT", "-P FORWARD DROP", "iptables -P FORWARD ACCEPT")]
    [InlineData("Dns", "nameserver 10.0.0.253", "nameserver 127.0.0.1", null)]
    [InlineData("Dns", "dnsanswer\t10.0.0.253", "x\t", null)]
    [InlineData("Proxy", "nofile\t", "proxy\thttps_proxy in /etc/environment\nnofile\t", null)]
    [InlineData("ExistingKubernetes", "nofile\t", "kube\t/etc/kubernetes/manifests/etcd.yaml\nnofile\t", "rm -rf /etc/kubernetes")]
    [InlineData("ExistingKubernetes", "nofile\t", "state\t/var/lib/rancher\nnofile\t", null)]
    [InlineData("ExistingEtcd", "nofile\t", "state\t/var/lib/etcd/member\nnofile\t", "rm -rf /var/lib/etcd/member")]
    [InlineData("ExistingRuntime", "active\tchronyd", "active\tchronyd\nactive\tdocker", "systemctl disable --now docker")]
    [InlineData("ExistingCni", "nofile\t", "cni\t/etc/cni/net.d/10 a.conflist\nnofile\t", "rm -rf '/etc/cni/net.d/10 a.conflist'")]
    [InlineData("ExistingCni", "nofile\t", "link\t9: flannel.1: <UP> mtu 1450 qdisc noqueue link/ether 02:00:00:00:00:09 brd ff\nnofile\t", "ip link delete flannel.1")]
    [InlineData("ExistingCluster", "nofile\t", "sealer\tother\nnofile\t", "rm -rf /var/lib/sealer/data/other")]
    public async Task Each_check_sees_just_what_it_is_for(string check, string before, string after, string? remedy)
    {
        var host = SampleHost.Of(
            "n1", change: text => text.Contains(before, StringComparison.Ordinal) ? text.Replace(before, after, StringComparison.Ordinal) : throw new InvalidOperationException(before),
            needs: new HostRequirements { Cluster = "skyline", Architectures = ["amd64", "arm64"] });
        var found = Assert.Single(await SampleHost.FindingsAsync(host));
        Assert.Equal(check, found.Check);
        Assert.False(string.IsNullOrEmpty(found.Remedy));
        if (remedy is null)
            Assert.Null(found.RemedyCommand);
        else
            Assert.Contains(remedy, found.RemedyCommand, StringComparison.Ordinal);
        if (found.RemedyCommand is not null)
            Assert.Contains(found.RemedyCommand, found.Remedy, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HostNameUnique", "hostname\tn2", "hostname\tn1")]
    [InlineData("ProductUuid", "uuid-n2", "UUID-N1")]
    [InlineData("MachineId", "\tid-n2", "\tid-n1")]
    [InlineData("MacAddress", "02:00:00:00:00:02", "02:00:00:00:00:01")]
    public async Task What_must_be_unique_is_told_of_all_that_share_it(string check, string own, string shared)
    {
        var found = await SampleHost.FindingsAsync(
            SampleHost.Of("n1"), SampleHost.Of("n2", 2, text => text.Replace(own, shared, StringComparison.Ordinal)), SampleHost.Of("n3", 3));
        Assert.Equal([("n1", check), ("n2", check)], found.Select(r => (r.Host, r.Check)));
        Assert.Contains("n2", found[0].Message, StringComparison.Ordinal);
        Assert.DoesNotContain("n3", found[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_one_host_whose_clock_is_wrong_is_told_and_not_the_others()
    {
        var found = Assert.Single(await SampleHost.FindingsAsync(SampleHost.Of("n1"), SampleHost.Of("n2", 2, Ago(3600)), SampleHost.Of("n3", 3)));
        Assert.Equal(("n2", "ClockSkew", HostCheckStatus.Failed), (found.Host, found.Check, found.Status));
        Assert.Contains("3600 s behind this controller's", found.Message, StringComparison.Ordinal);
        var slight = Assert.Single(await SampleHost.FindingsAsync(SampleHost.Of("n1"), SampleHost.Of("n2", 2, Ago(-20)), SampleHost.Of("n3", 3)));
        Assert.Equal(("n2", HostCheckStatus.Warning), (slight.Host, slight.Status));

        static Func<string, string> Ago(int seconds) => text => $"time\t{DateTimeOffset.UtcNow.ToUnixTimeSeconds() - seconds}\n{text}";
    }

    [Fact]
    public async Task The_time_zone_that_most_have_is_right_and_another_is_worth_a_note()
    {
        var found = Assert.Single(await SampleHost.FindingsAsync(
            SampleHost.Of("n1"), SampleHost.Of("n2", 2, t => t.Replace("zone\t+0000 UTC", "zone\t+0200 CEST", StringComparison.Ordinal)), SampleHost.Of("n3", 3)));
        Assert.Equal(("n2", "TimeZone", HostCheckSeverity.Note), (found.Host, found.Check, found.Severity));
    }

    [Fact]
    public async Task Folders_on_one_mount_need_their_room_together()
    {
        // 90 GB free: enough for each alone, not for all.
        var needs = new HostRequirements { RootfsBytes = 40 * GiB, ContainerImageBytes = 45 * GiB };
        var found = Assert.Single(await SampleHost.FindingsAsync(SampleHost.Of("n1", needs: needs)));
        Assert.Equal(("DiskSpace", HostCheckStatus.Failed), (found.Check, found.Status));
        Assert.Contains("88 GiB are needed", found.Message.Replace("86 GiB free", "", StringComparison.Ordinal), StringComparison.Ordinal);
        var apart = SampleHost.Of("n1", needs: needs, change: t => t
            .Replace("place\t1 /dev/sda1 100000000 4000 90000000 4% /", "place\t1 /dev/sdb1 900000000 4000 300000000 4% /var/lib/containerd", StringComparison.Ordinal));
        Assert.Empty(await SampleHost.FindingsAsync(apart));
        // Room for what is brought, but not for all of it unpacked.
        var tight = Assert.Single(await SampleHost.FindingsAsync(SampleHost.Of("n1", needs: needs with { RootfsBytes = GiB })));
        Assert.Equal(HostCheckStatus.Warning, tight.Status);
    }

    [Theory]
    [InlineData("10.0.0.0/16", "10.96.0.0/12", "overlaps its route to 10.0.0.0/24 through eth0")]
    [InlineData("10.244.0.0/16", "10.244.8.0/22", "overlaps that of services")]
    [InlineData("10.244.0.0/16", "10.0.0.253/32", "holds its name server 10.0.0.253")]
    public async Task Networks_that_meet_are_told(string pods, string services, string told)
    {
        var needs = new HostRequirements { PodNetworks = [IPNetwork.Parse(pods)], ServiceNetworks = [IPNetwork.Parse(services)] };
        var found = Assert.Single(await SampleHost.FindingsAsync(SampleHost.Of("n1", needs: needs)));
        Assert.Equal("NetworkOverlap", found.Check);
        Assert.Contains(told, found.Message, StringComparison.Ordinal);
        Assert.Empty(await SampleHost.FindingsAsync(SampleHost.Of("n1", needs: new HostRequirements { PodNetworks = [IPNetwork.Parse("10.244.0.0/16")], ServiceNetworks = [IPNetwork.Parse("10.96.0.0/12")] })));
    }

    [Fact]
    public async Task A_proxy_that_leaves_out_the_cluster_is_no_matter()
    {
        static string With(string text, string exceptions) => text + $"\nproxy\tthe user's environment\nnoproxy\t{exceptions}";
        Assert.Empty(await SampleHost.FindingsAsync(SampleHost.Of("n1", change: t => With(t, "10.0.0.0/24"))));
        Assert.Empty(await SampleHost.FindingsAsync(SampleHost.Of("n1", change: t => With(t, "localhost, 10.0.0.1"))));
        Assert.Equal("Proxy", Assert.Single(await SampleHost.FindingsAsync(SampleHost.Of("n1", change: t => With(t, "10.1.0.0/24")))).Check);
    }

    [Fact]
    public async Task A_node_of_the_very_cluster_is_no_leftover()
    {
        static string Member(string text) => text + "\nkubelet\tKubernetes v1.31.1\nfile\t/etc/kubernetes/kubelet.conf\nkube\t/etc/kubernetes/kubelet.conf\nsealer\tskyline\nactive\tkubelet\nactive\tcontainerd\nport\t192B\ncni\t/etc/cni/net.d/10.conf\nstate\t/var/lib/etcd/member";
        Assert.Empty(await SampleHost.FindingsAsync(SampleHost.Of("n1", change: Member, needs: new HostRequirements { Cluster = "skyline" })));
        Assert.Equal(
            ["Ports", "ExistingKubernetes", "ExistingEtcd", "ExistingRuntime", "ExistingCni", "ExistingCluster"],
            (await SampleHost.FindingsAsync(SampleHost.Of("n1", change: Member, needs: new HostRequirements { Cluster = "other" }))).Select(r => r.Check));
    }

    [Fact]
    public async Task Workers_need_less()
    {
        static string Small(string text) => text.Replace("cpus\t4", "cpus\t1", StringComparison.Ordinal).Replace("MemTotal\t8000000", "MemTotal\t1000000", StringComparison.Ordinal)
            .Replace("port\t0016", "port\t192B", StringComparison.Ordinal);
        Assert.Empty(await SampleHost.FindingsAsync(SampleHost.Of("n1", change: Small, role: "node")));
        Assert.Equal(["Cpu", "Memory", "Ports"], (await SampleHost.FindingsAsync(SampleHost.Of("n1", change: Small))).Select(r => r.Check));
    }

    [Fact]
    public async Task A_host_that_cannot_be_reached_is_one_failed_result_and_the_others_go_on()
    {
        var gone = new MemoryHost("gone", _ => throw new SealerException("HostUnreachable", ErrorKind.Connection, "gone does not answer."));
        var results = await HostPreflight.RunAsync(
            [new PreflightHost(gone, ["node"], new HostRequirements()), SampleHost.Of("n1")], new PreflightOptions { Checks = ["Cpu", "Memory"] });
        Assert.Equal([("gone", "Reachable", HostCheckStatus.Failed), ("n1", "Cpu", HostCheckStatus.Passed), ("n1", "Memory", HostCheckStatus.Passed)], results.Select(r => (r.Host, r.Check, r.Status)));
        Assert.Contains("gone does not answer", results[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_root_what_only_root_sees_is_skipped_and_the_rest_is_told()
    {
        var sample = SampleHost.Of("n1");
        var host = new MemoryHost("n1", command => command.Elevated
            ? throw new SealerException("SudoPasswordWrong", ErrorKind.Authentication, "n1 refused the password for sudo. Give the right one.")
            : sample.Host.RunAsync(command).GetAwaiter().GetResult());
        var results = await HostPreflight.RunAsync([sample with { Host = host }]);
        Assert.Equal("Sudo", Assert.Single(results, r => r.Status == HostCheckStatus.Failed).Check);
        Assert.Equal(
            ["SshServer", "ProductUuid", "EtcdDisk", "NetworkOverlap", "Firewall", "PacketForwarding", "Reachability", "ExistingEtcd"],
            results.Where(r => r.Status == HostCheckStatus.Skipped).Select(r => r.Check));
    }

    [Theory]
    [InlineData("Swap")]
    [InlineData("swap")]
    [InlineData("Sw*")]
    [InlineData("Error")]
    public async Task What_is_ignored_is_shown_as_ignored(string ignore)
    {
        var host = SampleHost.Of("n1", change: t => t.Replace("SwapTotal\t0", "SwapTotal\t1000", StringComparison.Ordinal).Replace("ip_vs Available", "ip_vs Missing", StringComparison.Ordinal));
        var results = await HostPreflight.RunAsync([host], new PreflightOptions { Ignore = [ignore] });
        Assert.Equal(HostCheckStatus.Ignored, results.Single(r => r.Check == "Swap").Status);
        Assert.Equal(HostCheckStatus.Warning, results.Single(r => r.Check == "Ipvs").Status);
        Assert.Equal(HostCheckStatus.Passed, results.Single(r => r.Check == "Cpu").Status);
    }

    [Fact]
    public async Task A_check_that_is_none_is_an_error_with_the_nearest_name()
    {
        var error = await Assert.ThrowsAsync<SealerException>(() => HostPreflight.RunAsync([], new PreflightOptions { Ignore = ["Swpa"] }));
        Assert.Equal("HostCheckUnknown", error.Id);
        Assert.Contains("did you mean 'Swap'?", error.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<SealerException>(() => HostPreflight.RunAsync([], new PreflightOptions { Checks = ["Error"] }));
    }

    [Fact]
    public async Task Hostile_answers_do_no_harm()
    {
        var host = SampleHost.Of("n1", change: t => t.Replace("hostname\tn1", "hostname\ta\u001b]0;x\u0007##vso[task.complete]", StringComparison.Ordinal)
            + "\ncni\t/etc/cni/net.d/\u001b[31m\nplace\t99 x\nplace\tx y\nlisten\t\nlink\t: :\nroutes\t%\nlistens\tLISTEN 0 0 0.0.0.0:zz\nfsync\t, 1e999 s\nzone\t\nsshd\tx");
        var results = await HostPreflight.RunAsync([host]);
        Assert.All(results, r => Assert.DoesNotContain(r.Message + r.Remedy, c => char.IsControl(c) && c != '\n'));
        Assert.All(results, r => Assert.DoesNotContain(r.RemedyCommand ?? "", char.IsControl));
        Assert.Contains(results, r => r.Check == "ExistingCni" && r.RemedyCommand is null && r.Remedy is not null);
        Assert.All(results, r => Assert.DoesNotContain("##vso", r.Message + r.Remedy + r.RemedyCommand, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Five_hundred_hosts_are_looked_at_with_one_command_each()
    {
        var hosts = Enumerable.Range(1, 500).Select(Numbered).ToArray();
        Assert.Empty(await SampleHost.FindingsAsync(hosts));
        Assert.All(hosts, h => Assert.Single(((MemoryHost)h.Host).Commands));

        static PreflightHost Numbered(int i)
        {
            var (high, low) = (i / 250, i % 250);
            var host = SampleHost.Of($"n{i}", change: t => t
                .Replace("10.0.0.1", $"10.{high}.{low}.1", StringComparison.Ordinal)
                .Replace("02:00:00:00:00:01", $"02:00:00:{high:x2}:{low:x2}:01", StringComparison.Ordinal));
            return host with { Address = IPAddress.Parse($"10.{high}.{low}.1") };
        }
    }

    [Fact]
    public void Of_many_hosts_the_pairs_are_a_sample_that_holds_all_with_control_planes()
    {
        var hosts = Enumerable.Range(0, 500).Select(i => SampleHost.Of($"n{i}", role: i < 3 ? "master" : "node")).ToList();
        var targets = PairPlan.Targets(hosts, 64);
        Assert.All(targets.Take(3), t => Assert.Equal(499, t.Count));
        Assert.All(targets.Skip(3), t => Assert.InRange(t.Count, 8, 11));
        Assert.All(targets.Skip(3), t => Assert.Subset(t.ToHashSet(), new HashSet<int> { 0, 1, 2 }));
        Assert.Equal(64 * 63, PairPlan.Targets(hosts[..64], 64).Sum(t => t.Count));
        Assert.InRange(targets.Sum(t => t.Count), 0, 500 * 16);
        // Even where all of them are control planes.
        Assert.InRange(PairPlan.Targets([.. Enumerable.Range(0, 500).Select(i => SampleHost.Of($"n{i}"))], 64).Sum(t => t.Count), 0, 500 * 64);
    }

    [LinuxFact]
    public async Task This_machine_tells_all_that_checks_want_to_know_and_is_left_as_it_was()
    {
        await using var host = new LocalHost();
        var results = await HostPreflight.RunAsync([new PreflightHost(host, ["master"], new HostRequirements { EtcdRoot = Path.GetTempPath() }) { Address = IPAddress.Loopback }]);
        Assert.Equal(HostChecks.All.Count, results.Count);
        Assert.Equal(HostCheckStatus.Passed, results.Single(r => r.Check == "Reachable").Status);
        Assert.DoesNotContain(HostCheckStatus.Skipped, results.Where(r => r.Check is "DiskSpace" or "FileSystem" or "MountOptions" or "TimeZone").Select(r => r.Status));
        Assert.Empty(Directory.GetFiles(Path.GetTempPath(), ".sealer-preflight-*"));
    }

    [Fact]
    public void Every_check_has_a_name_of_its_own_and_a_sentence()
    {
        Assert.Equal(HostChecks.All.Count, HostChecks.All.Select(c => c.Name).Distinct(StringComparer.OrdinalIgnoreCase).Count());
        Assert.Empty(HostChecks.All.Select(c => c.Name).Intersect(Enum.GetNames<HostCheckSeverity>(), StringComparer.OrdinalIgnoreCase));
        Assert.All(HostChecks.All, c => Assert.EndsWith(".", c.Summary, StringComparison.Ordinal));
    }
}
