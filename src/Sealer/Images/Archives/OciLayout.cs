using System.Text.Json;

namespace Sealer.Images.Archives;

/// <summary>An OCI layout, in a tar or a folder.</summary>
internal sealed class OciLayout : ImageArchive
{
    public const string LayoutFile = "oci-layout";
    public const string IndexFile = "index.json";

    /// <summary>Where containerd and Docker keep the full name, leaving OCI's annotation to the tag.</summary>
    private const string ContainerdName = "io.containerd.image.name";
    private const string OciName = "org.opencontainers.image.ref.name";

    private readonly ArchiveFiles _files;
    private readonly Dictionary<Digest, List<Descriptor>> _referrers;

    private OciLayout(
        ArchiveFormat format,
        ArchiveFiles files,
        IReadOnlyList<ArchivedImage> images,
        Dictionary<Digest, List<Descriptor>> referrers)
        : base(format)
    {
        _files = files;
        Images = images;
        _referrers = referrers;
    }

    public override IReadOnlyList<ArchivedImage> Images { get; }

    public static bool Recognises(ArchiveFiles files) =>
        files.TryGetSize(LayoutFile, out _) && files.TryGetSize(IndexFile, out _);

    public static async Task<OciLayout> OpenAsync(ArchiveFormat format, ArchiveFiles files, CancellationToken cancellationToken)
    {
        if (files.HasLinks)
            throw ArchiveErrors.Invalid("an OCI archive has no links, and this one does");
        CheckVersion(await files.ReadAsync(LayoutFile, cancellationToken).ConfigureAwait(false));
        var index = OciJson.ReadIndex(await files.ReadAsync(IndexFile, cancellationToken).ConfigureAwait(false));
        var images = new List<ArchivedImage>();
        var referrers = new Dictionary<Digest, List<Descriptor>>();
        foreach (var entry in index.Manifests)
        {
            var image = Describe(entry);
            if (image.Name is null && await SubjectAsync(files, entry, cancellationToken).ConfigureAwait(false) is { } subject)
            {
                if (!referrers.TryGetValue(subject, out var list))
                    referrers[subject] = list = [];
                list.Add(entry);
                continue;
            }

            images.Add(image);
        }

        return new OciLayout(format, files, images, referrers);
    }

    public override Task<Stream> OpenAsync(Descriptor descriptor, long offset, CancellationToken cancellationToken) =>
        Task.FromResult(_files.Open(PathOf(descriptor.Digest), offset));

    public override Task<IReadOnlyList<Descriptor>> ListReferrersAsync(Descriptor subject, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<Descriptor>>(_referrers.GetValueOrDefault(subject.Digest) ?? []);

    public static string PathOf(Digest digest) => $"blobs/{digest.Algorithm}/{digest.Hex}";

    protected override void Dispose(bool disposing) => _files.Dispose();

    private static ArchivedImage Describe(Descriptor entry)
    {
        var name = entry.Annotations?.GetValueOrDefault(ContainerdName) ?? entry.Annotations?.GetValueOrDefault(OciName);

        // OCI allows a bare tag here ("v3"), which would read as the name of an image of Docker Hub.
        ImageReference? reference = null;
        if (name is not null && (name.Contains('/', StringComparison.Ordinal) || name.Contains(':', StringComparison.Ordinal)))
            ImageReference.TryParse(name, out reference, out _);
        var annotations = entry.Annotations?.Where(a => a.Key is not (ContainerdName or OciName)).ToDictionary();
        return new ArchivedImage(reference, name, entry with { Annotations = annotations is { Count: > 0 } ? annotations : null });
    }

    private static async Task<Digest?> SubjectAsync(ArchiveFiles files, Descriptor entry, CancellationToken cancellationToken)
    {
        if (!files.TryGetSize(PathOf(entry.Digest), out var size) || size != entry.Size)
            return null;
        try
        {
            using var document = JsonDocument.Parse(await files.ReadAsync(PathOf(entry.Digest), cancellationToken).ConfigureAwait(false));
            return ManifestKind.Subject(document.RootElement);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static void CheckVersion(byte[] layout)
    {
        string? version;
        try
        {
            using var document = JsonDocument.Parse(layout);
            version = document.RootElement.GetProperty("imageLayoutVersion").GetString();
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw ArchiveErrors.Invalid("its oci-layout is damaged", e);
        }

        if (version?.StartsWith("1.", StringComparison.Ordinal) != true)
        {
            throw new SealerException(
                "ArchiveTooNew",
                ErrorKind.NotSupported,
                $"The archive is of OCI layout version '{version}'; only 1.x is known. Update the module.",
                version);
        }
    }
}
