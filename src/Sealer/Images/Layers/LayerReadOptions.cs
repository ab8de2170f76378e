namespace Sealer.Images.Layers;

/// <summary>What a layer is held to while it is read. The limits are far above honest layers and far below what harms.</summary>
public sealed record LayerReadOptions
{
    /// <summary>The media type the manifest names; content packed another way is refused. Null: whatever it is.</summary>
    public string? MediaType { get; init; }

    /// <summary>What the layer's digest must be; null: not verified.</summary>
    public Digest? Digest { get; init; }

    /// <summary>What the digest of the uncompressed tar must be; null: not verified.</summary>
    public Digest? DiffId { get; init; }

    /// <summary>The most bytes the uncompressed tar may have.</summary>
    public long MaxUncompressedSize { get; init; } = 512L << 30;

    /// <summary>How many times its compressed size the tar may have, once it is larger than <see cref="RatioGrace"/>.</summary>
    public int MaxRatio { get; init; } = 250;

    /// <summary>Bytes up to which <see cref="MaxRatio"/> is not looked at: empty disk images shrink to nothing.</summary>
    public long RatioGrace { get; init; } = 256L << 20;

    /// <summary>The most entries.</summary>
    public int MaxEntries { get; init; } = 1_000_000;

    /// <summary>The longest path or link target, in characters: what Linux takes.</summary>
    public int MaxPathLength { get; init; } = 4096;

    /// <summary>The most folders a path may go through.</summary>
    public int MaxPathDepth { get; init; } = 255;
}

/// <summary>A point in a packed layer from which it can be unpacked without what is before: the start of a zstd frame.</summary>
/// <param name="Packed">Byte in the layer as it is stored.</param>
/// <param name="Plain">The byte of the tar that comes first there.</param>
public readonly record struct LayerCheckpoint(long Packed, long Plain);

/// <summary>What is known of a layer when all of it was read.</summary>
/// <param name="Compression">How it is packed.</param>
/// <param name="Digest">Its digest.</param>
/// <param name="Size">Its bytes.</param>
/// <param name="DiffId">The digest of the uncompressed tar.</param>
/// <param name="UncompressedSize">The bytes of the uncompressed tar.</param>
/// <param name="Checkpoints">Where its zstd frames begin, in order, the first at 0; at most one a mebibyte. Of gzip only its beginning.</param>
public sealed record LayerReadResult(
    LayerCompression Compression,
    Digest Digest,
    long Size,
    Digest DiffId,
    long UncompressedSize,
    IReadOnlyList<LayerCheckpoint> Checkpoints);
