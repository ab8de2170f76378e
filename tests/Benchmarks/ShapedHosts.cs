using System.Diagnostics;
using System.Globalization;
using Sealer.Hosts.Configuration;
using Sealer.Hosts.Keys;
using Sealer.Hosts.Ssh;

namespace Sealer.Benchmarks;

/// <summary>
/// Real sshds in network namespaces of their own behind one bridge, each with a home of root's of its own. The controller's
/// link can be slow or far. Needs root, iproute2 and openssh-server; leaves nothing.
/// </summary>
internal sealed class ShapedHosts : IAsyncDisposable
{
    private readonly List<Process> _servers = [];
    private readonly string _folder;
    private readonly string _name;
    private readonly string _net;

    private ShapedHosts(string folder)
    {
        _folder = folder;
        _name = string.Create(CultureInfo.InvariantCulture, $"sb{Environment.ProcessId % 100000}");
        _net = string.Create(CultureInfo.InvariantCulture, $"10.213.{Environment.ProcessId % 250}");
    }

    public List<SshHost> Hosts { get; } = [];

    public string Key => Path.Combine(_folder, "key");

    public string KnownHosts => Path.Combine(_folder, "known_hosts");

    public string AddressOf(int host) => string.Create(CultureInfo.InvariantCulture, $"{_net}.{host + 1}");

    public string FolderOf(int host) => Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"host{host}"));

    public static async Task<ShapedHosts> StartAsync(string work, int count)
    {
        var hosts = new ShapedHosts(Directory.CreateDirectory(Path.Combine(work, "hosts")).FullName);
        try
        {
            hosts.Start(count);
            foreach (var host in hosts.Hosts)
                await host.ConnectAsync();
            return hosts;
        }
        catch
        {
            await hosts.DisposeAsync();
            throw;
        }
    }

    /// <summary>What the controller's link is like from now on.</summary>
    /// <param name="delay">Added to a round trip, in milliseconds.</param>
    /// <param name="rate">Bits a second from the controller; null for no limit.</param>
    /// <returns>False where this kernel has no such link (the modules sch_netem, sch_tbf).</returns>
    public bool Shape(int delay, long? rate)
    {
        var half = string.Create(CultureInfo.InvariantCulture, $"netem delay {delay * 500}us limit 100000");
        var limit = string.Create(CultureInfo.InvariantCulture, $"tbf rate {rate}bit burst 256k latency 400ms");
        return Try($"tc qdisc del dev {_name} root 2>/dev/null; ip netns exec {_name}-b tc qdisc del dev uplink0 root 2>/dev/null; :")
            && (delay == 0 || (Try($"tc qdisc add dev {_name} root {half}") && Try($"ip netns exec {_name}-b tc qdisc add dev uplink0 root {half}")))
            && (rate is null || Try($"tc qdisc add dev {_name} root {limit}"));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var host in Hosts)
            await host.DisposeAsync();
        foreach (var server in _servers)
        {
            server.Kill(entireProcessTree: true);
            await server.WaitForExitAsync();
            server.Dispose();
        }

        Run($"ip link del {_name} 2>/dev/null; for n in $(ip netns list | awk '/^{_name}-/ {{ print $1 }}'); do ip netns del $n; done");
    }

    internal static void Run(string script)
    {
        using var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", script]))!;
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"exit code {process.ExitCode}: {script}");
    }

    private static bool Try(string script)
    {
        using var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", script]) { RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }

    private void Start(int count)
    {
        Run($"ssh-keygen -q -t ed25519 -N '' -f {Key}; ssh-keygen -q -t ed25519 -N '' -f {_folder}/hostkey; mkdir -p /run/sshd");
        Run($"ip netns add {_name}-b && ip link add {_name} type veth peer name uplink0 netns {_name}-b && ip addr add {_net}.254/24 dev {_name} && ip link set {_name} up "
            + $"&& ip -n {_name}-b link add name br0 type bridge && ip -n {_name}-b link set br0 up && ip -n {_name}-b link set uplink0 master br0 up");
        var known = string.Concat(Enumerable.Range(0, count).Select(i => $"{AddressOf(i)} {string.Join(' ', File.ReadAllText(_folder + "/hostkey.pub").Split(' ')[..2])}\n"));
        File.WriteAllText(KnownHosts, known);
        for (var i = 0; i < count; i++)
        {
            var home = Directory.CreateDirectory(FolderOf(i) + "/root/.ssh").FullName;
            File.Copy(Key + ".pub", home + "/authorized_keys");
            Run($"chmod 700 {home} {FolderOf(i)}/root; chmod 600 {home}/authorized_keys");
            Run($"ip netns add {_name}-{i} && ip link add eth0 netns {_name}-{i} type veth peer name p{i} netns {_name}-b && ip -n {_name}-b link set p{i} master br0 up "
                + $"&& ip -n {_name}-{i} addr add {AddressOf(i)}/24 dev eth0 && ip -n {_name}-{i} link set eth0 up && ip -n {_name}-{i} link set lo up");
            File.WriteAllText(FolderOf(i) + "/sshd_config", $"ListenAddress {AddressOf(i)}\nPidFile none\nHostKey {_folder}/hostkey\nPermitRootLogin yes\nStrictModes no\nUsePAM no\nMaxStartups 100\nSubsystem sftp internal-sftp\n");
            _servers.Add(Process.Start(new ProcessStartInfo("ip", ["netns", "exec", $"{_name}-{i}", "sh", "-c", $"mount --bind {FolderOf(i)}/root /root && exec $(command -v sshd || echo /usr/sbin/sshd) -D -q -f {FolderOf(i)}/sshd_config"]))!);
            var name = $"host-{i + 1}";
            Hosts.Add(new SshHost(new SshHostOptions
            {
                Address = AddressOf(i),
                Name = name,
                User = "root",
                KeyFiles = [Key],
                HostKeys = new HostKeyCheck(Sealer.Hosts.Keys.KnownHosts.Load([KnownHosts], []), HostKeyPolicy.Ask, []),
            }));
        }

        for (var i = 0; i < count; i++)
            Run($"for t in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do ssh -F /dev/null -i {Key} -o BatchMode=yes -o UserKnownHostsFile={KnownHosts} root@{AddressOf(i)} true 2>/dev/null && exit 0; sleep 0.3; done; exit 1");
    }
}
