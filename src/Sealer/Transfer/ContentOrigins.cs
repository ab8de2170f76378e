using Sealer.Images;
using Sealer.Images.Layers;
using Sealer.Images.Storage;

namespace Sealer.Transfer;

/// <summary>Where the contents of an image lie, and a way to read them in that order without unpacking anything twice.</summary>
internal sealed class ContentOrigins(ImageStore? store, IReadOnlyList<LayerCatalog> layers)
{
    private readonly Dictionary<Digest, (int Layer, long Offset)> _places = [];

    public void Add(Digest content, int layer, long offset) => _places.TryAdd(content, (layer, offset));

    /// <summary>The order in which reading costs least.</summary>
    public (int Layer, long Offset) PlaceOf(Digest content) => _places[content];

    public ContentReader Open() => new(this, store, layers);
}

/// <summary>Reads contents; best in the order of their places. For one thread at a time.</summary>
internal sealed class ContentReader(ContentOrigins origins, ImageStore? store, IReadOnlyList<LayerCatalog> layers) : IDisposable
{
    private LayerContent? _open;
    private int _layer = -1;
    private (int Layer, long Offset) _next;

    public void Read(Digest content, long offset, Span<byte> buffer)
    {
        var (layer, begin) = origins.PlaceOf(content);
        if (layer != _layer || _open is null)
        {
            _open?.Dispose();
            _open = new LayerContent(store!, layers[layer], _ => { });
            _layer = layer;
            _next = default;
        }

        if (_next != (layer, begin + offset))
            _open.Seek(begin + offset);
        _next = default;
        for (var at = 0; at < buffer.Length;)
            at += _open.Read(buffer[at..]);
        _next = (layer, begin + offset + buffer.Length);
    }

    public void Dispose() => _open?.Dispose();
}
