using Sealer.Events;
using Sealer.Hosts.Configuration;
using Sealer.Hosts.Keys;
using Sealer.Hosts.Ssh;
using Sealer.Labs;
using Sealer.Tests.Labs;
using Sealer.Transfer;
using static Sealer.Tests.Images.Layers.LayerSamples;
using static Sealer.Tests.Transfer.TransferFixture;

namespace Sealer.Tests.Transfer;

/// <summary>Deliveries to hosts that feed each other, and to which something happens in the middle.</summary>
[Trait("Tier", "lab")]
public sealed class LabTransferTests : IAsyncLifetime
{
    private const int Size = 4_000_000;
    private const int Middle = 12_000_000;

    private readonly TransferFixture _fixture = new();
    private readonly List<SshHost> _hosts = [];
    private OwnLab _own = null!;
    private ContentSet _set = null!;

    private IReadOnlyList<LabHost> Lab => _own.Hosts;

    public async Task InitializeAsync()
    {
        _set = await _fixture.SetAsync([.. Enumerable.Range(0, 10).Select(i => File($"large-{i}", Noise(i, Size))), File("small", "small")]);
        _own = await LabFixture.NewAsync(new LabOptions { Count = 3 });
        _hosts.AddRange(Lab.Select(h => new SshHost(new SshHostOptions
        {
            Address = h.Address.ToString(),
            Name = h.Name,
            User = h.User,
            KeyFiles = [h.KeyPath],
            HostKeys = new HostKeyCheck(KnownHosts.Load([h.KnownHostsPath], []), HostKeyPolicy.Ask, []),
            KeepAlive = TimeSpan.FromSeconds(1),
            KeepAliveCount = 5,
        })));
    }

    public async Task DisposeAsync()
    {
        foreach (var host in _hosts)
            await host.DisposeAsync();
        await _own.DisposeAsync();
        _fixture.Dispose();
    }

    [LinuxFact]
    public async Task A_host_that_is_cut_off_and_comes_back_goes_on_where_it_was()
    {
        var middle = new Moments(async moments =>
        {
            await moments.HasAsync(Lab[2], Middle);
            await Lab[2].CutOffAsync();
            await Task.WhenAll(moments.HasAsync(Lab[0], _set.Bytes), moments.HasAsync(Lab[1], _set.Bytes));
            await Lab[2].ReconnectAsync();
        });
        var (run, runs) = await DeliverAsync(middle);
        await HoldsAsync(runs);
        Assert.Equal(_set.Bytes, runs[2].Bytes);
        // Nothing of it came from the controller, for nobody asked for it a second time.
        Assert.InRange(run.Sent, _set.Bytes, _set.Bytes + 100_000);
    }

    [LinuxFact]
    public async Task A_host_that_is_restarted_goes_on_with_what_it_has()
    {
        var middle = new Moments(async moments =>
        {
            await moments.HasAsync(Lab[1], Middle);
            await Lab[1].RebootAsync();
        });
        var (run, runs) = await DeliverAsync(middle);
        await HoldsAsync(runs);
        // What was on its way comes once more.
        Assert.InRange(runs[1].Bytes, _set.Bytes - Middle, _set.Bytes + (2 << 20));
        // Who is behind it turns to the first one.
        Assert.InRange(run.Sent, _set.Bytes, _set.Bytes + Middle);
    }

    [LinuxFact]
    public async Task A_feeder_whose_sshd_is_killed_delays_nobody_for_good()
    {
        var middle = new Moments(async moments =>
        {
            await moments.HasAsync(Lab[1], Middle);
            await Lab[1].RunAsync("pkill -KILL sshd || :; systemctl reset-failed ssh; systemctl start ssh");
        });
        var (_, runs) = await DeliverAsync(middle);
        await HoldsAsync(runs);
        Assert.Contains("from " + Lab[0].Name, runs[2].Way, StringComparison.Ordinal);
    }

    [LinuxFact]
    public async Task Who_is_behind_a_host_with_a_slow_link_gets_it_from_the_one_before()
    {
        await Lab[1].SetLinkAsync(new LinkConditions { Rate = 4_000_000 });
        var middle = new Moments(async moments =>
        {
            await moments.HasAsync(Lab[2], _set.Bytes);
            await Lab[1].SetLinkAsync(LinkConditions.None);
        });
        var (_, runs) = await DeliverAsync(middle, slowTime: TimeSpan.FromSeconds(3));
        await HoldsAsync(runs);
        Assert.StartsWith("from " + Lab[0].Name, runs[2].Way, StringComparison.Ordinal);
    }

    private async Task<(ContentRun Run, HostRun[] Runs)> DeliverAsync(Moments moments, TimeSpan? slowTime = null)
    {
        var job = new ContentJob(_set) { BandwidthLimit = 6_000_000, SlowTime = slowTime ?? TimeSpan.FromMinutes(10) };
        var runs = ContentTransfer.RunsOf(job, [.. _hosts.Select(h => new ContentTarget(h, "/var/lib/sealer/data/c/rootfs"))]);
        var run = new ContentRun(job, runs, moments);
        await run.RunAsync(default);
        await moments.Done;
        return (run, runs);
    }

    private async Task HoldsAsync(HostRun[] runs)
    {
        Assert.All(runs, r => Assert.Null(r.Error));
        var sums = string.Concat(_set.Entries.Select(ChunkSource.SumLine));
        foreach (var host in Lab)
        {
            var checkedThere = await host.RunAsync($"cd /var/lib/sealer/data/c/rootfs && sha256sum -c --quiet <<'E'\n{sums}E\nls -A ../.sealer-rootfs; grep -c sealer /root/.ssh/authorized_keys");
            Assert.Equal("index\nstat\n0", checkedThere.Output.Trim());
        }
    }

    /// <summary>Does something when hosts have so much.</summary>
    private sealed class Moments : IProgress<SealerEvent>
    {
        private readonly List<(string Host, long Bytes, TaskCompletionSource Reached)> _waiting = [];
        private readonly Dictionary<string, long> _had = [];

        public Moments(Func<Moments, Task> act) => Done = act(this);

        /// <summary>What was done.</summary>
        public Task Done { get; }

        public Task HasAsync(LabHost host, long bytes)
        {
            lock (_had)
            {
                var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                if (_had.GetValueOrDefault(host.Name) >= bytes)
                    reached.SetResult();
                else
                    _waiting.Add((host.Name, bytes, reached));
                return reached.Task;
            }
        }

        public void Report(SealerEvent value)
        {
            if (value is not ProgressEvent progress)
                return;
            lock (_had)
            {
                _had[progress.Item] = progress.Done;
                foreach (var (_, _, reached) in _waiting.Where(w => w.Host == progress.Item && progress.Done >= w.Bytes))
                    reached.TrySetResult();
            }
        }
    }
}
