using Sealer.Images.Storage;

namespace Sealer.Images.Copying;

/// <summary>
/// Reading that mends: what the store holds is believed by its size until somebody reads and verifies it, and where it then
/// proves wrong, it is taken out of the store, so that fetching or building the image again, as every message says, helps.
/// </summary>
internal static class DamagedContent
{
    /// <summary>Reads and verifies; the source's copy is set aside where the reading fails because of it.</summary>
    /// <param name="source">Where the content is; anything but a store is only read.</param>
    /// <param name="digest">What is read.</param>
    /// <param name="read">Reads and verifies it; its errors are passed on.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public static async Task<T> ReadAsync<T>(IImageSource source, Digest digest, Func<Task<T>> read, CancellationToken cancellationToken)
    {
        try
        {
            return await read().ConfigureAwait(false);
        }
        catch (Exception e) when (source is ImageStore && e is SealerException { Kind: ErrorKind.InvalidContent } or EndOfStreamException)
        {
            await ((ImageStore)source).SetAsideIfDamagedAsync(digest, cancellationToken).ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc cref="ReadAsync{T}"/>
    public static Task ReadAsync(IImageSource source, Digest digest, Func<Task> read, CancellationToken cancellationToken) =>
        ReadAsync(
            source,
            digest,
            async () =>
            {
                await read().ConfigureAwait(false);
                return true;
            },
            cancellationToken);
}
