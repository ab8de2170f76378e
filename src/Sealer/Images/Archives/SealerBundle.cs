using System.Text;

namespace Sealer.Images.Archives;

/// <summary>
/// What <c>sealer save</c> writes of a multi-platform image: a tar of one archive a platform, and the name in the text file
/// <c>Metadata</c>. The inner archives are read where they lie. The index over them is made here.
/// </summary>
internal sealed class SealerBundle : ImageArchive
{
    public const string MetadataFile = "Metadata";

    private const int MaxMembers = 100;

    private readonly ArchiveFiles _files;
    private readonly List<ImageArchive> _members = [];
    private readonly Dictionary<Digest, ImageArchive> _owners = [];
    private byte[] _index = [];

    private SealerBundle(ArchiveFiles files)
        : base(ArchiveFormat.SealerBundle) => _files = files;

    public override IReadOnlyList<ArchivedImage> Images => [Image];

    private ArchivedImage Image { get; set; } = null!;

    public static async Task<SealerBundle> OpenAsync(ArchiveFiles files, string path, CancellationToken cancellationToken)
    {
        var name = Encoding.UTF8.GetString(await files.ReadAsync(MetadataFile, cancellationToken).ConfigureAwait(false)).Trim();
        if (name.StartsWith('{') || name.StartsWith('['))
        {
            throw new SealerException(
                "LegacySealerImage",
                ErrorKind.NotSupported,
                $"'{path}' was saved by sealer 0.8 or earlier, which had an image format of its own. Build the image again from its Kubefile.",
                path);
        }

        var bundle = new SealerBundle(files);
        var members = files.Names.Where(n => n.EndsWith(".tar", StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToList();
        if (members.Count is 0 or > MaxMembers)
            throw ArchiveErrors.Unknown(path, files.Names);
        var entries = new List<Descriptor>();
        foreach (var member in members)
            entries.Add(await bundle.AddAsync(member, path, cancellationToken).ConfigureAwait(false));

        // In the order of the platforms, because that of the tar is that of Go's maps.
        entries.Sort((a, b) => string.CompareOrdinal(a.Platform?.ToString(), b.Platform?.ToString()));
        bundle._index = OciJson.Write(new ImageIndex { MediaType = MediaType.OciIndex, Manifests = entries });
        ImageReference.TryParse(name, out var reference, out _);
        bundle.Image = new ArchivedImage(reference, name, Descriptor.Of(MediaType.OciIndex, bundle._index));
        return bundle;
    }

    public override async Task<Stream> OpenAsync(Descriptor descriptor, long offset, CancellationToken cancellationToken)
    {
        if (descriptor.Digest == Image.Descriptor.Digest)
            return new MemoryStream(_index, (int)offset, _index.Length - (int)offset, writable: false);
        if (_owners.TryGetValue(descriptor.Digest, out var owner))
            return await owner.OpenAsync(descriptor, offset, cancellationToken).ConfigureAwait(false);
        throw ArchiveErrors.Missing(descriptor.Digest.ToString());
    }

    protected override void Dispose(bool disposing)
    {
        _members.ForEach(m => m.Dispose());
        _files.Dispose();
    }

    private async Task<Descriptor> AddAsync(string name, string path, CancellationToken cancellationToken)
    {
        var bytes = _files.OpenBytes(name) ?? throw ArchiveErrors.Invalid("it is compressed as a whole; unpack it first");
        var member = await ArchiveOpening.OpenTarAsync(bytes, $"{path}:{name}", 1, cancellationToken).ConfigureAwait(false);
        _members.Add(member);
        if (member.Images is not [var image])
            throw ArchiveErrors.Invalid($"'{name}' in it holds {member.Images.Count} images instead of one");

        var content = await ImageDocument.ReadAsync(member, image.Descriptor, cancellationToken).ConfigureAwait(false);
        if (ManifestKind.IsIndex(content, image.Descriptor))
            throw ArchiveErrors.Invalid($"'{name}' in it holds an index instead of one image");
        var manifest = OciJson.ReadManifest(content);
        foreach (var blob in manifest.Layers.Append(manifest.Config).Append(image.Descriptor))
            _owners.TryAdd(blob.Digest, member);
        var config = OciJson.ReadConfig(await ImageDocument.ReadAsync(member, manifest.Config, cancellationToken).ConfigureAwait(false));
        return image.Descriptor with { Platform = config.Platform, Annotations = null };
    }
}
