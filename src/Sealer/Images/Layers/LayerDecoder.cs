using System.Buffers.Binary;

namespace Sealer.Images.Layers;

/// <summary>
/// Unpacks a layer. What it is packed with is told by its first bytes; every frame or member is followed to its exact end,
/// so that what is cut off and what does not belong there is noticed.
/// </summary>
internal abstract class LayerDecoder(PackedInput input) : IDisposable
{
    private readonly List<LayerCheckpoint> _checkpoints = [];

    /// <summary>How the layer is packed.</summary>
    public abstract LayerCompression Compression { get; }

    /// <summary>Where frames begin.</summary>
    public IReadOnlyList<LayerCheckpoint> Checkpoints => _checkpoints;

    protected PackedInput Input => input;

    /// <summary>Bytes of the tar given so far.</summary>
    protected long Given { get; set; }

    /// <summary>Opens a layer by its first bytes.</summary>
    public static LayerDecoder Open(PackedInput input)
    {
        input.Ensure(4);
        var magic = input.Available;
        if (magic.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B]))
            return Open(input, LayerCompression.Gzip);
        return Open(input, IsZstd(magic) ? LayerCompression.Zstd : LayerCompression.None);
    }

    /// <summary>Opens a layer, or what follows one of its checkpoints.</summary>
    public static LayerDecoder Open(PackedInput input, LayerCompression compression) => compression switch
    {
        LayerCompression.Gzip => new GzipDecoder(input),
        LayerCompression.Zstd => new ZstdDecoder(input),
        _ => new PlainDecoder(input),
    };

    /// <summary>Fills the span with the next bytes of the tar; 0 at its end.</summary>
    public abstract int Decode(Span<byte> plain);

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing) => input.Dispose();

    protected static bool IsZstd(ReadOnlySpan<byte> magic) =>
        magic.Length >= 4
        && BinaryPrimitives.ReadUInt32LittleEndian(magic) is 0xFD2FB528 or (>= 0x184D2A50 and <= 0x184D2A5F);

    /// <summary>Notes that a frame begins here; close ones are left out.</summary>
    protected void Checkpoint(long plain)
    {
        if (_checkpoints.Count == 0 || plain - _checkpoints[^1].Plain >= 1024 * 1024)
            _checkpoints.Add(new LayerCheckpoint(input.Position, plain));
    }

    protected static SealerException Truncated() => LayerErrors.Truncated("the packed data ends in the middle");

    protected SealerException Garbage() => LayerErrors.Garbage($"after the packed data, at byte {input.Position}");

    private sealed class PlainDecoder(PackedInput input) : LayerDecoder(input)
    {
        public override LayerCompression Compression => LayerCompression.None;

        public override int Decode(Span<byte> plain)
        {
            if (!Input.Ensure(1))
                return 0;
            var count = Math.Min(plain.Length, Input.Available.Length);
            Input.Available[..count].CopyTo(plain);
            Input.Start += count;
            return count;
        }
    }
}
