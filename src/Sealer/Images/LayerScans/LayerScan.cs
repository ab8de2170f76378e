using System.Security.Cryptography;
using System.Text;
using Sealer.Images.ContainerImages.RegistryFolder;
using Sealer.Images.Copying;
using Sealer.Images.Layers;

namespace Sealer.Images.LayerScans;

/// <summary>What a scan reads besides names.</summary>
/// <param name="HashFiles">Digest every file, to compare it.</param>
/// <param name="HashBlobs">Digest the blobs of the registry too, instead of believing their names.</param>
internal sealed record LayerScanOptions(bool HashFiles, bool HashBlobs);

/// <summary>
/// What is in a layer, from one reading of it, wherever it is. Memory: some 200 bytes a file, and the manifests of container
/// images one at a time. Beside <see cref="LayerCatalog"/>, which is kept for layers of the store and leads to their content:
/// a scan leads nowhere, but follows what lies under <c>registry/</c> and believes no name that it was asked to check.
/// </summary>
internal sealed class LayerScan
{
    private readonly Dictionary<string, ScannedFile> _files = new(StringComparer.Ordinal);
    private readonly List<string> _removed = [];
    private readonly List<string> _emptied = [];
    private readonly Dictionary<Digest, RegistryFolderManifest> _manifests = [];

    private LayerScan()
    {
    }

    /// <summary>Files, folders and links by path; the last where a tar has several of one path.</summary>
    public IReadOnlyDictionary<string, ScannedFile> Files => _files;

    /// <summary>Paths that layers below lose.</summary>
    public IReadOnlyList<string> Removed => _removed;

    /// <summary>Folders in which layers below lose everything.</summary>
    public IReadOnlyList<string> Emptied => _emptied;

    /// <summary>Manifests of container images among the registry's blobs.</summary>
    public IReadOnlyDictionary<Digest, RegistryFolderManifest> Manifests => _manifests;

    /// <summary>What the reader measured.</summary>
    public LayerReadResult? Result { get; private set; }

    /// <summary>What a layer that is yet to be written will hold.</summary>
    public static LayerScan Of(IEnumerable<ScannedFile> files, IEnumerable<string> removed)
    {
        var scan = new LayerScan();
        foreach (var file in files)
            scan._files[file.Path] = file;
        scan._removed.AddRange(removed);
        return scan;
    }

    /// <summary>Reads a layer to its end and verifies it.</summary>
    /// <exception cref="SealerException">As <see cref="LayerReader.NextAsync"/>.</exception>
    public static Task<LayerScan> ReadAsync(
        IImageSource source, Descriptor layer, Digest? diffId, LayerScanOptions options, IProgress<long>? progress, CancellationToken cancellationToken) =>
        DamagedContent.ReadAsync(
            source, layer.Digest, () => ReadVerifiedAsync(source, layer, diffId, options, progress, cancellationToken), cancellationToken);

    private static async Task<LayerScan> ReadVerifiedAsync(
        IImageSource source, Descriptor layer, Digest? diffId, LayerScanOptions options, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        var scan = new LayerScan();
        var stream = await source.OpenAsync(layer, 0, cancellationToken).ConfigureAwait(false);
        var reader = new LayerReader(
            new CountingStream(stream, progress),
            new LayerReadOptions { MediaType = layer.MediaType, Digest = layer.Digest, DiffId = diffId });
        await using (reader.ConfigureAwait(false))
        {
            while (await reader.NextAsync(cancellationToken).ConfigureAwait(false) is { } entry)
                await scan.AddAsync(reader, entry, options, cancellationToken).ConfigureAwait(false);
            scan.Result = reader.Result;
        }

        var size = scan.Result!.Size;
        if (size != layer.Size)
            throw size < layer.Size ? VerifyingStream.TruncatedAt(layer, size) : VerifyingStream.TooLong(layer);
        return scan;
    }

    private async Task AddAsync(LayerReader reader, LayerEntry entry, LayerScanOptions options, CancellationToken cancellationToken)
    {
        switch (entry.Kind)
        {
            case LayerEntryKind.Whiteout:
                _removed.Add(entry.Path);
                break;
            case LayerEntryKind.OpaqueFolder:
                _emptied.Add(entry.Path);
                break;
            case LayerEntryKind.HardLink when entry.LinkTarget is not null && _files.TryGetValue(entry.LinkTarget, out var target):
                _files[entry.Path] = target with { Path = entry.Path };
                break;
            case LayerEntryKind.File:
                _files[entry.Path] = await ReadFileAsync(reader, entry, options, cancellationToken).ConfigureAwait(false);
                break;
            default:
                _files[entry.Path] = Scanned(entry, null, null);
                break;
        }
    }

    private async Task<ScannedFile> ReadFileAsync(
        LayerReader reader, LayerEntry entry, LayerScanOptions options, CancellationToken cancellationToken)
    {
        if (RegistryFolderLayout.IsLink(entry.Path))
        {
            var text = entry.Size > RegistryFolderLayout.MaxLinkSize ? "" : Encoding.UTF8.GetString(await reader.ReadAllAsync(RegistryFolderLayout.MaxLinkSize, cancellationToken).ConfigureAwait(false));
            return Scanned(entry, null, Digest.TryParse(text.Trim(), out var link) ? link : null);
        }

        if (RegistryFolderLayout.BlobAt(entry.Path) is { } named)
        {
            if (!options.HashBlobs)
                return Scanned(entry, named, null);
            // Any blob may be a manifest; only a link tells, and links come later in the layer.
            if (entry.Size <= OciJson.MaxManifestSize)
            {
                var content = await reader.ReadAllAsync(OciJson.MaxManifestSize, cancellationToken).ConfigureAwait(false);
                if (RegistryFolderManifest.TryRead(content) is { } manifest)
                    _manifests[named] = manifest;
                return Scanned(entry, Digest.Of(content), null);
            }
        }
        else if (!options.HashFiles)
        {
            return Scanned(entry, null, null);
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        while (await reader.TakeAsync(cancellationToken).ConfigureAwait(false) is { IsEmpty: false } block)
            hash.AppendData(block.Span);
        return Scanned(entry, Digest.FromHash(hash.GetHashAndReset()), null);
    }

    private static ScannedFile Scanned(LayerEntry e, Digest? content, Digest? link) =>
        new(e.Path, e.Kind, e.Mode, e.Uid, e.Gid, e.Size, e.LinkTarget, content, link);
}
