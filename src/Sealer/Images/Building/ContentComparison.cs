using System.Buffers;
using System.Security.Cryptography;
using Sealer.Images.Layers;

namespace Sealer.Images.Building;

/// <summary>Hashes files on all processors and compares them with what they were.</summary>
internal static class ContentComparison
{
    private const int BufferSize = 1 << 20;

    /// <summary>True where every file still has its digest; ends at the first that has not.</summary>
    public static async Task<bool> AreSameAsync(
        IReadOnlyList<LayerEntry> files, IReadOnlyList<Digest> digests, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        using var different = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        long done = 0;

        // The largest first: one that is begun last would keep all but one processor waiting.
        var order = Enumerable.Range(0, files.Count).OrderByDescending(i => files[i].Size).ToList();
        try
        {
            await Parallel.ForEachAsync(
                order,
                new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = different.Token },
                async (i, token) =>
                {
                    await Task.Yield();
                    if (!IsSame(files[i], digests[i], token))
                        await different.CancelAsync().ConfigureAwait(false);
                    progress?.Report(Interlocked.Add(ref done, files[i].Size));
                }).ConfigureAwait(false);
            return !different.IsCancellationRequested;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private static bool IsSame(LayerEntry file, Digest digest, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(file.Size, 1, BufferSize));
        try
        {
            using var stream = file.LocalFile is { } path
                ? new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.SequentialScan)
                : file.Open!();
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            int read;
            while ((read = stream.Read(buffer)) > 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
                hash.AppendData(buffer, 0, read);
            }

            return digest.Matches(hash.GetHashAndReset());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Whoever writes the layer next says what is wrong with the file.
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
