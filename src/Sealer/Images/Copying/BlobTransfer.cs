using System.Security.Cryptography;

namespace Sealer.Images.Copying;

/// <summary>
/// Moves one blob to a target that cannot take anything back: hashed while it is written, and gone on with where the source
/// broke off.
/// </summary>
internal static class BlobTransfer
{
    private const int Attempts = 3;

    /// <exception cref="SealerException"><c>DigestMismatch</c>, <c>SizeMismatch</c>, <c>Truncated</c>, after something was written.</exception>
    public static async Task RunAsync(
        Descriptor descriptor,
        Func<long, CancellationToken, Task<Stream>> openAsync,
        Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> write,
        IProgress<long>? progress,
        CancellationToken cancellationToken)
    {
        using var hash = descriptor.Digest.CreateHash();
        await RunAsync(descriptor, openAsync, write, hash, progress, cancellationToken).ConfigureAwait(false);
        var found = hash.GetHashAndReset();
        if (!descriptor.Digest.Matches(found))
            throw VerifyingStream.WrongDigest(descriptor, descriptor.Digest.Algorithm + ":" + Convert.ToHexString(found).ToLowerInvariant());
    }

    /// <summary>A connection or a disk that broke off; the next attempt may go well.</summary>
    public static bool IsBroken(Exception e) =>
        e is IOException or HttpRequestException || e is SealerException { Kind: ErrorKind.Connection };

    private static async Task RunAsync(
        Descriptor descriptor,
        Func<long, CancellationToken, Task<Stream>> openAsync,
        Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> write,
        IncrementalHash hash,
        IProgress<long>? progress,
        CancellationToken cancellationToken)
    {
        long position = 0;
        for (var failures = 0; position < descriptor.Size;)
        {
            var before = position;
            try
            {
                var source = await openAsync(position, cancellationToken).ConfigureAwait(false);
                await using (source.ConfigureAwait(false))
                {
                    var moved = await StreamPump.RunAsync(source, WriteAsync, hash, descriptor.Size - before, progress, before, cancellationToken)
                        .ConfigureAwait(false);
                    if (moved > descriptor.Size - before)
                        throw VerifyingStream.TooLong(descriptor);
                }

                if (position < descriptor.Size)
                    throw VerifyingStream.TruncatedAt(descriptor, position);
            }
            catch (Exception e) when (IsBroken(e) && !cancellationToken.IsCancellationRequested)
            {
                failures = position > before ? 1 : failures + 1;
                if (failures >= Attempts)
                    throw;
            }
        }

        async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken token)
        {
            await write(buffer, token).ConfigureAwait(false);
            position += buffer.Length;
        }
    }
}
