using Sealer.Images;
using Sealer.Transfer;

namespace Sealer.Tests.Transfer;

/// <summary>Who feeds whom, over a network that is only thought of. What takes how long is in the benchmarks.</summary>
public sealed class FanOutTests
{
    private const int Size = 1 << 20;

    [Fact]
    public async Task Every_byte_leaves_the_controller_once_whatever_the_number_of_hosts()
    {
        var network = new MemoryNetwork(1e9);
        var hosts = Hosts(20, 40);
        await new FanOut(hosts, network, new FanOutOptions()).RunAsync(default);
        Assert.All(hosts, h => Assert.True(h!.IsComplete));
        Assert.Equal(40L * Size, network.FromController);
        Assert.Equal("from the controller", hosts[0]!.Way);
        Assert.Equal("from host-4", hosts[5]!.Way);
    }

    [Fact]
    public async Task Who_feeds_and_dies_is_passed_over_and_hinders_no_other()
    {
        var network = new MemoryNetwork(1e9) { DeadFrom = { [0] = 11, [3] = 7, [4] = 7 } };
        var hosts = Hosts(8, 40);
        await new FanOut(hosts, network, new FanOutOptions()).RunAsync(default);
        foreach (var host in hosts)
        {
            if (host!.Number is 0 or 3 or 4)
                Assert.IsType<SealerException>(host.Error);
            else
                Assert.True(host.IsComplete && host.Error is null, host.Name);
        }

        // The first one's death costs what it had alone.
        Assert.InRange(network.FromController, 40L * Size, 60L * Size);
    }

    [Fact]
    public async Task Who_says_that_it_has_what_it_never_told_of_fails_alone_and_as_a_host_does()
    {
        var hosts = Hosts(3, 10);
        await new FanOut(hosts, new Liar(new MemoryNetwork(1e9), 1), new FanOutOptions()).RunAsync(default);
        Assert.Equal("ContentNotDelivered", Assert.IsType<SealerException>(hosts[1]!.Error).Id);
        Assert.True(hosts[0]!.IsComplete && hosts[2]!.IsComplete);
    }

    /// <summary>One host says at once that it is done.</summary>
    private sealed class Liar(IChunkCarrier network, int liar) : IChunkCarrier
    {
        public Task BringAsync(Receiver to, Receiver? from, IReadOnlyList<Chunk> chunks, Action<int, int> arrived, CancellationToken cancellationToken) =>
            to.Number == liar ? Task.CompletedTask : network.BringAsync(to, from, chunks, arrived, cancellationToken);

        public Task<bool> IsBackAsync(Receiver host, CancellationToken cancellationToken) => network.IsBackAsync(host, cancellationToken);
    }

    [Fact]
    public async Task Who_says_nothing_any_more_is_passed_over()
    {
        var network = new MemoryNetwork(1e9) { SilentFrom = { [1] = 5 } };
        var hosts = Hosts(4, 20);
        await new FanOut(hosts, network, new FanOutOptions { StallTime = TimeSpan.FromMilliseconds(200), Interval = TimeSpan.FromMilliseconds(20) }).RunAsync(default);
        Assert.All(hosts, h => Assert.True(h!.IsComplete));
        Assert.Equal("from host-0, from host-1", string.Join(", ", hosts[2]!.Way.Split(", ").Order()));
    }

    [Fact]
    public async Task Who_feeds_slowly_is_passed_over()
    {
        var network = new MemoryNetwork(50e6) { SlowUplinks = { [1] = 0.05 } };
        var hosts = Hosts(5, 60);
        await new FanOut(hosts, network, new FanOutOptions { SlowTime = TimeSpan.FromMilliseconds(300), Interval = TimeSpan.FromMilliseconds(20) }).RunAsync(default);
        Assert.All(hosts, h => Assert.True(h!.IsComplete));
        Assert.StartsWith("from host-0", hosts[2]!.Way, StringComparison.Ordinal);
        Assert.Equal(60L * Size, network.FromController);
    }

    [Fact]
    public async Task Hosts_that_want_different_things_are_fed_by_who_wants_the_same()
    {
        var network = new MemoryNetwork(1e9);
        var hosts = Hosts(6, 30, (host, chunk) => host < 2 || chunk % 3 == 0);
        await new FanOut(hosts, network, new FanOutOptions()).RunAsync(default);
        Assert.All(hosts, h => Assert.True(h!.IsComplete));
        Assert.Equal(30L * Size, network.FromController);
    }

    [Fact]
    public async Task Who_cannot_fetch_is_fed_by_the_controller()
    {
        var network = new MemoryNetwork(1e9);
        var hosts = Hosts(4, 10);
        hosts[2]!.Feeders = [];
        await new FanOut(hosts, network, new FanOutOptions()).RunAsync(default);
        Assert.Equal("from the controller", hosts[2]!.Way);
        Assert.Equal("from host-2", hosts[3]!.Way);
        Assert.Equal(20L * Size, network.FromController);
    }

    [Fact]
    public async Task What_breaks_unforeseen_on_one_host_fails_that_host_only()
    {
        var network = new MemoryNetwork(1e9) { StrangeFrom = { [2] = 3 } };
        var hosts = Hosts(5, 10);
        await new FanOut(hosts, network, new FanOutOptions()).RunAsync(default);
        Assert.IsType<OperationCanceledException>(hosts[2]!.Error);
        Assert.All(hosts.Where(h => h!.Number != 2), h => Assert.True(h!.IsComplete && h.Error is null, h.Name));
    }

    internal static Receiver?[] Hosts(int count, int chunks, Func<int, int, bool>? wants = null)
    {
        var all = Enumerable.Range(0, chunks).Select(n => new Chunk(
            n, [], Digest.Of("x"u8), (long)n * Size, Size, n == chunks - 1, [.. Enumerable.Range(0, count).Where(h => wants?.Invoke(h, n) ?? true)])).ToList();
        return [.. Enumerable.Range(0, count).Select(i => new Receiver(i, $"host-{i}", [.. all.Where(c => c.WantedBy.Contains(i))]) { Feeders = FanOut.FeedersOf(i) })];
    }
}
