using System.Text;
using Sealer.Images.Layers;

namespace Sealer.Images.ContainerImages.RegistryFolder;

/// <summary>
/// The small files of a registry in a rootfs, in memory: its links, manifests and configs. Read in two passes, because the
/// manifests name the configs; asked for one by one, each would cost the unpacking of a parent's layer.
/// </summary>
internal sealed class RegistryFolderDocuments
{
    /// <summary>Some thousand images; of a registry with more, or with hostile documents, the rest is read when it is asked for.</summary>
    private const long MaxBytes = 64 * 1024 * 1024;

    private readonly Dictionary<string, Digest> _links = new(StringComparer.Ordinal);
    private readonly Dictionary<Digest, byte[]> _contents = [];
    private readonly HashSet<Digest> _configs = [];
    private long _bytes;

    private RegistryFolderDocuments()
    {
    }

    /// <summary>Reads them; a rootfs without a registry costs nothing.</summary>
    public static async Task<RegistryFolderDocuments> ReadAsync(IFileTree? files, CancellationToken cancellationToken)
    {
        var documents = new RegistryFolderDocuments();
        if (files is null)
            return documents;
        var reading = new ReadingList(files);
        foreach (var entry in files.List(RegistryFolderLayout.Storage))
        {
            if (entry is not { Kind: FileTreeEntryKind.File, Size: <= RegistryFolderLayout.MaxLinkSize } || !RegistryFolderLayout.IsLink(entry.Path))
                continue;
            reading.Add(entry.Path, (content, token) => documents.TakeLinkAsync(entry.Path, content, token));
            if (RegistryFolderLayout.RevisionAt(entry.Path) is { } manifest)
                documents.Want(reading, files, manifest, isManifest: true);
        }

        await reading.ReadAsync(cancellationToken).ConfigureAwait(false);
        reading = new ReadingList(files);
        foreach (var config in documents._configs)
            documents.Want(reading, files, config, isManifest: false);
        await reading.ReadAsync(cancellationToken).ConfigureAwait(false);
        return documents;
    }

    /// <summary>What a link file names; null where there is none, or no digest in it.</summary>
    public Digest? Link(string path) => _links.TryGetValue(path, out var digest) ? digest : null;

    /// <summary>The content of a manifest or config as it lies there, not verified; null where it is not in memory.</summary>
    public byte[]? Content(Digest digest) => _contents.GetValueOrDefault(digest);

    private async Task TakeLinkAsync(string path, Stream content, CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(content, Encoding.ASCII);
        if (Digest.TryParse((await reader.ReadToEndAsync(cancellationToken).ConfigureAwait(false)).Trim(), out var digest))
            _links[path] = digest;
    }

    private void Want(ReadingList reading, IFileTree files, Digest digest, bool isManifest)
    {
        var path = RegistryFolderLayout.Blob(digest);
        // Several repositories may have the same image.
        if (_contents.ContainsKey(digest)
            || files.Find(path) is not { Kind: FileTreeEntryKind.File, Size: <= OciJson.MaxManifestSize } entry
            || _bytes + entry.Size > MaxBytes)
        {
            return;
        }

        _bytes += entry.Size;
        var bytes = _contents[digest] = new byte[entry.Size];
        reading.Add(path, async (content, token) =>
        {
            await content.ReadExactlyAsync(bytes, token).ConfigureAwait(false);
            if (isManifest && RegistryFolderManifest.TryRead(bytes)?.Manifest is { } manifest)
                _configs.Add(manifest.Config.Digest);
        });
    }
}
