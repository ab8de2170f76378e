namespace Sealer.Transfer;

/// <summary>
/// Brings every chunk once from the controller to the first host that wants it, and from there from host to host, in a chain:
/// each passes a chunk on as soon as it has it, so that the time hardly depends on how many they are. Who feeds slowly, or not
/// at all, is passed over; who finds nobody gets it from the controller.
/// </summary>
internal sealed class FanOut(IReadOnlyList<Receiver?> hosts, IChunkCarrier carrier, FanOutOptions options)
{
    private const int Controller = -1;

    // A host that breaks off each time before it has got anything.
    private const int MaxBroken = 5;
    private const int MaxMoves = 3;

    private readonly object _lock = new();

    // The most that any host got in a while: who is slow when all others have ended is so still.
    private int _best;

    private long Now => (long)(options.Clock.GetTimestamp() * 1000.0 / options.Clock.TimestampFrequency);

    /// <summary>From how far before it in the order a host may be fed: more than one, so that several dead ones are passed over.</summary>
    public static IReadOnlyList<int> FeedersOf(int position) =>
        [.. new[] { 1, 2, 4, 8, 16, 32, 64 }.Select(d => position - d).Append(0).Where(p => p >= 0 && p < position).Distinct()];

    /// <summary>Returns when every host has what it wants, or has failed.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var watching = WatchAsync(ended.Token);
        try
        {
            await Task.WhenAll(hosts.OfType<Receiver>().Select(h => Task.Run(() => FeedAsync(h, cancellationToken), CancellationToken.None))).ConfigureAwait(false);
        }
        finally
        {
            await ended.CancelAsync().ConfigureAwait(false);
            await watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task FeedAsync(Receiver host, CancellationToken cancellationToken)
    {
        var (broken, had) = (0, 0);
        while (!host.IsComplete)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var session = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var (feeder, chunks) = Choose(host, session);
            var way = feeder is null ? "from the controller" : "from " + feeder.Name;
            try
            {
                var before = host.Have;
                await carrier.BringAsync(host, feeder, chunks, (chunk, bytes) => Got(host, chunk, bytes, way), session.Token).ConfigureAwait(false);
                if (host.Have != before + chunks.Count)
                {
                    throw new SealerException(
                        "ContentNotDelivered", ErrorKind.InvalidContent,
                        $"{host.Name} says that it has all, and told {host.Have - before} of {chunks.Count} parts. Look what answers there in the place of its shell, then run this again.", host.Name);
                }
            }
            catch (FeederException error)
            {
                options.Tell?.Invoke($"{host.Name} is not fed by {feeder?.Name ?? "the controller"} any more: {error.Message}");
                if (feeder is not null)
                {
                    lock (_lock)
                        host.Avoid(feeder.Number);
                }
            }
            catch (OperationCanceledException) when (session.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                // Sent elsewhere.
            }
            catch (SealerException error) when (error.Kind == ErrorKind.Connection)
            {
                broken = host.Have > had ? 1 : broken + 1;
                had = host.Have;
                if (broken > MaxBroken || !await ReturnsAsync(host, cancellationToken).ConfigureAwait(false))
                {
                    Fail(host, error);
                    return;
                }
            }
            catch (Exception error) when (!cancellationToken.IsCancellationRequested)
            {
                Fail(host, error);
                return;
            }
            finally
            {
                lock (_lock)
                    (host.Session, host.FedBy) = (null, null);
            }
        }
    }

    private void Got(Receiver host, int chunk, int bytes, string way)
    {
        host.LastProgress = Now;
        host.Got(chunk, bytes, way);
    }

    /// <summary>A host that is cut off feeds nobody until it is back.</summary>
    private async Task<bool> ReturnsAsync(Receiver host, CancellationToken cancellationToken)
    {
        Leave(host);
        if (!await carrier.IsBackAsync(host, cancellationToken).ConfigureAwait(false))
            return false;
        host.IsUp = true;
        return true;
    }

    private void Fail(Receiver host, Exception error)
    {
        host.Error = error;
        Leave(host);
    }

    private void Leave(Receiver host)
    {
        lock (_lock)
        {
            host.IsUp = false;
            foreach (var fed in hosts.OfType<Receiver>().Where(h => h.FedBy == host.Number))
                _ = fed.Session?.CancelAsync();
        }
    }

    /// <summary>Who feeds a host next, and with what: as much as that one can.</summary>
    private (Receiver? Feeder, IReadOnlyList<Chunk> Chunks) Choose(Receiver host, CancellationTokenSource session)
    {
        lock (_lock)
        {
            var next = host.Have;
            var feeder = FeederOf(host, host.Wants[next]);
            var end = next + 1;
            while (end < host.Wants.Count && ReferenceEquals(FeederOf(host, host.Wants[end]), feeder))
                end++;
            host.FedBy = feeder?.Number ?? Controller;
            host.Session = session;
            host.LastProgress = Now;
            return (feeder, [.. host.Wants.Skip(next).Take(end - next)]);
        }
    }

    private Receiver? FeederOf(Receiver host, Chunk chunk) => host.Feeders.Select(n => hosts[n]).FirstOrDefault(
        f => f is { IsUp: true } && f.WantsChunk(chunk.Number) && !host.Avoids(f.Number) && !IsFedThrough(f, host));

    /// <summary>What it gets comes from the other one, directly or not.</summary>
    private bool IsFedThrough(Receiver host, Receiver other)
    {
        for (var at = host; at?.FedBy is >= 0 and var feeder; at = hosts[feeder])
        {
            if (feeder == other.Number)
                return true;
        }

        return false;
    }

