using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Sealer.Images.Layers;
using Sealer.Images.Storage;

namespace Sealer.Images.Building;

/// <summary>A layer as the image's documents name it.</summary>
/// <param name="Descriptor">As it is stored.</param>
/// <param name="DiffId">The digest of the uncompressed tar.</param>
/// <param name="Newest">The newest file in it.</param>
internal sealed record StepLayer(Descriptor Descriptor, Digest DiffId, DateTimeOffset? Newest);

/// <summary>
/// Finds layers of earlier builds. A layer is a function of its entries, so what is looked up is the entries: first by
/// names, modes, sizes and times alone, which costs nothing where nothing can match, then by the content, which is always
/// read: a file that was changed without a trace is seen. What RUN made is looked up by what it ran on.
/// </summary>
internal sealed class LayerCache(ImageStore store, LayerOptions layerOptions, bool enabled)
{
    /// <summary>Finds the layer of these entries.</summary>
    /// <param name="entries">Sorted by path.</param>
    /// <param name="progress">Told the bytes compared so far.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async Task<StepLayer?> FindAsync(IReadOnlyList<LayerEntry> entries, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        if (!enabled || Read(KeyOf(entries)) is not { Files: { } known } document)
            return null;
        var files = FilesOf(entries);
        if (known.Count != files.Count)
            return null;
        var same = await ContentComparison.AreSameAsync(files, known, progress, cancellationToken).ConfigureAwait(false);
        return same ? document.ToLayer() : null;
    }

    /// <summary>Keeps a layer for later builds.</summary>
    public StepLayer Add(IReadOnlyList<LayerEntry> entries, BuiltLayer built)
    {
        var digests = built.Files.ToDictionary(file => file.Path, file => file.Digest, StringComparer.Ordinal);
        var document = new LayerCacheDocument
        {
            Layer = built.Descriptor,
            DiffId = built.DiffId,
            Newest = NewestOf(entries),
            Files = [.. FilesOf(entries).Select(file => digests[file.Path])],
        };
        Write(KeyOf(entries), document);
        return document.ToLayer();
    }

    /// <summary>Finds what a RUN made.</summary>
    /// <param name="inputs">Everything that it depends on.</param>
    public StepLayer? FindRun(IEnumerable<string> inputs) => enabled ? Read(KeyOf("run", inputs))?.ToLayer() : null;

    /// <summary>Keeps what a RUN made.</summary>
    public void AddRun(IEnumerable<string> inputs, StepLayer layer) => Write(
        KeyOf("run", inputs),
        new LayerCacheDocument { Layer = layer.Descriptor, DiffId = layer.DiffId, Newest = layer.Newest });

    /// <summary>The newest entry that is no folder, or null.</summary>
    public static DateTimeOffset? NewestOf(IEnumerable<LayerEntry> entries) =>
        entries.Where(entry => entry.Kind != LayerEntryKind.Folder).Select(entry => (DateTimeOffset?)entry.Modified).Max();

    private static List<LayerEntry> FilesOf(IReadOnlyList<LayerEntry> entries) =>
        [.. entries.Where(entry => entry.Kind == LayerEntryKind.File).OrderBy(entry => entry.Path, StringComparer.Ordinal)];

    private string KeyOf(IReadOnlyList<LayerEntry> entries) => KeyOf("files", entries.Select(entry => string.Join(
        '\0',
        entry.Path,
        entry.Kind,
        entry.Mode,
        entry.Uid,
        entry.Gid,
        entry.Modified.ToUnixTimeSeconds(),
        entry.Size,
        entry.LinkTarget)));

    private string KeyOf(string kind, IEnumerable<string> inputs)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"2\0{kind}\0{layerOptions.Compression}\0{layerOptions.Level}\n"));

        // With its length: a command or a parent's variable with line breaks must not look like several inputs.
        foreach (var input in inputs)
            hash.AppendData(Encoding.UTF8.GetBytes($"{input.Length}\0{input}\n"));
        return $"layer-{kind}-{Convert.ToHexString(hash.GetHashAndReset()).ToLowerInvariant()}";
    }

    private LayerCacheDocument? Read(string key)
    {
        if (store.TryReadCache(key) is not { } json)
            return null;
        try
        {
            return JsonSerializer.Deserialize(json, LayerCacheJson.Default.LayerCacheDocument);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private void Write(string key, LayerCacheDocument document) =>
        store.WriteCache(key, JsonSerializer.SerializeToUtf8Bytes(document, LayerCacheJson.Default.LayerCacheDocument), [document.Layer.Digest]);
}

/// <summary>A document of the cache.</summary>
internal sealed record LayerCacheDocument
{
    public required Descriptor Layer { get; init; }

    public required Digest DiffId { get; init; }

    public DateTimeOffset? Newest { get; init; }

    /// <summary>The digests of the layer's files, by path; null of a RUN.</summary>
    public IReadOnlyList<Digest>? Files { get; init; }

    public StepLayer ToLayer() => new(Layer, DiffId, Newest);
}

[JsonSerializable(typeof(LayerCacheDocument))]
internal sealed partial class LayerCacheJson : JsonSerializerContext;
