using System.Globalization;
using System.Text;
using Sealer.Hosts;

namespace Sealer.Transfer;

/// <summary>Brings chunks over the hosts' own commands: one that takes them from the controller, or fetches them from another host.</summary>
/// <param name="runs">The hosts by number.</param>
/// <param name="source">Makes the chunks.</param>
/// <param name="uplink">What leaves the controller waits here.</param>
/// <param name="patience">How long a host that broke off is waited for.</param>
internal sealed class HostCarrier(IReadOnlyList<HostRun> runs, ChunkSource source, Throttle uplink, TimeSpan patience) : IChunkCarrier
{
    private const int Written = 256 << 10;

    public async Task BringAsync(Receiver to, Receiver? from, IReadOnlyList<Chunk> chunks, Action<int, int> arrived, CancellationToken cancellationToken)
    {
        var run = runs[to.Number];
        using var input = new HandOver();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var sizes = chunks.ToDictionary(c => c.Number, c => (int)c.Length);
        using var lines = new LineTarget(line =>
        {
            if (line == "done")
                done.TrySetResult();
            else if (int.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && sizes.TryGetValue(number, out var size))
                arrived(number, size);
        });
        var writing = WriteAsync(input, from, chunks, done.Task, ended.Token);
        HostCommandResult result;
        try
        {
            result = await run.Target.Host.RunAsync(
                new HostCommand(HostScripts.Receive(run.Target, run.Feeds, from is null ? null : runs[from.Number].Peer))
                {
                    Elevated = true,
                    Input = input,
                    Output = lines,
                },
                cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await ended.CancelAsync().ConfigureAwait(false);
            await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (!result.Succeeded)
            throw Failure(run, from, result);
        // Where the host says that it has all, its end may be seen before the writer has heard of that.
        if (!done.Task.IsCompletedSuccessfully)
            await writing.ConfigureAwait(false);
    }

    public async Task<bool> IsBackAsync(Receiver host, CancellationToken cancellationToken)
    {
        var until = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        for (var pause = 500; ; pause = Math.Min(pause * 2, 5000))
        {
            try
            {
                await runs[host.Number].Target.Host.RunAsync(new HostCommand("true") { Timeout = TimeSpan.FromSeconds(30) }, cancellationToken).ConfigureAwait(false);
                return true;
            }
            catch (SealerException)
            {
                if (Environment.TickCount64 + pause > until)
                    return false;
                await Task.Delay(pause, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    internal static SealerException Failure(HostRun run, HostCommandResult result)
    {
        var said = HostText.Shown((result.Error.Trim() is { Length: > 0 } e ? e : result.Output.Trim()) is { Length: > 0 } words ? words : "It said nothing.");
        if (said.Length > 1000)
            said = said[^1000..];
        var host = run.Target.Host.Name;
        if (said.Contains("No space left", StringComparison.Ordinal) || said.Contains("quota exceeded", StringComparison.OrdinalIgnoreCase))
        {
            return new SealerException(
                "HostDiskFull", ErrorKind.ResourceUnavailable,
                $"The disk of {run.Target.Folder} on {host} ran full; what had come was taken away again. Make room there for {run.Need?.Bytes >> 20} MiB, then run this again. Its own words: {said}", host);
        }

        return result.ExitCode switch
        {
            HostScripts.ExitDamaged => new SealerException(
                "ContentDamagedOnHost", ErrorKind.InvalidContent, $"{host} has something else on its disk than what was sent: {said}. Look at its disk and memory, then run this again.", host),
            HostScripts.ExitRebooted => new SealerException(
                "HostRebooted", ErrorKind.ResourceUnavailable, $"{host} was restarted during the delivery. Run this again; what had come is used.", host),
            HostScripts.ExitInTheWay => new SealerException(
                "ContentInTheWay", ErrorKind.Conflict, $"{said} on {host} is a folder where the image has a file, and holds files that no delivery brought. Move them away, then run this again.", host),
            _ => new SealerException(
                "ContentNotDelivered", ErrorKind.ResourceUnavailable, $"{host} could not take the content of {run.Target.Folder} (exit code {result.ExitCode}). Mend what it says, then run this again. Its own words: {said}", host),
        };
    }

    private static Exception Failure(HostRun run, Receiver? from, HostCommandResult result) =>
        from is not null && result.ExitCode is HostScripts.ExitFeeder or 66
            ? new FeederException(HostText.Shown(result.Error.Trim() is { Length: > 0 } said ? said.Split('\n')[^1] : "it ended the connection"))
            : Failure(run, result);

    private async Task WriteAsync(HandOver writer, Receiver? from, IReadOnlyList<Chunk> chunks, Task done, CancellationToken cancellationToken)
    {
        Task<ReadyChunk>? coming = null;
        // Their bytes may not have been read yet, after so many parts were given.
        var (given, leaving) = (0, new Queue<(ReadyChunk Ready, int Given)>());
        try
        {
            for (var i = 0; i < chunks.Count; i++)
            {
                var chunk = chunks[i];
                // Who feeds is asked for what it has only: nothing of it has to wait there, and look again and again.
                if (from is not null)
                    await from.HasAsync(chunk.Number, cancellationToken).ConfigureAwait(false);
                var ready = from is null ? await (coming ?? source.GetAsync(chunk.Number, cancellationToken)).ConfigureAwait(false) : null;
                // It is read and unpacked while the one before it is on its way.
                coming = from is null && i + 1 < chunks.Count ? source.GetAsync(chunks[i + 1].Number, cancellationToken) : null;
                var (size, digest) = ready is null
                    ? await source.ToldAsync(chunk.Number, cancellationToken).ConfigureAwait(false)
                    : (ready.Bytes.Length, ready.Digest);
                var kind = chunk.Content is null ? 'T' : size == 0 ? 'V' : 'P';
                await writer.GiveAsync(
                    Encoding.ASCII.GetBytes(string.Create(
                        CultureInfo.InvariantCulture, $"{kind} {chunk.Number} {size} {digest} {chunk.Content?.Hex ?? "-"} {chunk.Offset} {(chunk.IsLast ? 1 : 0)}\n")),
                    cancellationToken).ConfigureAwait(false);
                if (ready is null)
                    continue;
                given++;
                for (var at = 0; at < size; at += Written, given++)
                {
                    var part = ready.Bytes.Slice(at, Math.Min(Written, size - at));
                    await uplink.WaitAsync(part.Length, cancellationToken).ConfigureAwait(false);
                    await writer.GiveAsync(part, cancellationToken).ConfigureAwait(false);
                    while (leaving.TryPeek(out var before) && given - before.Given > HandOver.Pending)
                        source.Return(leaving.Dequeue().Ready);
                }

                leaving.Enqueue((ready, given));
            }

            await writer.GiveAsync("Q\n"u8.ToArray(), cancellationToken).ConfigureAwait(false);
            // A host that fetches takes the end of its lines for being let go.
            await done.WaitAsync(cancellationToken).ConfigureAwait(false);
            writer.End(null);
        }
        catch (Exception error)
        {
            writer.End(error is OperationCanceledException ? null : error);
            // Nothing reads any more once this has ended.
            if (coming is not null)
                await ((Task)coming).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
    }

    /// <summary>Takes lines as they come.</summary>
    private sealed class LineTarget(Action<string> line) : MemoryStream
    {
        private readonly StringBuilder _pending = new();

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            foreach (var b in buffer.Span)
            {
                if (b != '\n')
                {
                    if (_pending.Length < 256)
                        _pending.Append((char)b);
                    continue;
                }

                line(_pending.ToString());
                _pending.Clear();
            }

            return ValueTask.CompletedTask;
        }
    }
}