    private async Task WatchAsync(CancellationToken cancellationToken)
    {
        var marks = new Queue<(long Time, int[] Have)>();
        while (true)
        {
            await Task.Delay(options.Interval, options.Clock, cancellationToken).ConfigureAwait(false);
            lock (_lock)
            {
                var now = Now;
                marks.Enqueue((now, [.. hosts.Select(h => h?.Have ?? 0)]));
                while (marks.Count > 1 && now - marks.Peek().Time > options.SlowTime.TotalMilliseconds)
                    marks.Dequeue();
                var before = marks.Peek();
                if (now - before.Time >= options.SlowTime.TotalMilliseconds * 0.8)
                    _best = Math.Max(_best, hosts.OfType<Receiver>().Select(h => h.Have - before.Have[h.Number]).DefaultIfEmpty().Max());
                foreach (var host in hosts.OfType<Receiver>().Where(h => !h.IsComplete))
                    Look(host, now, before);
            }
        }
    }

    /// <summary>
    /// Sends a host elsewhere whose feeder gives it nothing, or gives it much more slowly than others get it. Where the feeder has
    /// not got more itself, all behind it are as slow: only who is next to the cause may move, or they would all crowd at one.
    /// </summary>
    private void Look(Receiver host, long now, (long Time, int[] Have) before)
    {
        // It may get its last chunk while it is looked at.
        var have = host.Have;
        if (have == host.Wants.Count)
            return;
        if (host.Suspect is { } suspect && now - host.MovedAt >= options.SlowTime.TotalMilliseconds && IsLongEnough(host, now, before))
            Judge(host, hosts[suspect]!, now, before);
        if (host.FedBy is not >= 0)
            return;
        var feeder = hosts[host.FedBy.Value]!;
        if (feeder.HasChunk(host.Wants[have].Number) && now - host.LastProgress > options.StallTime.TotalMilliseconds)
        {
            Move(host, feeder, "it gives nothing any more", now);
            return;
        }

        // The last chunks are not worth a new beginning.
        if (host.Moves >= MaxMoves || host.IsSlow || host.Suspect is not null || host.Wants.Count - have < options.Ahead
            || !IsLongEnough(host, now, before) || !IsBehind(host, before))
            return;
        var ahead = host.Wants[Math.Min(have + options.Ahead, host.Wants.Count) - 1].Number;
        var others = host.Feeders.Select(n => hosts[n]).OfType<Receiver>()
            .Any(f => f != feeder && f.IsUp && !host.Avoids(f.Number) && f.HasChunk(ahead) && !IsFedThrough(f, host));
        // Where nobody else has it, the controller does.
        if (feeder.HasChunk(ahead) && (others || feeder.IsComplete || feeder.FedBy == Controller))
        {
            Move(host, feeder, "it is much slower than others", now);
            host.Suspect = feeder.Number;
        }
        else if (feeder.IsSlow && others)
        {
            Move(host, feeder, "it has much less than others", now);
        }
    }

    /// <summary>
    /// It got all since then from one, and for so long that it can be compared. Where this looks late, as on a busy controller, the
    /// time looked back upon is short: nobody is slow by that, and nobody is fast.
    /// </summary>
    private bool IsLongEnough(Receiver host, long now, (long Time, int[] Have) before) =>
        // Far down the chain the first chunk comes late, which is nobody's slowness.
        before.Have[host.Number] > 0 && now - Math.Max(before.Time, host.MovedAt) >= options.SlowTime.TotalMilliseconds * 0.8;

    /// <summary>It got much less than others did.</summary>
    private bool IsBehind(Receiver host, (long Time, int[] Have) before) => (host.Have - before.Have[host.Number]) * 3 < _best;

    /// <summary>
    /// Says which of two was slow, now that the one was fed by somebody else for a while. Who feeds slowly is itself fed by the last
    /// host from now on: were both fed by the one before them, that would give each, and all that come behind, half.
    /// </summary>
    private void Judge(Receiver host, Receiver feeder, long now, (long Time, int[] Have) before)
    {
        host.Suspect = null;
        if (IsBehind(host, before))
        {
            host.IsSlow = true;
            host.Forgive(feeder.Number);
            if (host.FedBy == Controller)
                LetGo(host, now);
        }
        else if (feeder is { IsComplete: false, IsUp: true, Last: { } last })
        {
            options.Tell?.Invoke($"{feeder.Name} is fed by {hosts[last]!.Name} from now on: it feeds slowly.");
            feeder.Moves = MaxMoves;
            feeder.Feeders = [last, .. feeder.Feeders.Where(f => f != last)];
            LetGo(feeder, now);
        }
    }

    private void Move(Receiver host, Receiver feeder, string why, long now)
    {
        options.Tell?.Invoke($"{host.Name} is not fed by {feeder.Name} any more: {why}.");
        host.Avoid(feeder.Number);
        host.Moves++;
        LetGo(host, now);
    }

    private static void LetGo(Receiver host, long now)
    {
        host.LastProgress = host.MovedAt = now;
        // Who chooses next may be fed by it.
        host.FedBy = null;
        _ = host.Session?.CancelAsync();
    }
}

/// <summary>When a host that feeds others is passed over.</summary>
internal sealed record FanOutOptions
{
    /// <summary>After so long without a chunk that the feeder has.</summary>
    public TimeSpan StallTime { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Over so long it is compared how much each got.</summary>
    public TimeSpan SlowTime { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>How often it is looked.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>So many chunks another one has to have more than the host.</summary>
    public int Ahead { get; init; } = 6;

    /// <summary>What time it is.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Is told what was changed, a whole sentence.</summary>
    public Action<string>? Tell { get; init; }
}
