using Sealer.Images.Layers;
using Sealer.Images.LayerScans;
using Sealer.Images.Storage;

namespace Sealer.Images.Merging;

/// <summary>The layers of the merged image, lowest first: those that are there, and small ones that are yet to be written.</summary>
/// <param name="store">Where they are.</param>
/// <param name="options">How those that are written are packed.</param>
internal sealed class LayerStack(ImageStore store, LayerOptions options)
{
    private readonly List<Item> _items = [];
    private readonly List<ImageHistory> _history = [];

    /// <summary>All files as a host would see them.</summary>
    public SortedDictionary<string, ScannedFile> Files { get; private set; } = new(StringComparer.Ordinal);

    /// <summary>What is in the layers; of those that are downloaded elsewhere nothing is known.</summary>
    public IReadOnlyList<LayerScan> Scans => [.. _items.Select(i => i.Scan).OfType<LayerScan>()];

    /// <summary>One entry an instruction.</summary>
    public IReadOnlyList<ImageHistory> History => _history;

    /// <summary>Lays layers of an image on top.</summary>
    public void Add(IEnumerable<(ClusterImageLayer Layer, LayerScan? Scan)> layers, IEnumerable<ImageHistory> history)
    {
        _items.AddRange(layers.Select(l => new Item(l.Layer, l.Scan, null)));
        _history.AddRange(history);
        Files = MergedFiles.Of(Scans);
    }

    /// <summary>Lays a layer on top that <see cref="WriteAsync"/> writes.</summary>
    public void Add(LayerScan scan, Func<CancellationToken, Task<IEnumerable<LayerEntry>>> entries, ImageHistory history)
    {
        _items.Add(new Item(null, scan, entries));
        _history.Add(history);
        Files = MergedFiles.Of(Scans);
    }

    /// <summary>Writes what is not there yet.</summary>
    /// <returns>All layers, lowest first.</returns>
    public async Task<IReadOnlyList<ClusterImageLayer>> WriteAsync(CancellationToken cancellationToken)
    {
        var layers = new List<ClusterImageLayer>();
        foreach (var item in _items)
        {
            if (item.Layer is { } there)
            {
                layers.Add(there);
                continue;
            }

            var entries = await item.Entries!(cancellationToken).ConfigureAwait(false);
            var built = await LayerWriter.WriteAsync(store, entries, options, null, cancellationToken).ConfigureAwait(false);
            layers.Add(new ClusterImageLayer(built.Descriptor, built.DiffId, null));
        }

        return layers;
    }

    private sealed record Item(ClusterImageLayer? Layer, LayerScan? Scan, Func<CancellationToken, Task<IEnumerable<LayerEntry>>>? Entries);
}
