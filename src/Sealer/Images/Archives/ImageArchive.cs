using Sealer.Images.Copying;

namespace Sealer.Images.Archives;

/// <summary>
/// Images in a file, its parts, or a folder, read where they lie: nothing is unpacked. Recognised by content; several
/// readers at once. What comes out is not verified, as from every <see cref="IImageSource"/>: <see cref="ImageCopier"/>
/// does that.
/// </summary>
public abstract class ImageArchive : IImageSource, IReferrerSource, IDisposable
{
    internal ImageArchive(ArchiveFormat format) => Format = format;

    /// <summary>What was found.</summary>
    public ArchiveFormat Format { get; }

    /// <summary>The images in it, in its order.</summary>
    public abstract IReadOnlyList<ArchivedImage> Images { get; }

    /// <summary>Opens an archive.</summary>
    /// <param name="path">
    /// A tar; a folder; or parts: their index <c>NAME.parts.json</c>, the first part, or the name without ending.
    /// </param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="SealerException">
    /// <c>ArchiveNotFound</c>, <c>NotAnImageArchive</c>, <c>InvalidArchive</c>, <c>ArchiveTruncated</c>,
    /// <c>ManifestTooLarge</c>, <c>InvalidManifest</c>, <c>PartMissing</c>, <c>PartDamaged</c>; <c>ArchiveCompressed</c>: it is
    /// compressed as a whole and can only be read from front to back, by <see cref="ArchiveImport"/>.
    /// </exception>
    public static Task<ImageArchive> OpenAsync(string path, CancellationToken cancellationToken) =>
        ArchiveOpening.OpenAsync(path, cancellationToken);

    /// <inheritdoc/>
    public virtual Task<Descriptor?> ResolveAsync(ImageReference reference, CancellationToken cancellationToken) => Task.FromResult(
        Images.FirstOrDefault(i => i.Reference == reference || (reference.Digest is { } digest && i.Descriptor.Digest == digest))?.Descriptor);

    /// <inheritdoc/>
    public abstract Task<Stream> OpenAsync(Descriptor descriptor, long offset, CancellationToken cancellationToken);

    /// <inheritdoc/>
    public virtual Task<IReadOnlyList<Descriptor>> ListReferrersAsync(Descriptor subject, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<Descriptor>>([]);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Closes the files.</summary>
    protected abstract void Dispose(bool disposing);
}
