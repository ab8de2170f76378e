using System.Diagnostics;
using Sealer.Hosts.Configuration;
using Sealer.Hosts.Keys;
using Sealer.Hosts.Ssh;
using Sealer.Labs;

namespace Sealer.Benchmarks;

/// <summary>Hosts of a lab, for our own deliveries and for OpenSSH's programs. Needs root; leaves nothing.</summary>
internal sealed class LabHosts(ClusterLab lab) : IAsyncDisposable
{
    /// <summary>Where on a host all of it goes.</summary>
    public const string Folder = "/var/lib/sealer";

    public ClusterLab Lab => lab;

    public static async Task<LabHosts> StartAsync(int count) =>
        new(await ClusterLab.CreateAsync(new LabOptions { Name = $"bench{Environment.ProcessId}-{count}", Count = count }));

    /// <summary>A connection that is not made yet.</summary>
    public SshHost Host(int number)
    {
        var host = lab.Hosts[number];
        return new SshHost(new SshHostOptions
        {
            Address = host.Address.ToString(),
            Name = host.Name,
            User = host.User,
            KeyFiles = [host.KeyPath],
            HostKeys = new HostKeyCheck(KnownHosts.Load([host.KnownHostsPath], []), HostKeyPolicy.Ask, []),
        });
    }

    /// <summary>The link of this machine into the lab.</summary>
    /// <param name="roundTrip">Milliseconds.</param>
    /// <param name="rate">Bytes a second; null for as fast as the machine.</param>
    public Task SetLinkAsync(double roundTrip, long? rate = null) => lab.SetUplinkAsync(new LinkConditions { Delay = TimeSpan.FromMilliseconds(roundTrip / 2), Rate = rate * 8 });

    /// <summary>Options of ssh, scp and sftp, with the cipher that ours asks for first.</summary>
    public string Options => $"-F /dev/null -i {lab.KeyPath} -o BatchMode=yes -o Ciphers=aes128-gcm@openssh.com -o UserKnownHostsFile={lab.KnownHostsPath}";

    public string Login(int number) => $"{lab.Hosts[number].User}@{lab.Hosts[number].Address}";

    /// <summary>Seconds that a shell command takes; one that fails ends the benchmark.</summary>
    public static double Time(string script)
    {
        var watch = Stopwatch.StartNew();
        using var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", script]))!;
        process.WaitForExit();
        return process.ExitCode == 0 ? watch.Elapsed.TotalSeconds : throw new InvalidOperationException($"exit code {process.ExitCode}: {script}");
    }

    public async ValueTask DisposeAsync() => await lab.RemoveAsync();
}
