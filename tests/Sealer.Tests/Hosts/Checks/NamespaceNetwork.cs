using System.Diagnostics;
using System.Net;
using Sealer.Hosts.Checks;
using Sealer.Hosts.Running;

namespace Sealer.Tests.Hosts.Checks;

/// <summary>Hosts that share this machine's files and have each a network of their own, behind one bridge: 10.79.0.1 and on.</summary>
internal sealed class NamespaceNetwork : IAsyncDisposable
{
    private readonly string _name = $"pf{Environment.ProcessId % 10_000}{Random.Shared.Next(100)}";

    public required IReadOnlyList<PreflightHost> Hosts { get; init; }

    private string Bridge => $"{_name}b";

    public static async Task<NamespaceNetwork> CreateAsync(int count)
    {
        var hosts = new List<PreflightHost>();
        var network = new NamespaceNetwork { Hosts = hosts };
        await IpAsync($"netns add {network.Bridge}");
        await IpAsync($"-n {network.Bridge} link add br0 type bridge");
        await IpAsync($"-n {network.Bridge} link set br0 up");
        for (var i = 1; i <= count; i++)
        {
            var name = $"{network._name}n{i}";
            await IpAsync($"netns add {name}");
            await IpAsync($"-n {name} link add eth0 type veth peer name v{i} netns {network.Bridge}");
            await IpAsync($"-n {network.Bridge} link set v{i} master br0 up");
            await IpAsync($"-n {name} addr add 10.79.0.{i}/24 dev eth0");
            await IpAsync($"-n {name} link set lo up");
            await IpAsync($"-n {name} link set eth0 up");
            await IpAsync($"-n {name} route add default dev eth0");
            hosts.Add(new PreflightHost(new NamespaceHost(name), [i == 1 ? "master" : "node"], new HostRequirements()) { Address = IPAddress.Parse($"10.79.0.{i}") });
        }

        return network;
    }

    public Task CutAsync(int host) => IpAsync($"-n {Bridge} link set v{host} down");

    public static Task<string> InAsync(PreflightHost host, string script) => RunAsync("ip", ["netns", "exec", host.Host.Name, "/bin/sh", "-c", script]);

    public async ValueTask DisposeAsync()
    {
        foreach (var host in Hosts)
            await IpAsync($"netns delete {host.Host.Name}");
        await IpAsync($"netns delete {Bridge}");
    }

    private static Task IpAsync(string arguments) => RunAsync("ip", arguments.Split(' '));

    private static async Task<string> RunAsync(string program, IEnumerable<string> arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {await error}");
        return await output;
    }

    private sealed class NamespaceHost(string name) : CommandHost(name, null)
    {
        public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

        protected override async Task<int> ExecuteAsync(
            string script,
            Func<Stream, CancellationToken, Task> feed,
            Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> output,
            Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> errors,
            CancellationToken cancellationToken)
        {
            using var process = Process.Start(new ProcessStartInfo("ip", ["netns", "exec", Name, "/bin/sh", "-c", script])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            using var registration = cancellationToken.Register(() => process.Kill(entireProcessTree: true));
            var feeding = FeedAsync();
            await Task.WhenAll(PumpAsync(process.StandardOutput.BaseStream, output), PumpAsync(process.StandardError.BaseStream, errors), process.WaitForExitAsync(cancellationToken));
            await feeding.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return process.ExitCode;

            async Task FeedAsync()
            {
                await feed(process.StandardInput.BaseStream, cancellationToken);
                process.StandardInput.Close();
            }

            async Task PumpAsync(Stream from, Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> to)
            {
                var buffer = new byte[65536];
                int read;
                while ((read = await from.ReadAsync(buffer, cancellationToken)) > 0)
                    await to(buffer.AsMemory(0, read), cancellationToken);
            }
        }
    }
}
