using System.Buffers;
using System.Runtime.ExceptionServices;
using System.Security.Cryptography;

namespace Sealer.Images.Copying;

/// <summary>
/// Moves bytes from a stream with reading, hashing and writing at the same time: while one buffer is hashed on another
/// thread and written, the next is read. Two buffers, whatever the size of the content.
/// </summary>
internal static class StreamPump
{
    /// <summary>Large enough that the switching of threads does not count, small enough to stay in a core's cache.</summary>
    public const int BufferSize = 512 * 1024;

    /// <summary>Under this, handing the hash to another thread costs more than it gains.</summary>
    private const int ParallelHashFrom = 64 * 1024;

    /// <param name="source">Read to its end.</param>
    /// <param name="write">Takes the bytes; the memory is its own until it completes.</param>
    /// <param name="hash">Fed with the bytes, or null.</param>
    /// <param name="limit">Most bytes to take; one more makes the pump stop and return <paramref name="limit"/> + 1.</param>
    /// <param name="progress">Told the bytes so far, beginning at <paramref name="start"/>.</param>
    /// <param name="start">Added to what <paramref name="progress"/> is told.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The bytes moved.</returns>
    public static async Task<long> RunAsync(
        Stream source,
        Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> write,
        IncrementalHash? hash,
        long limit,
        IProgress<long>? progress,
        long start,
        CancellationToken cancellationToken)
    {
        var current = ArrayPool<byte>.Shared.Rent(BufferSize);
        var next = ArrayPool<byte>.Shared.Rent(BufferSize);
        Task<Filled>? reading = null;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            long moved = 0;
            var filled = await FillAsync(source, current, cancellationToken).ConfigureAwait(false);
            while (filled.Count > 0)
            {
                if (moved + filled.Count > limit)
                    return limit + 1;

                // On another thread, because a stream that decompresses computes before it returns a task.
                var target = next;
                reading = filled.IsLast
                    ? null
                    : Task.Run(() => FillAsync(source, target, stop.Token), CancellationToken.None);
                await HashAndWriteAsync(current.AsMemory(0, filled.Count), write, hash, cancellationToken).ConfigureAwait(false);
                moved += filled.Count;
                progress?.Report(start + moved);
                filled.Broken?.Throw();
                if (reading is null)
                    break;
                filled = await reading.ConfigureAwait(false);
                reading = null;
                (current, next) = (next, current);
            }

            return moved;
        }
        finally
        {
            // A read that is under way still owns its buffer; giving it back early would let it write into someone else's.
            if (reading is not null)
            {
                await stop.CancelAsync().ConfigureAwait(false);
                await ((Task)reading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            ArrayPool<byte>.Shared.Return(current);
            ArrayPool<byte>.Shared.Return(next);
        }
    }

    /// <summary>Hashes and writes one buffer at the same time.</summary>
    public static async ValueTask HashAndWriteAsync(
        ReadOnlyMemory<byte> buffer,
        Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> write,
        IncrementalHash? hash,
        CancellationToken cancellationToken)
    {
        if (hash is null || buffer.Length < ParallelHashFrom)
        {
            hash?.AppendData(buffer.Span);
            await write(buffer, cancellationToken).ConfigureAwait(false);
            return;
        }

        var hashing = Task.Run(() => hash.AppendData(buffer.Span), CancellationToken.None);
        try
        {
            await write(buffer, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await hashing.ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Fills a buffer as far as the content goes. Where the source breaks off in the middle, what came before is handed on
    /// first, so that a resumed transfer asks for no byte twice.
    /// </summary>
    private static async Task<Filled> FillAsync(Stream source, byte[] buffer, CancellationToken cancellationToken)
    {
        var count = 0;
        try
        {
            while (count < BufferSize)
            {
                var read = await source.ReadAsync(buffer.AsMemory(count, BufferSize - count), cancellationToken).ConfigureAwait(false);
                if (read == 0)
                    return new Filled(count, true, null);
                count += read;
            }

            return new Filled(count, false, null);
        }
        catch (Exception e) when (count > 0)
        {
            return new Filled(count, true, ExceptionDispatchInfo.Capture(e));
        }
    }

    private readonly record struct Filled(int Count, bool IsLast, ExceptionDispatchInfo? Broken);
}
