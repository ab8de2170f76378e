using System.Text;

namespace Sealer.Images.Archives;

/// <summary>
/// The folder that skopeo calls <c>dir:</c> and sealer <c>docker-dir</c>: <c>manifest.json</c> as it is, blobs by the
/// hexadecimal part of their digest, and the manifests of an index as <c>HEX.manifest.json</c>.
/// </summary>
internal sealed class DockerTransportFolder : ImageArchive
{
    public const string VersionFile = "version";
    public const string Version = "Directory Transport Version: 1.1\n";

    private readonly ArchiveFiles _files;
    private readonly Dictionary<Digest, byte[]> _documents = [];

    private DockerTransportFolder(ArchiveFiles files)
        : base(ArchiveFormat.DockerFolder) => _files = files;

    public override IReadOnlyList<ArchivedImage> Images => [new ArchivedImage(null, null, Root)];

    private Descriptor Root { get; set; } = null!;

    public static async Task<DockerTransportFolder> OpenAsync(ArchiveFiles files, byte[] manifest, CancellationToken cancellationToken)
    {
        if (files.TryGetSize(VersionFile, out _))
        {
            var version = Encoding.UTF8.GetString(await files.ReadAsync(VersionFile, cancellationToken).ConfigureAwait(false));
            if (!version.StartsWith("Directory Transport Version: 1.", StringComparison.Ordinal))
            {
                throw new SealerException(
                    "ArchiveTooNew",
                    ErrorKind.NotSupported,
                    $"The folder calls itself '{version.Trim()[..Math.Min(60, version.Trim().Length)]}'; only version 1 is known. Update the module.");
            }
        }

        var archive = new DockerTransportFolder(files);
        var mediaType = ReadMediaType(manifest);
        archive.Root = archive.Keep(mediaType, manifest);
        if (MediaType.IsManifest(mediaType))
            await archive.RestoreAnnotationsAsync(manifest, cancellationToken).ConfigureAwait(false);
        return archive;
    }

    public override Task<Stream> OpenAsync(Descriptor descriptor, long offset, CancellationToken cancellationToken)
    {
        if (_documents.TryGetValue(descriptor.Digest, out var content))
            return Task.FromResult<Stream>(new MemoryStream(content, (int)offset, content.Length - (int)offset, writable: false));
        var hex = descriptor.Digest.Hex;
        var instance = hex + "." + DockerLayout.ManifestFile;
        return Task.FromResult(_files.Open(_files.TryGetSize(instance, out _) ? instance : hex, offset));
    }

    protected override void Dispose(bool disposing) => _files.Dispose();

    private static string ReadMediaType(byte[] manifest)
    {
        try
        {
            using var document = System.Text.Json.JsonDocument.Parse(manifest);
            return ManifestKind.Detect(document.RootElement) ?? throw ArchiveErrors.Invalid("its manifest.json is no image manifest");
        }
        catch (System.Text.Json.JsonException e)
        {
            throw ArchiveErrors.Invalid("its manifest.json is damaged", e);
        }
    }

    /// <summary>A cluster image that lost its annotations to Docker's manifest gets them back, in a manifest of OCI.</summary>
    private async Task RestoreAnnotationsAsync(byte[] content, CancellationToken cancellationToken)
    {
        var manifest = OciJson.ReadManifest(content);
        if (manifest.Annotations?.ContainsKey(SealerAnnotations.Extension) == true
            || manifest.Config.MediaType is not (MediaType.OciConfig or MediaType.DockerConfig))
        {
            return;
        }

        var (config, annotations) = SealerLabels.Take(
            await ImageDocument.ReadAsync(this, manifest.Config, cancellationToken).ConfigureAwait(false));
        if (annotations is null)
            return;
        Root = Keep(MediaType.OciManifest, OciJson.Write(manifest with
        {
            MediaType = MediaType.OciManifest,
            Config = Keep(MediaType.OciConfig, config),
            Layers = [.. manifest.Layers.Select(l => l with
            {
                MediaType = l.MediaType switch
                {
                    MediaType.DockerLayer => MediaType.OciLayer,
                    MediaType.DockerLayerGzip => MediaType.OciLayerGzip,
                    var other => other,
                },
            })],
            Annotations = annotations,
        }));
    }

    private Descriptor Keep(string mediaType, byte[] content)
    {
        var descriptor = Descriptor.Of(mediaType, content);
        _documents[descriptor.Digest] = content;
        return descriptor;
    }
}
