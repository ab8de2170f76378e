using System.Globalization;
using System.Text;
using Sealer.Events;

namespace Sealer.Transfer;

/// <summary>One delivery: looks, cuts, brings, puts in place and cleans up; and again for hosts whose failing may pass.</summary>
internal sealed class ContentRun(ContentJob job, IReadOnlyList<HostRun> runs, IProgress<SealerEvent>? progress)
{
    private const int Attempts = 3;

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
        var order = Order(job, [.. runs.Where(r => r.Error is null && r.Need?.IsNothing == false)]);
        foreach (var run in runs.Where(r => r.Error is null && r.Need?.IsNothing == false))
        {
            var at = order.IndexOf(run);
            var feeder = run.IsFed ? FanOut.FeedersOf(at).Select(i => order[i]).FirstOrDefault(f => f.Feeds && WantsOfOther(run, f)) : null;
            ways[run.Number] = feeder is not null ? "from " + feeder.Target.Host.Name
                : "from the controller" + (job.HostToHost && runs.Count > 1 && !run.IsFed && run.Has is { HasSsh: false } ? " (no ssh client there)" : "");
        }

        return ways;
    }

    private static bool WantsOfOther(HostRun run, HostRun feeder) =>
        run.Need!.Large.Keys.Any(feeder.Need!.Large.ContainsKey) || (run.Need.Small.Count > 0 && run.Need.Small.Intersect(feeder.Need.Small).Any());

    /// <summary>The hosts in the order in which they feed each other, with what each may do in it.</summary>
    private static List<HostRun> Order(ContentJob job, IReadOnlyList<HostRun> needy)
    {
        foreach (var run in needy)
        {
            run.IsFed = job.HostToHost && needy.Count > 1 && run.Has!.HasSsh && (run.Need!.Small.Count > 0 || run.Need.Large.Count > 0);
            run.Feeds = job.HostToHost && needy.Count > 1 && run.Peer is { Keys.Count: > 0 } peer && IsPlain(peer.Address) && IsPlain(peer.User);
        }

        // Who can feed comes before who only can be fed.
        return [.. needy.OrderBy(r => r.Feeds ? 0 : 1).ThenBy(r => r.Number)];
    }

    // It stands in authorized_keys and known_hosts, where other characters mean something.
    private static bool IsPlain(string text) => text.Length > 0 && text[0] != '-' && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or ':' or '-' or '_' or '%' or '@' or '\\');

    private async Task AttemptAsync(IReadOnlyList<HostRun> open, CancellationToken cancellationToken)
    {
        await ContentTransfer.EachAsync(open, run => run.LookAsync(act: true, cancellationToken), cancellationToken).ConfigureAwait(false);
        foreach (var run in open.Where(r => r.Error is null && r.Need!.IsNothing))
            run.Satisfied();
        var needy = open.Where(r => r.Error is null && !r.Need!.IsNothing).ToList();
        var leftovers = open.Where(r => r.Has?.HasLeftovers == true).ToHashSet();
        using var key = new RunKey();
        var order = Order(job, needy);
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
            await ContentTransfer.EachAsync(open, run => run.EndAsync(leftovers.Contains(run), limited.Token), CancellationToken.None).ConfigureAwait(false);
        }
    }

    private async Task BeginAsync(List<HostRun> order, RunKey key, CancellationToken cancellationToken)
    {
        var known = Encoding.ASCII.GetBytes(string.Concat(order.Where(r => r.Feeds).SelectMany(r => r.Peer!.Keys.Select(k => KnownLine(r.Peer, k)))));
        await ContentTransfer.EachAsync(
            order,
            run =>
            {
                var at = order.IndexOf(run);
                var fed = order.Where((other, i) => i > at && other.IsFed && FanOut.FeedersOf(i).Contains(at))
                    .Select(o => o.Peer?.Address).OfType<string>().Where(IsPlain).Distinct().ToList();
                run.Feeds &= fed.Count > 0;
                return run.BeginAsync(key, known, fed, cancellationToken);
            },
            cancellationToken).ConfigureAwait(false);
    }

    private async Task BringAsync(List<HostRun> order, CancellationToken cancellationToken)
    {
        var chunks = ChunkPlan.Of([.. order.Select(r => r.Error is null ? r.Need : null)], job.Content.Origins);
        var receivers = order.Select((run, i) => run.Error is not null ? null : new Receiver(i, run.Target.Host.Name, [.. chunks.Where(c => c.WantedBy.Contains(i))])
        {
            Feeders = run.IsFed ? [.. FanOut.FeedersOf(i).Where(f => order[f].Error is null && order[f].Feeds)] : [],
        }).ToList();
        using var source = new ChunkSource(chunks, job.Content.Origins);
        var carrier = new HostCarrier(order, source, _uplink, job.Patience);
        var fan = new FanOut(receivers, new TellingCarrier(carrier, progress), new FanOutOptions { StallTime = job.StallTime, Tell = text => progress?.Report(new DetailEvent(text)) });
        await fan.RunAsync(cancellationToken).ConfigureAwait(false);
        foreach (var receiver in receivers.OfType<Receiver>())
        {
            var run = order[receiver.Number];
            run.Bytes += receiver.Bytes;
            run.Way = receiver.Way.Length > 0 ? receiver.Way : run.Way.Length > 0 ? run.Way : run.Need!.Bytes > 0 ? "from the controller" : "";
            if (receiver.Error is { } error)
                run.Error = ContentTransfer.BrokenOff(run, error);
        }

        await ContentTransfer.EachAsync(
            order.Where(r => r.Error is null),
            async run =>
            {
                await run.FinishAsync(cancellationToken).ConfigureAwait(false);
                run.Bytes += run.Need!.Overlay.Sum(e => e.Size);
            },
            cancellationToken).ConfigureAwait(false);
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
