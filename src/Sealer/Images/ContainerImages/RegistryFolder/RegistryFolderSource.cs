using Sealer.Images.Layers;

namespace Sealer.Images.ContainerImages.RegistryFolder;

/// <summary>
/// The container images that a rootfs holds under <c>registry/</c>, as a source to copy from: what a parent image brings, or
/// what was built. A build asks it for some of them, so that it reads documents when they are asked for and believes sizes;
/// who has read all layers and must prove everything has <see cref="ScannedRegistryFolder"/>. Names, paths and documents are
/// read alike: <see cref="RegistryFolderNames"/>, <see cref="RegistryFolderManifest"/>.
/// </summary>
public sealed class RegistryFolderSource : IImageSource
{
    private readonly IFileTree? _files;
    private readonly RegistryFolderNames _names;
    private readonly object _gate = new();
    private Task<RegistryFolderDocuments>? _documents;

    /// <param name="files">The rootfs.</param>
    /// <param name="images">The images that it is said to hold: the annotation of its image.</param>
    /// <param name="paths">Those that lie elsewhere than by rule: the annotation <see cref="SealerAnnotations.ContainerImagePaths"/>.</param>
    public RegistryFolderSource(IFileTree? files, IReadOnlyList<ContainerImageEntry>? images, IReadOnlyDictionary<string, string>? paths)
    {
        _files = files;
        _names = new RegistryFolderNames(paths ?? new Dictionary<string, string>());
        Images = images ?? [];
    }

    /// <summary>A rootfs without container images.</summary>
    public static RegistryFolderSource Empty { get; } = new(null, null, null);

    /// <summary>The images that the rootfs is said to hold.</summary>
    public IReadOnlyList<ContainerImageEntry> Images { get; }

    /// <summary>The images that lie elsewhere than by rule, with their repositories.</summary>
    public IReadOnlyDictionary<string, string> Paths => _names.Elsewhere;

    /// <summary>The repository that holds an image, if it is held.</summary>
    public string PathOf(ImageReference reference) => _names.RepositoryOf(reference);

    /// <summary>True where the annotation names the image, for the platform if it says one.</summary>
    public bool Names(ImageReference reference, Platform platform) => Images.Any(image =>
        (image.Platform is null || platform.Accepts(image.Platform))
        && ImageReference.TryParse(image.Image, out var name, out _)
        && name == reference);

    /// <inheritdoc/>
    public async Task<Descriptor?> ResolveAsync(ImageReference reference, CancellationToken cancellationToken)
    {
        var link = _names.LinkOf(reference);
        if (reference.Digest is { } digest)
            return IsFile(link) ? await DescribeAsync(digest, cancellationToken).ConfigureAwait(false) : null;
        return await ReadLinkAsync(link, cancellationToken).ConfigureAwait(false) is { } tagged
            ? await DescribeAsync(tagged, cancellationToken).ConfigureAwait(false)
            : null;
    }

    /// <inheritdoc/>
    public async Task<Stream> OpenAsync(Descriptor descriptor, long offset, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var documents = await DocumentsAsync(cancellationToken).ConfigureAwait(false);
        if (documents.Content(descriptor.Digest) is { } known)
            return new MemoryStream(known, writable: false) { Position = offset };
        if (!IsFile(RegistryFolderLayout.Blob(descriptor.Digest)))
            throw new SealerException("BlobNotFound", ErrorKind.NotFound, $"{descriptor.Digest} is not in the image's registry.", descriptor.Digest);
        var stream = _files!.Open(RegistryFolderLayout.Blob(descriptor.Digest));
        if (stream.CanSeek)
            stream.Position = offset;
        else
            Skip(stream, offset);
        return stream;
    }

    /// <summary>True where the content is there, by its size; its digest is checked by who reads it.</summary>
    internal bool Has(Descriptor descriptor) =>
        _files?.Find(RegistryFolderLayout.Blob(descriptor.Digest)) is { Kind: FileTreeEntryKind.File } entry && entry.Size == descriptor.Size;

    /// <summary>What a tag of a repository stands for, or null.</summary>
    internal Task<Digest?> ReadTagAsync(string repository, string tag, CancellationToken cancellationToken) =>
        ReadLinkAsync(RegistryFolderLayout.Tag(repository, tag), cancellationToken);

    /// <summary>The digest in a link file; null where there is none, or no digest in it.</summary>
    internal async Task<Digest?> ReadLinkAsync(string path, CancellationToken cancellationToken) =>
        (await DocumentsAsync(cancellationToken).ConfigureAwait(false)).Link(path);

    private Task<RegistryFolderDocuments> DocumentsAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
            return _documents ??= RegistryFolderDocuments.ReadAsync(_files, cancellationToken);
    }

    private bool IsFile(string path) => _files?.Find(path)?.Kind == FileTreeEntryKind.File;

    /// <summary>The storage keeps no media types; the document says what it is.</summary>
    private async Task<Descriptor?> DescribeAsync(Digest digest, CancellationToken cancellationToken)
    {
        if (_files!.Find(RegistryFolderLayout.Blob(digest)) is not { Kind: FileTreeEntryKind.File, Size: <= OciJson.MaxManifestSize } entry)
            return null;
        var descriptor = new Descriptor { MediaType = "", Digest = digest, Size = entry.Size };
        var content = new byte[entry.Size];
        using (var stream = await OpenAsync(descriptor, 0, cancellationToken).ConfigureAwait(false))
            await stream.ReadExactlyAsync(content, cancellationToken).ConfigureAwait(false);
        return RegistryFolderManifest.TryRead(content) is { } document ? descriptor with { MediaType = document.MediaType } : null;
    }

    private static void Skip(Stream stream, long count)
    {
        var buffer = new byte[64 * 1024];
        while (count > 0)
        {
            var read = stream.Read(buffer, 0, (int)Math.Min(buffer.Length, count));
            if (read == 0)
                return;
            count -= read;
        }
    }
}
