using System.Text.Json;
using System.Text.Json.Serialization;
using Sealer.Images.Copying;

namespace Sealer.Images.Archives;

/// <summary>An image in Docker's <c>manifest.json</c>.</summary>
internal sealed record DockerArchiveImage(
    [property: JsonPropertyName("Config")] string Config,
    [property: JsonPropertyName("RepoTags")] IReadOnlyList<string>? RepoTags,
    [property: JsonPropertyName("Layers")] IReadOnlyList<string> Layers);

[JsonSerializable(typeof(IReadOnlyList<DockerArchiveImage>))]
internal sealed partial class DockerArchiveJson : JsonSerializerContext;

/// <summary>
/// What <c>docker save</c> writes: a list of configs and layers by file name. It has no manifests; they are made here, in
/// OCI's form, with sealer's data back in its annotations. Docker's older list <c>repositories</c> says nothing more.
/// </summary>
internal sealed class DockerLayout : ImageArchive
{
    public const string ManifestFile = "manifest.json";

    private const int MaxImages = 1000;

    private readonly ArchiveFiles _files;
    private readonly Dictionary<Digest, byte[]> _documents = [];
    private readonly Dictionary<Digest, string> _layers = [];
    private readonly Dictionary<string, Descriptor> _layerFiles = new(StringComparer.Ordinal);
    private readonly List<ArchivedImage> _images = [];

    private DockerLayout(ArchiveFormat format, ArchiveFiles files)
        : base(format) => _files = files;

    public override IReadOnlyList<ArchivedImage> Images => _images;

    /// <summary>Docker's list, as opposed to a manifest under the same file name in a folder of skopeo's.</summary>
    public static bool IsArchiveManifest(ReadOnlySpan<byte> json) => json.TrimStart(" \t\r\n"u8).StartsWith("["u8);

    public static async Task<DockerLayout> OpenAsync(
        ArchiveFormat format,
        ArchiveFiles files,
        byte[] manifest,
        CancellationToken cancellationToken)
    {
        var archive = new DockerLayout(format, files);
        IReadOnlyList<DockerArchiveImage?>? images;
        try
        {
            images = JsonSerializer.Deserialize(manifest, DockerArchiveJson.Default.IReadOnlyListDockerArchiveImage);
        }
        catch (JsonException e)
        {
            throw ArchiveErrors.Invalid("its manifest.json is damaged", e);
        }

        if (images is not { Count: <= MaxImages } || images.Any(i => i is not { Config: not null, Layers: not null } || i.Layers.Contains(null!)))
            throw ArchiveErrors.Invalid("its manifest.json is damaged");
        foreach (var image in images)
            await archive.AddAsync(image!, cancellationToken).ConfigureAwait(false);
        return archive;
    }

    public override Task<Stream> OpenAsync(Descriptor descriptor, long offset, CancellationToken cancellationToken)
    {
        if (_documents.TryGetValue(descriptor.Digest, out var content))
            return Task.FromResult<Stream>(new MemoryStream(content, (int)offset, content.Length - (int)offset, writable: false));
        return _layers.TryGetValue(descriptor.Digest, out var name)
            ? Task.FromResult(_files.Open(name, offset))
            : throw ArchiveErrors.Missing(descriptor.Digest.ToString());
    }

    protected override void Dispose(bool disposing) => _files.Dispose();

    private async Task AddAsync(DockerArchiveImage image, CancellationToken cancellationToken)
    {
        var original = await _files.ReadAsync(image.Config, cancellationToken).ConfigureAwait(false);
        var diffIds = OciJson.ReadConfig(original).Rootfs?.DiffIds ?? [];
        if (diffIds.Count != image.Layers.Count)
        {
            throw new SealerException(
                "LayerCountMismatch",
                ErrorKind.InvalidContent,
                $"'{image.Config}' in the archive tells of {diffIds.Count} layers, but there are {image.Layers.Count}. The archive is broken or hostile.",
                image.Config);
        }

        var layers = new List<Descriptor>();
        for (var i = 0; i < diffIds.Count; i++)
            layers.Add(await DescribeLayerAsync(image.Layers[i], diffIds[i], cancellationToken).ConfigureAwait(false));

        var (config, annotations) = SealerLabels.Take(original);
        var manifest = new ImageManifest
        {
            MediaType = MediaType.OciManifest,
            Config = Keep(MediaType.OciConfig, config),
            Layers = layers,
            Annotations = annotations,
        };
        var descriptor = Keep(MediaType.OciManifest, OciJson.Write(manifest));
        foreach (var tag in image.RepoTags ?? [])
            _images.Add(new ArchivedImage(ImageReference.TryParse(tag, out var reference, out _) ? reference : null, tag, descriptor));
        if (image.RepoTags is not { Count: > 0 })
            _images.Add(new ArchivedImage(null, null, descriptor));
    }

    /// <summary>
    /// A plain layer's digest stands in the config and is checked by whoever copies it. That of a gzip layer stands nowhere:
    /// it has to be read for it once.
    /// </summary>
    private async Task<Descriptor> DescribeLayerAsync(string name, Digest diffId, CancellationToken cancellationToken)
    {
        if (_layerFiles.TryGetValue(name, out var known))
            return known;
        if (!_files.TryGetSize(name, out var size))
            throw ArchiveErrors.Missing(name);
        var compression = await DetectAsync(name, cancellationToken).ConfigureAwait(false);
        var mediaType = compression switch
        {
            Compression.None => MediaType.OciLayer,
            Compression.Gzip => MediaType.OciLayerGzip,
            Compression.Zstd => MediaType.OciLayerZstd,
            _ => throw new SealerException(
                "LayerCompressionNotSupported",
                ErrorKind.NotSupported,
                $"The layer '{name}' in the archive is compressed with {compression}, which no registry takes. Save the image again with plain or gzip layers.",
                name),
        };
        var digest = compression == Compression.None ? diffId
            : _files.KnownDigest(name) ?? await HashAsync(name, cancellationToken).ConfigureAwait(false);
        var descriptor = new Descriptor { MediaType = mediaType, Digest = digest, Size = size };
        _layers.TryAdd(digest, name);
        _layerFiles[name] = descriptor;
        return descriptor;
    }

    private async Task<Compression> DetectAsync(string name, CancellationToken cancellationToken)
    {
        var start = new byte[Compressions.MagicLength];
        var stream = _files.Open(name, 0);
        await using (stream.ConfigureAwait(false))
        {
            var read = await stream.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
            return Compressions.Detect(start.AsSpan(0, read));
        }
    }

    private async Task<Digest> HashAsync(string name, CancellationToken cancellationToken)
    {
        using var hash = System.Security.Cryptography.IncrementalHash.CreateHash(System.Security.Cryptography.HashAlgorithmName.SHA256);
        var stream = _files.Open(name, 0);
        await using (stream.ConfigureAwait(false))
        {
            await StreamPump.RunAsync(stream, (_, _) => ValueTask.CompletedTask, hash, long.MaxValue - 1, null, 0, cancellationToken)
                .ConfigureAwait(false);
        }

        return Digest.FromHash(hash.GetHashAndReset());
    }

    private Descriptor Keep(string mediaType, byte[] content)
    {
        var descriptor = Descriptor.Of(mediaType, content);
        _documents[descriptor.Digest] = content;
        return descriptor;
    }
}
