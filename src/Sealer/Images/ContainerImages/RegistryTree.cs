using System.Text.Json;
using Sealer.Images.Layers;

namespace Sealer.Images.ContainerImages;

/// <summary>
/// The container images that a rootfs holds under <c>registry/</c>: what a parent image brings, or what was built. Names are
/// found where <see cref="RegistryPath"/> puts them.
/// </summary>
public sealed class RegistryTree : IImageSource
{
    private readonly IFileTree? _files;
    private readonly IReadOnlyDictionary<string, string> _paths;
    private readonly object _gate = new();
    private Task<RegistryDocuments>? _documents;

    /// <param name="files">The rootfs.</param>
    /// <param name="images">The images that it is said to hold: the annotation of its image.</param>
    /// <param name="paths">Those that lie elsewhere than by rule: the annotation <see cref="SealerAnnotations.ContainerImagePaths"/>.</param>
    public RegistryTree(IFileTree? files, IReadOnlyList<ContainerImageEntry>? images, IReadOnlyDictionary<string, string>? paths)
    {
        _files = files;
        _paths = (paths ?? new Dictionary<string, string>()).Where(IsPlace).ToDictionary();
        Images = images ?? [];
    }

    /// <summary>A rootfs without container images.</summary>
    public static RegistryTree Empty { get; } = new(null, null, null);

    /// <summary>The images that the rootfs is said to hold.</summary>
    public IReadOnlyList<ContainerImageEntry> Images { get; }

    /// <summary>The images that lie elsewhere than by rule, with their repositories.</summary>
    public IReadOnlyDictionary<string, string> Paths => _paths;

    /// <summary>The repository that holds an image, if it is held.</summary>
    public string PathOf(ImageReference reference) =>
        _paths.GetValueOrDefault(reference.ToString()) ?? RegistryPath.Of(reference);

    /// <summary>True where the annotation names the image, for the platform if it says one.</summary>
    public bool Names(ImageReference reference, Platform platform) => Images.Any(image =>
        (image.Platform is null || platform.Accepts(image.Platform))
        && ImageReference.TryParse(image.Image, out var name, out _)
        && name == reference);

    /// <inheritdoc/>
    public async Task<Descriptor?> ResolveAsync(ImageReference reference, CancellationToken cancellationToken)
    {
        var repository = PathOf(reference);
        if (reference.Digest is not { } digest)
        {
            if (await ReadLinkAsync(RegistryLayout.Tag(repository, reference.Tag!), cancellationToken).ConfigureAwait(false) is not { } tagged)
                return null;
            digest = tagged;
        }
        else if (!IsFile(RegistryLayout.Revision(repository, digest)))
        {
            return null;
        }

        return await DescribeAsync(digest, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<Stream> OpenAsync(Descriptor descriptor, long offset, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var documents = await DocumentsAsync(cancellationToken).ConfigureAwait(false);
        if (documents.Content(descriptor.Digest) is { } known)
            return new MemoryStream(known, writable: false) { Position = offset };
        if (!IsFile(RegistryLayout.Blob(descriptor.Digest)))
            throw new SealerException("BlobNotFound", ErrorKind.NotFound, $"{descriptor.Digest} is not in the image's registry.", descriptor.Digest);
        var stream = _files!.Open(RegistryLayout.Blob(descriptor.Digest));
        if (stream.CanSeek)
            stream.Position = offset;
        else
            Skip(stream, offset);
        return stream;
    }

    /// <summary>True where the content is there, by its size; its digest is checked by who reads it.</summary>
    internal bool Has(Descriptor descriptor) =>
        _files?.Find(RegistryLayout.Blob(descriptor.Digest)) is { Kind: FileTreeEntryKind.File } entry && entry.Size == descriptor.Size;

    /// <summary>What a tag of a repository stands for, or null.</summary>
    internal Task<Digest?> ReadTagAsync(string repository, string tag, CancellationToken cancellationToken) =>
        ReadLinkAsync(RegistryLayout.Tag(repository, tag), cancellationToken);

    /// <summary>The digest in a link file; null where there is none, or no digest in it.</summary>
    internal async Task<Digest?> ReadLinkAsync(string path, CancellationToken cancellationToken) =>
        (await DocumentsAsync(cancellationToken).ConfigureAwait(false)).Link(path);

    /// <summary>The annotation is a stranger's, and its paths become paths of files: only what the rule gives is one.</summary>
    private static bool IsPlace(KeyValuePair<string, string> entry) =>
        ImageReference.TryParse(entry.Key, out var reference, out _) && entry.Value == RegistryPath.UnderDomain(reference);

    private Task<RegistryDocuments> DocumentsAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
            return _documents ??= RegistryDocuments.ReadAsync(_files, cancellationToken);
    }

    private bool IsFile(string path) => _files?.Find(path)?.Kind == FileTreeEntryKind.File;

    /// <summary>The storage keeps no media types; the document says what it is.</summary>
    private async Task<Descriptor?> DescribeAsync(Digest digest, CancellationToken cancellationToken)
    {
        if (_files!.Find(RegistryLayout.Blob(digest)) is not { Kind: FileTreeEntryKind.File, Size: <= OciJson.MaxManifestSize } entry)
            return null;
        var descriptor = new Descriptor { MediaType = "", Digest = digest, Size = entry.Size };
        try
        {
            using var stream = await OpenAsync(descriptor, 0, cancellationToken).ConfigureAwait(false);
            using var document = await JsonDocument.ParseAsync(stream, default, cancellationToken).ConfigureAwait(false);
            return ManifestKind.Detect(document.RootElement) is { } mediaType
                ? descriptor with { MediaType = mediaType }
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
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
