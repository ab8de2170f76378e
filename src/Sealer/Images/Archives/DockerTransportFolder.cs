using System.Text;
using System.Text.RegularExpressions;

namespace Sealer.Images.Archives;

/// <summary>
/// The folder that skopeo calls <c>dir:</c> and sealer <c>docker-dir</c>: <c>manifest.json</c> as it is, blobs by the
/// hexadecimal part of their digest, and the manifests of an index as <c>HEX.manifest.json</c>.
/// </summary>
internal sealed partial class DockerTransportFolder : ImageArchive
{
    public const string VersionFile = "version";
    public const string Version = "Directory Transport Version: 1.1\n";

    private const string KnownVersion = "Directory Transport Version: 1.";

    private readonly ArchiveFiles _files;
    private readonly Dictionary<Digest, byte[]> _documents = [];

    private DockerTransportFolder(ArchiveFiles files)
        : base(ArchiveFormat.DockerFolder) => _files = files;

    public override IReadOnlyList<ArchivedImage> Images => [new ArchivedImage(null, null, Root)];

    private Descriptor Root { get; set; } = null!;

    /// <summary>
    /// What there is in a folder that no writer of this form put there; null where all of it is of this form, where it is
    /// empty, and where there is no folder.
    /// </summary>
    public static string? FirstForeign(string folder)
    {
        if (!Directory.Exists(folder))
            return File.Exists(folder) ? folder : null;
        var inside = new DirectoryInfo(folder).GetFileSystemInfos();
        if (inside.Length == 0)
            return null;
        var version = Path.Combine(folder, VersionFile);
        return File.Exists(Path.Combine(folder, DockerLayout.ManifestFile)) && IsVersion(version)
            ? Array.Find(inside, file => file is not FileInfo || !IsName(file.Name))?.FullName
            : inside[0].FullName;

        static bool IsVersion(string path)
        {
            var file = new FileInfo(path);
            return file.Exists && file.Length < 200 && File.ReadAllText(path).StartsWith(KnownVersion, StringComparison.Ordinal);
        }
    }

    /// <summary>Removes a folder of this form: its files by their names, so that nothing else ever goes with them.</summary>
    public static void Remove(string folder)
    {
        if (!Directory.Exists(folder))
            return;
        foreach (var file in Directory.GetFiles(folder))
        {
            if (IsName(Path.GetFileName(file)))
                File.Delete(file);
        }

        Directory.Delete(folder);
    }

    public static async Task<DockerTransportFolder> OpenAsync(ArchiveFiles files, byte[] manifest, CancellationToken cancellationToken)
    {
        if (files.TryGetSize(VersionFile, out _))
        {
            var version = Encoding.UTF8.GetString(await files.ReadAsync(VersionFile, cancellationToken).ConfigureAwait(false));
            if (!version.StartsWith(KnownVersion, StringComparison.Ordinal))
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

    private static bool IsName(string name) => name is VersionFile or DockerLayout.ManifestFile || BlobName().IsMatch(name);

    // Blobs, the manifests of an index, and signatures as skopeo numbers them.
    [GeneratedRegex(@"^([0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})(\.manifest\.json|-signature-[0-9]+)?\z|^signature-[0-9]+\z", RegexOptions.CultureInvariant)]
    private static partial Regex BlobName();

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
