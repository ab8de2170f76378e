namespace Sealer.Images;

/// <summary>
/// Somewhere images can be read from: the local store, a registry repository, an OCI layout, an archive. Implementations
/// are safe for concurrent use.
/// </summary>
public interface IImageSource
{
    /// <summary>Finds what a name stands for.</summary>
    /// <returns>The descriptor of a manifest or index, or null where the name is not known here.</returns>
    Task<Descriptor?> ResolveAsync(ImageReference reference, CancellationToken cancellationToken);

    /// <summary>
    /// Opens content (a manifest, config or layer) as it is stored. The stream is not verified: the reader hashes what it
    /// reads.
    /// </summary>
    /// <param name="descriptor">What to open; a registry needs the media type to know whether it is a manifest.</param>
    /// <param name="offset">Byte to begin at, for resuming.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="SealerException"><c>BlobNotFound</c>.</exception>
    Task<Stream> OpenAsync(Descriptor descriptor, long offset, CancellationToken cancellationToken);
}
