using Sealer.Images;
using Sealer.Transfer;

namespace Sealer.Tests.Transfer;

/// <summary>Who feeds whom, over a network that is only thought of, as its seconds are.</summary>
public sealed class FanOutTests
{
    private const int Size = 1 << 20;

    [Fact]
    public async Task Every_byte_leaves_the_controller_once_whatever_the_number_of_hosts()
    {
        var network = new MemoryNetwork(1e9);
        var hosts = Hosts(20, 40);
        await network.FeedAsync(hosts);
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
        await network.FeedAsync(hosts);
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
        var network = new MemoryNetwork(1e9);
        await network.FeedAsync(hosts, null, new Liar(network, 1));
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
        await network.FeedAsync(hosts);
        Assert.All(hosts, h => Assert.True(h!.IsComplete));
        Assert.Equal("from host-0, from host-1", string.Join(", ", hosts[2]!.Way.Split(", ").Order()));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0)]
    public async Task Who_feeds_slowly_is_fed_by_the_last_one_and_feeds_nobody(int slow)
    {
        var network = new MemoryNetwork(10e6) { SlowUplinks = { [slow] = 0.05 } };
        var hosts = Hosts(5, 300);
        var seconds = await network.FeedAsync(hosts);
        Assert.All(hosts, h => Assert.True(h!.IsComplete));
        Assert.StartsWith(slow == 0 ? "from the controller" : "from host-0", hosts[slow + 1]!.Way, StringComparison.Ordinal);
        Assert.Contains("from host-4", hosts[slow]!.Way, StringComparison.Ordinal);
        Assert.Equal(
            [$"host-{slow + 1} is not fed by host-{slow} any more: it is much slower than others.", $"host-{slow} is fed by host-4 from now on: it feeds slowly."],
            network.Told);
        // What the second has missed until then is all that it costs.
        Assert.InRange(seconds, 0, 1.4 * 300 * Size / 10e6);
    }

    [Theory]
    [InlineData(1.2)]
    [InlineData(3)]
    public async Task Who_feeds_slowly_is_found_out_also_where_it_is_looked_late(double late)
    {
        for (var half = 2; half < 40; half++)
        {
            var network = new MemoryNetwork(10e6) { SlowUplinks = { [1] = 0.05 }, Lateness = now => Math.Floor(2 * now) == half ? late : 0 };
            await network.FeedAsync(Hosts(5, 300));
            Assert.Equal(
                ["host-2 is not fed by host-1 any more: it is much slower than others.", "host-1 is fed by host-4 from now on: it feeds slowly."],
                network.Told);
        }
    }

    [Theory]
    [InlineData(1.2)]
    [InlineData(3)]
    public async Task Who_gets_all_slowly_is_not_taken_for_fast_where_it_is_looked_late(double late)
    {
        for (var half = 2; half < 40; half++)
        {
            var network = new MemoryNetwork(10e6) { SlowDownlinks = { [2] = 0.05 }, Lateness = now => Math.Floor(2 * now) == half ? late : 0 };
            await network.FeedAsync(Hosts(6, 400));
            Assert.DoesNotContain(network.Told, t => t.EndsWith("it feeds slowly.", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Who_gets_all_slowly_hinders_nobody_behind_it()
    {
        var network = new MemoryNetwork(10e6) { SlowDownlinks = { [2] = 0.05 } };
        var hosts = Hosts(6, 400);
        await network.FeedAsync(hosts);
        Assert.All(hosts, h => Assert.True(h!.IsComplete));
        Assert.StartsWith("from host-1", hosts[3]!.Way, StringComparison.Ordinal);
        // Of those behind only the next one had to move, and who fed it is not to blame.
        Assert.DoesNotContain(network.Told, t => t.EndsWith("it feeds slowly.", StringComparison.Ordinal));
        Assert.DoesNotContain(network.Told, t => t.StartsWith("host-4", StringComparison.Ordinal) || t.StartsWith("host-5", StringComparison.Ordinal));
        Assert.Equal(400L * Size, network.FromController);
    }

    [Fact]
    public async Task Who_is_slow_is_gone_around_also_when_all_others_have_it_all()
    {
        var network = new MemoryNetwork(10e6) { SlowDownlinks = { [1] = 0.1 } };
        var hosts = Hosts(3, 60);
        await network.FeedAsync(hosts);
        Assert.StartsWith("from host-0", hosts[2]!.Way, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_nobody_is_slow_nobody_is_called_so()
    {
        var network = new MemoryNetwork(10e6, 0.02) { SlowDownlinks = { [3] = 0.6 }, SlowUplinks = { [7] = 0.7 } };
        var hosts = Hosts(40, 300);
        await network.FeedAsync(hosts);
        Assert.All(hosts, h => Assert.True(h!.IsComplete));
        Assert.Empty(network.Told);
    }

    [Fact]
    public async Task A_hundred_hosts_take_half_as_long_again_as_one_at_most_also_where_one_is_slow_or_dies()
    {
        async Task<double> Time(int count, Action<MemoryNetwork>? change = null)
        {
            const long Bytes = 512L << 20;
            var network = new MemoryNetwork(20e6, 0.01);
            change?.Invoke(network);
            var size = ChunkPlan.SizeFor(Bytes, count);
            var hosts = Hosts(count, (int)(Bytes / size), size: size);
            var seconds = await network.FeedAsync(hosts);
            Assert.All(hosts, h => Assert.True(h!.IsComplete || network.DeadFrom.ContainsKey(h.Number), h.Name));
            return seconds;
        }

        var one = await Time(1);
        Assert.InRange(await Time(16), one, 1.3 * one);
        Assert.InRange(await Time(100), one, 1.3 * one);
        Assert.InRange(await Time(100, n => n.SlowUplinks[50] = 0.05), one, 1.5 * one);
        Assert.InRange(await Time(100, n => n.SlowUplinks[0] = 0.05), one, 1.5 * one);
        Assert.InRange(await Time(100, n => n.DeadFrom[50] = 100), one, 1.5 * one);
    }

    [Fact]
    public async Task Hosts_that_want_different_things_are_fed_by_who_wants_the_same()
    {
        var network = new MemoryNetwork(1e9);
        var hosts = Hosts(6, 30, (host, chunk) => host < 2 || chunk % 3 == 0);
        await network.FeedAsync(hosts);
        Assert.All(hosts, h => Assert.True(h!.IsComplete));
        Assert.Equal(30L * Size, network.FromController);
    }

    [Fact]
    public async Task Who_cannot_fetch_is_fed_by_the_controller()
    {
        var network = new MemoryNetwork(1e9);
        var hosts = Hosts(4, 10);
        hosts[2]!.Feeders = [];
        await network.FeedAsync(hosts);
        Assert.Equal("from the controller", hosts[2]!.Way);
        Assert.Equal("from host-2", hosts[3]!.Way);
        Assert.Equal(20L * Size, network.FromController);
    }

    [Fact]
    public async Task What_breaks_unforeseen_on_one_host_fails_that_host_only()
    {
        var network = new MemoryNetwork(1e9) { StrangeFrom = { [2] = 3 } };
        var hosts = Hosts(5, 10);
        await network.FeedAsync(hosts);
        Assert.IsType<OperationCanceledException>(hosts[2]!.Error);
        Assert.All(hosts.Where(h => h!.Number != 2), h => Assert.True(h!.IsComplete && h.Error is null, h.Name));
    }

    private static Receiver?[] Hosts(int count, int chunks, Func<int, int, bool>? wants = null, int size = Size)
    {
        var all = Enumerable.Range(0, chunks).Select(n => new Chunk(
            n, [], Digest.Of("x"u8), (long)n * size, size, n == chunks - 1, [.. Enumerable.Range(0, count).Where(h => wants?.Invoke(h, n) ?? true)])).ToList();
        return [.. Enumerable.Range(0, count).Select(i => new Receiver(i, $"host-{i}", [.. all.Where(c => c.WantedBy.Contains(i))])
        {
            Feeders = FanOut.FeedersOf(i),
            Last = i + 1 < count ? count - 1 : null,
        })];
    }
}
