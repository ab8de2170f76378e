using Sealer.Images.Storage;

namespace Sealer.Images.Layers;

/// <summary>
/// Bytes out of the middle of a layer of the store: unpacked from the nearest frame before them, not from the beginning.
/// </summary>
/// <param name="store">Holds the layer.</param>
/// <param name="layer">Says where in it what lies.</param>
/// <param name="unpacked">Told the bytes that came out of it, skipped ones included.</param>
internal sealed class LayerContent(ImageStore store, LayerCatalog layer, Action<int> unpacked) : IDisposable
{
    private readonly byte[] _skipped = GC.AllocateUninitializedArray<byte>(64 * 1024);
    private LayerDecoder? _decoder;
    private Stream? _plain;
    private long _position;

    /// <summary>Goes to a byte of the uncompressed tar.</summary>
    public void Seek(long offset)
    {
        if (layer.Compression == LayerCompression.None)
        {
            // A layer of container images is a recipe of thousands of parts, which is to be opened once.
            _plain ??= store.OpenRead(layer.Digest);
            _plain.Position = offset;
            return;
        }

        var from = Nearest(offset);
        if (_decoder is null || offset < _position || from.Plain > _position)
        {
            _decoder?.Dispose();
            _decoder = LayerDecoder.Open(new PackedInput(store.OpenRead(layer.Digest, from.Packed), isHashed: false), layer.Compression);
            _position = from.Plain;
        }

        while (_position < offset)
            Read(_skipped.AsSpan(0, (int)Math.Min(_skipped.Length, offset - _position)));
    }

    /// <summary>Reads on; at least one byte.</summary>
    public int Read(Span<byte> buffer)
    {
        var read = _plain?.Read(buffer) ?? _decoder!.Decode(buffer);
        _position += read;
        unpacked(read);
        return read > 0 || buffer.IsEmpty
            ? read
            : throw LayerErrors.Truncated($"the store's copy of {layer.Digest} has changed since it was looked at");
    }

    public void Dispose()
    {
        _decoder?.Dispose();
        _plain?.Dispose();
    }

    private LayerCheckpoint Nearest(long offset)
    {
        var (low, high) = (0, layer.Checkpoints.Count - 1);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (layer.Checkpoints[middle].Plain <= offset)
                low = middle;
            else
                high = middle - 1;
        }

        return layer.Checkpoints.Count == 0 ? default : layer.Checkpoints[low];
    }
}

/// <summary>One file's content; forward only.</summary>
internal sealed class LayerContentStream(LayerContent content, long length, bool owns) : ReadOnlyStream
{
    private long _position;

    public override long Length => length;

    public override long Position { get => _position; set => throw new NotSupportedException(); }

    public override int Read(Span<byte> buffer)
    {
        var count = (int)Math.Min(buffer.Length, length - _position);
        if (count <= 0)
            return 0;
        var read = content.Read(buffer[..count]);
        _position += read;
        return read;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && owns)
            content.Dispose();
        base.Dispose(disposing);
    }
}
