namespace Sealer.Images;

/// <summary>
/// Somewhere images can be written to. Content is written children first (layers, config, manifest, index), then named.
/// Implementations are safe for concurrent use, except that archives take one blob at a time and wait for their turn.
/// </summary>
public interface IImageTarget
{
    /// <summary>True where the content is there already and need not be sent.</summary>
    Task<bool> ExistsAsync(Descriptor descriptor, CancellationToken cancellationToken);

    /// <summary>
    /// Writes content. The target verifies size and digest while it streams and keeps nothing of what is wrong.
    /// </summary>
    /// <param name="descriptor">What is written.</param>
    /// <param name="openAsync">
    /// Opens the content at a byte offset; called again, with the offset reached, where the connection to the target or the
    /// source broke.
    /// </param>
    /// <param name="progress">Told the bytes written so far; may be null.</param>
    /// <param name="cancellationToken">Cancels; a partial blob may be kept for resuming.</param>
    /// <exception cref="SealerException"><c>DigestMismatch</c>, <c>SizeMismatch</c>.</exception>
    Task PutAsync(
        Descriptor descriptor,
        Func<long, CancellationToken, Task<Stream>> openAsync,
        IProgress<long>? progress,
        CancellationToken cancellationToken);

    /// <summary>Gives a manifest or index that is there a name.</summary>
    Task TagAsync(ImageReference reference, Descriptor descriptor, CancellationToken cancellationToken);
}
