using System.Globalization;
using System.Text;
using Sealer.Events;

namespace Sealer.Transfer;

/// <summary>One delivery: looks, cuts, brings, puts in place and cleans up; and again for hosts whose failing may pass.</summary>
internal sealed class ContentRun(ContentJob job, IReadOnlyList<HostRun> runs, IProgress<SealerEvent>? progress)
{
    private const int Attempts = 3;

    // Of those that have it all, several: one may be slow, or gone.
    private const int Holders = 2;

    // For less it is not worth letting others into a host that lacks nothing.
    private const long WorthFetching = 8 << 20;

    private readonly Throttle _uplink = new(job.BandwidthLimit);

    /// <summary>Bytes of chunks that left the controller.</summary>
    public long Sent => _uplink.Total;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var open = runs.ToList();
        for (var attempt = 1; open.Count > 0 && attempt <= Attempts; attempt++)
        {
            if (attempt > 1)
                await Task.Delay(TimeSpan.FromSeconds(attempt), cancellationToken).ConfigureAwait(false);
            await AttemptAsync(open, cancellationToken).ConfigureAwait(false);
            open = [.. open.Where(r => r.MayRetry)];
        }
    }

    /// <summary>Who would feed whom, for the plan.</summary>
    public static string[] Ways(ContentJob job, IReadOnlyList<HostRun> runs)
    {
        var ways = Enumerable.Repeat("", runs.Count).ToArray();
        var order = Order(job, runs);
        foreach (var run in order.Where(r => r.IsNeedy))
        {
            var feeder = run.IsFed ? FanOut.FeedersOf(order.IndexOf(run)).Select(i => order[i]).FirstOrDefault(f => f.Feeds && HasOfWanted(f, run)) : null;
            ways[run.Number] = feeder is not null ? "from " + feeder.Target.Host.Name
                : "from the controller" + (job.HostToHost && runs.Count > 1 && !run.IsFed && run.Has is { HasSsh: false } ? " (no ssh client there)" : "");
        }

        return ways;
    }

    private static bool HasOfWanted(HostRun feeder, HostRun run) =>
        run.Need!.Large.Keys.Any(feeder.IsNeedy ? feeder.Need!.Large.ContainsKey : feeder.Held.ContainsKey)
        || (feeder.IsNeedy && run.Need.Small.Intersect(feeder.Need!.Small).Any());

    /// <summary>The hosts in the order in which they feed each other, with what each may do in it: first those that have it all already.</summary>
    private static List<HostRun> Order(ContentJob job, IReadOnlyList<HostRun> runs)
    {
        var needy = runs.Where(r => r.IsNeedy).ToList();
        var wanted = needy.SelectMany(r => r.Need!.Large.Keys).ToHashSet();
        var holders = job.HostToHost && wanted.Count > 0
            ? runs.Where(r => !r.IsNeedy && r.CanFeed).Select(r => (Run: r, Bytes: r.Hold(wanted))).Where(h => h.Bytes >= WorthFetching)
                .OrderByDescending(h => h.Bytes).ThenBy(h => h.Run.Number).Take(Holders).Select(h => h.Run).Reverse().ToList()
            : [];
        var isShared = job.HostToHost && needy.Count + holders.Count > 1;
        foreach (var run in needy)
        {
            run.IsFed = isShared && run.Has!.HasSsh && (run.Need!.Small.Count > 0 || run.Need.Large.Count > 0);
            run.Feeds = isShared && run.CanFeed;
        }

        foreach (var run in holders)
            (run.IsFed, run.Feeds) = (false, true);
        // Who can feed comes before who only can be fed.
        return [.. holders, .. needy.OrderBy(r => r.Feeds ? 0 : 1).ThenBy(r => r.Number)];
    }

    private async Task AttemptAsync(IReadOnlyList<HostRun> open, CancellationToken cancellationToken)
    {
        await ContentTransfer.EachAsync(open, run => run.LookAsync(act: true, cancellationToken), cancellationToken).ConfigureAwait(false);
        foreach (var run in open.Where(r => r.Error is null && r.Need!.IsNothing))
            run.Satisfied();
        using var key = new RunKey();
        var order = Order(job, runs);
        try
        {
            await BeginAsync(order, key, cancellationToken).ConfigureAwait(false);
            await BringAsync(order, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            // Also when it is cancelled, before or in the middle of this: what lets others in must not stay. Who cancels waits so long.
            using var limited = new CancellationTokenSource();
            using var cancelled = cancellationToken.Register(() => limited.CancelAfter(TimeSpan.FromMinutes(1)));
            await ContentTransfer.EachAsync(open.Union(order), run => run.EndAsync(limited.Token), CancellationToken.None).ConfigureAwait(false);
        }
    }

    private async Task BeginAsync(List<HostRun> order, RunKey key, CancellationToken cancellationToken)
    {
        var known = Encoding.ASCII.GetBytes(string.Concat(order.Where(r => r.Feeds).SelectMany(r => r.Peer!.Keys.Select(k => KnownLine(r.Peer, k)))));
        var last = order.FindLastIndex(r => r is { Feeds: true, IsDone: false });
        await ContentTransfer.EachAsync(
            order,
            async run =>
            {
                // Those behind it; of the last one all, should they be slow in feeding.
                var at = order.IndexOf(run);
                var fed = order.Where((other, i) => other.IsFed && ((at == last && i < at) || (i > at && FanOut.FeedersOf(i).Contains(at))))
                    .Select(o => o.Peer?.Address).OfType<string>().Where(HostRun.IsPlain).Distinct().ToList();
                run.Feeds &= fed.Count > 0;
                try
                {
                    await run.BeginAsync(key, known, fed, cancellationToken).ConfigureAwait(false);
                }
                catch (SealerException) when (run.IsDone)
                {
                    // It has what it shall; others get it elsewhere.
                    run.Feeds = false;
                }
            },
            cancellationToken).ConfigureAwait(false);
    }

    private async Task BringAsync(List<HostRun> order, CancellationToken cancellationToken)
    {
        var chunks = ChunkPlan.Of([.. order.Select(r => r.IsNeedy ? r.Need : null)], job.Content.Origins);
        var receivers = Receivers(order, chunks);
        using var source = new ChunkSource(chunks, job.Content.Origins, arePassedOn: receivers.Any(r => r is { Feeders.Count: > 0 }));
        var carrier = new HostCarrier(order, source, _uplink, job.Patience);
        var fan = new FanOut(receivers, new TellingCarrier(carrier, progress), new FanOutOptions { StallTime = job.StallTime, SlowTime = job.SlowTime, Tell = text => progress?.Report(new DetailEvent(text)) });
        await fan.RunAsync(cancellationToken).ConfigureAwait(false);
        foreach (var receiver in receivers.OfType<Receiver>())
        {
            var run = order[receiver.Number];
            if (run.IsDone)
                continue;
            run.Bytes += receiver.Bytes;
            run.Way = receiver.Way.Length > 0 ? receiver.Way : run.Way.Length > 0 ? run.Way : run.Need!.Bytes > 0 ? "from the controller" : "";
            if (receiver.Error is { } error)
                run.Error = ContentTransfer.BrokenOff(run, error);
        }

        await ContentTransfer.EachAsync(order.Where(r => r.IsNeedy), run => run.FinishAsync(_uplink, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    private static List<Receiver?> Receivers(List<HostRun> order, IReadOnlyList<Chunk> chunks)
    {
        var wants = order.Select(_ => new List<Chunk>()).ToList();
        foreach (var chunk in chunks)
        {
            foreach (var host in chunk.WantedBy)
                wants[host].Add(chunk);
        }

        var last = order.FindLastIndex(r => r is { Error: null, Feeds: true, IsDone: false });
        var receivers = new List<Receiver?>();
        foreach (var (run, i) in order.Select((run, i) => (run, i)))
        {
            if (run.Error is not null || (run.IsDone && !run.Feeds))
            {
                receivers.Add(null);
                continue;
            }

            var receiver = new Receiver(i, run.Target.Host.Name, run.IsDone ? [.. chunks.Where(c => c.Content is { } content && run.Held.ContainsKey(content))] : wants[i])
            {
                Feeders = run.IsFed ? [.. FanOut.FeedersOf(i).Where(f => order[f].Error is null && order[f].Feeds)] : [],
                Last = run.IsFed && i < last ? last : null,
            };
            if (run.IsDone)
                receiver.HasAll();
            receivers.Add(receiver);
        }

        return receivers;
    }

    private static string KnownLine(PeerAddress peer, Hosts.Keys.HostKey key) =>
        string.Create(CultureInfo.InvariantCulture, $"{(peer.Port == 22 ? peer.Address : $"[{peer.Address}]:{peer.Port}")} {key.Text}\n");

    /// <summary>Tells bytes by host.</summary>
    private sealed class TellingCarrier(HostCarrier carrier, IProgress<SealerEvent>? progress) : IChunkCarrier
    {
        public Task BringAsync(Receiver to, Receiver? from, IReadOnlyList<Chunk> chunks, Action<int, int> arrived, CancellationToken cancellationToken)
        {
            var total = to.Wants.Sum(c => c.Length);
            return carrier.BringAsync(
                to,
                from,
                chunks,
                (number, bytes) =>
                {
                    arrived(number, bytes);
                    progress?.Report(new ProgressEvent("Delivering content", to.Name, to.Bytes, total));
                },
                cancellationToken);
        }

        public Task<bool> IsBackAsync(Receiver host, CancellationToken cancellationToken) => carrier.IsBackAsync(host, cancellationToken);
    }
}
