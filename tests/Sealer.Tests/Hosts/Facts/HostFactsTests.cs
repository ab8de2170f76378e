using System.Net;
using Sealer.Hosts;
using Sealer.Hosts.Facts;
using Sealer.Hosts.Local;
using Sealer.Hosts.Memory;
using Sealer.Tests.Hosts.Ssh;

namespace Sealer.Tests.Hosts.Facts;

public sealed class HostFactsTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);

    private const string Sample = """
        time	1700003600
        uid	0
        hostname	node1
        kernel	6.1.0-18-amd64
        machine	aarch64
        product_uuid	4C4C4544-0000
        os_id	debian
        os_version	12
        os_name	Debian GNU/Linux 12 (bookworm)
        cpus	4
        MemTotal	8000000
        MemAvailable	6000000
        SwapTotal	0
        df	Filesystem     1024-blocks     Used Available Capacity Mounted on
        df	/dev/sda1         100000    40000     60000      40% /
        df	//nas/the share   100000   100000      -500     101% /mnt/with blank
        mount	/dev/sda1 / ext4 rw,relatime 0 0
        mount	//nas/the\040share /mnt/with\040blank nfs ro,noexec 0 0
        addr	1: lo    inet 127.0.0.1/8 scope host lo\       valid_lft forever preferred_lft forever
        addr	2: eth0@if7    inet6 2001:db8::5/64 scope global \       valid_lft forever
        addr	2: eth0@if7    inet 10.0.0.5/24 brd 10.0.0.255 scope global eth0
        route	default via 10.0.0.1 dev eth0 proto dhcp
        tool	tar /usr/bin/tar
        port	1A85
        port	0016
        port	1A85
        module	ip_vs Available
        module	ip_vs_rr Loaded
        module	overlay Missing
        sysctl	net/ipv4/ip_forward 1
        cgroup	2
        systemd	1
        selinux	1
        apparmor	N
        kubelet	Kubernetes v1.28.3
        file	/etc/kubernetes/kubelet.conf
        socket	/run/containerd/containerd.sock
        sealer	skyline
        end	1
        """;

    [Fact]
    public void Everything_that_is_told_is_read()
    {
        var facts = HostFactsReader.Read("n1", Sample, Now, Now.AddSeconds(2));
        Assert.Equal(("node1", "arm64", "4c4c4544-0000", 4, 8_192_000_000L, 0L), (facts.HostName, facts.Architecture, facts.ProductUuid, facts.Cpus, facts.Memory, facts.Swap));
        Assert.Equal(
            [
                new HostDisk("/", "/dev/sda1", "ext4", 102_400_000, 61_440_000, NoExec: false, ReadOnly: false),
                new HostDisk("/mnt/with blank", "//nas/the share", "nfs", 102_400_000, 0, NoExec: true, ReadOnly: true),
            ],
            facts.Disks);
        Assert.Equal(new HostAddress("eth0", IPAddress.Parse("2001:db8::5"), 64), facts.Addresses[1]);
        Assert.Equal("eth0", facts.DefaultInterface);
        Assert.Equal([22, 6789], facts.ListeningPorts);
        Assert.True(facts.HasIpvs);
        Assert.Equal("1", facts.Sysctls["net.ipv4.ip_forward"]);
        Assert.Equal("enforcing", facts.SeLinux);
        Assert.Equal("v1.28.3", facts.Kubernetes.KubeletVersion);
        Assert.True(facts.Kubernetes is { IsMember: true, IsControlPlane: false, IsAnything: true });
        Assert.InRange(facts.ClockSkew.TotalSeconds, 3599, 3600);
        Assert.Equal(1.5, facts.ClockUncertainty.TotalSeconds);
    }

    [Fact]
    public async Task An_answer_that_was_cut_is_no_facts()
    {
        await using var host = new MemoryHost("n1", _ => new HostCommandResult("n1", 0, Sample.Replace("end\t1", "", StringComparison.Ordinal), "", false));
        Assert.Equal("HostFactsNotReadable", (await Assert.ThrowsAsync<SealerException>(() => HostFactsReader.GatherAsync(host))).Id);
    }

    [Theory]
    [InlineData("time\t99999999999999999999")]
    [InlineData("MemTotal\t-5")]
    [InlineData("df\t% % % % % %")]
    [InlineData("addr\tinet inet")]
    [InlineData("addr\t1: x inet 10.0.0.1/")]
    [InlineData("port\tzz")]
    [InlineData("mount\t")]
    [InlineData("kubelet\t")]
    public void Odd_lines_break_nothing(string line) =>
        Assert.Equal("node1", HostFactsReader.Read("n1", $"{line}\n{Sample}", Now, Now).HostName);

    [LinuxFact]
    public async Task This_machine_tells_about_itself()
    {
        await using var host = new LocalHost();
        var facts = await HostFactsReader.GatherAsync(host);
        Assert.Equal(Environment.MachineName, facts.HostName);
        Assert.True(facts.Memory > 0 && facts.Cpus > 0 && facts.Disks.Count > 0);
        Assert.Contains("tar", facts.Tools.Keys);
        // The kernel gives a number to the first read of it only, and shells read byte by byte.
        Assert.Equal(File.ReadAllText("/proc/sys/net/ipv4/ip_forward").Trim(), facts.Sysctls["net.ipv4.ip_forward"]);
        Assert.Equal(File.ReadAllText("/proc/sys/fs/inotify/max_user_watches").Trim(), facts.Sysctls["fs.inotify.max_user_watches"]);
        Assert.InRange(facts.ClockSkew.Duration(), TimeSpan.Zero, facts.ClockUncertainty + TimeSpan.FromSeconds(0.1));
    }

    [Fact]
    [Trait("Tier", "parts")]
    public async Task A_host_tells_about_itself_over_ssh_whatever_the_users_shell()
    {
        await using var server = await SshServer.StartAsync(shell: "/usr/bin/fish");
        await server.AllowSudoAsync("USER ALL=(ALL) NOPASSWD: ALL");
        await using var host = server.Host();
        var (plain, root) = (await HostFactsReader.GatherAsync(host), await HostFactsReader.GatherAsync(host, elevated: true));
        Assert.False(plain.IsRoot);
        Assert.True(root.IsRoot);
        Assert.Contains(server.Port, plain.ListeningPorts);
        Assert.Equal(plain.Kernel, root.Kernel);
    }
}
