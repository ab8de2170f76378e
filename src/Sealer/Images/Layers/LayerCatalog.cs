using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Sealer.Images.Copying;
using Sealer.Images.Storage;

namespace Sealer.Images.Layers;

/// <summary>One entry of a <see cref="LayerCatalog"/>.</summary>
/// <param name="Path">As <see cref="LayerEntry.Path"/>.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Mode">Permission bits.</param>
/// <param name="Uid">The owner's number.</param>
/// <param name="Gid">The group's number.</param>
/// <param name="Modified">Seconds since 1970.</param>
/// <param name="Size">Bytes of a file.</param>
/// <param name="LinkTarget">Of links.</param>
/// <param name="Offset">Where in the uncompressed tar the content begins.</param>
/// <param name="Digest">Of a file's content; null of everything else.</param>
public sealed record LayerCatalogEntry(
    string Path,
    LayerEntryKind Kind,
    int Mode,
    long Uid,
    long Gid,
    long Modified,
    long Size,
    string? LinkTarget,
    long Offset,
    Digest? Digest);

/// <summary>
/// What is in a layer and where, so that it need not be read again to know. Made in one pass, in which the layer is
/// verified; kept in the store's cache.
/// </summary>
public sealed record LayerCatalog
{
    private const int CurrentVersion = 1;

    /// <summary>Of this form; a catalog of another one is made again.</summary>
    public int Version { get; init; } = CurrentVersion;

    /// <summary>The layer's digest.</summary>
    public required Digest Digest { get; init; }

    /// <summary>The digest of the uncompressed tar.</summary>
    public required Digest DiffId { get; init; }

    /// <summary>How the layer is packed.</summary>
    public required LayerCompression Compression { get; init; }

    /// <summary>Bytes of the uncompressed tar.</summary>
    public required long UncompressedSize { get; init; }

    /// <summary>Where the layer can be unpacked from, in order.</summary>
    public required IReadOnlyList<LayerCheckpoint> Checkpoints { get; init; }

    /// <summary>Its removals, then its entries, each sorted by path (ordinal); of several entries of one path the last.</summary>
    public required IReadOnlyList<LayerCatalogEntry> Entries { get; init; }

    /// <summary>The catalog of a layer of the store: out of its cache, or made and kept there.</summary>
    /// <exception cref="SealerException">What <see cref="LayerReader.NextAsync"/> refuses; <c>BlobNotFound</c>.</exception>
    public static async Task<LayerCatalog> LoadAsync(ImageStore store, Descriptor layer, CancellationToken cancellationToken)
    {
        var key = "layer-index " + layer.Digest;
        if (store.TryReadCache(key) is { } json && Read(json) is { } known && known.Digest == layer.Digest)
            return known;
        var options = new LayerReadOptions { MediaType = layer.MediaType, Digest = layer.Digest };
        var catalog = await DamagedContent.ReadAsync(
            store, layer.Digest, () => ReadAsync(store.OpenRead(layer.Digest), options, cancellationToken), cancellationToken).ConfigureAwait(false);
        // It keeps no blob: without its layer it is of no use, and with it it is soon made again.
        store.WriteCache(key, JsonSerializer.SerializeToUtf8Bytes(catalog, LayerCatalogJson.Default.LayerCatalog), []);
        return catalog;
    }

    /// <summary>Makes the catalog of a layer.</summary>
    /// <param name="layer">The layer as it is stored; disposed.</param>
    /// <param name="options">What it is held to.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="SealerException">What <see cref="LayerReader.NextAsync"/> refuses.</exception>
    public static async Task<LayerCatalog> ReadAsync(Stream layer, LayerReadOptions? options, CancellationToken cancellationToken)
    {
        var reader = new LayerReader(layer, options);
        await using var closing = reader.ConfigureAwait(false);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var present = new Dictionary<string, LayerCatalogEntry>(StringComparer.Ordinal);
        var removals = new HashSet<LayerCatalogEntry>();
        while (await reader.NextAsync(cancellationToken).ConfigureAwait(false) is { } entry)
        {
            var offset = reader.ContentOffset;
            Digest? digest = null;
            if (entry.Kind == LayerEntryKind.File)
            {
                while (await reader.TakeAsync(cancellationToken).ConfigureAwait(false) is { IsEmpty: false } content)
                    hash.AppendData(content.Span);
                digest = Images.Digest.FromHash(hash.GetHashAndReset());
            }

            if (entry.Kind is LayerEntryKind.Whiteout or LayerEntryKind.OpaqueFolder)
                removals.Add(new LayerCatalogEntry(entry.Path, entry.Kind, 0, 0, 0, 0, 0, null, 0, null));
            else
                present[entry.Path] = Of(entry, offset, digest);
        }

        CheckParents(present);
        var result = reader.Result!;
        return new LayerCatalog
        {
            Digest = result.Digest,
            DiffId = result.DiffId,
            Compression = result.Compression,
            UncompressedSize = result.UncompressedSize,
            Checkpoints = result.Checkpoints,
            Entries =
            [
                .. removals.OrderBy(e => e.Path, StringComparer.Ordinal).ThenBy(e => e.Kind),
                .. present.Values.OrderBy(e => e.Path, StringComparer.Ordinal),
            ],
        };
    }

    /// <summary>Nothing of a layer may lie below what is no folder in the same layer: that would be writing through a link.</summary>
    private static void CheckParents(Dictionary<string, LayerCatalogEntry> present)
    {
        foreach (var path in present.Keys)
        {
            for (var parent = path; parent.Length > 0;)
            {
                parent = LayerPath.Parent(parent);
                if (present.TryGetValue(parent, out var entry) && entry.Kind != LayerEntryKind.Folder)
                    throw LayerErrors.Unsafe(path, $"'{LayerErrors.Shown(parent)}' above it is no folder");
            }
        }
    }

    private static LayerCatalogEntry Of(LayerEntry entry, long offset, Digest? digest) => new(
        entry.Path,
        entry.Kind,
        entry.Mode,
        entry.Uid,
        entry.Gid,
        entry.Modified.ToUnixTimeSeconds(),
        entry.Size,
        entry.LinkTarget,
        offset,
        digest);

    private static LayerCatalog? Read(byte[] json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, LayerCatalogJson.Default.LayerCatalog) is { Version: CurrentVersion } catalog ? catalog : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(LayerCatalog))]
internal sealed partial class LayerCatalogJson : JsonSerializerContext;
