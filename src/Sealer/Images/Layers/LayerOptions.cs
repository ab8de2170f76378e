namespace Sealer.Images.Layers;

/// <summary>How a layer is packed.</summary>
public enum LayerCompression
{
    /// <summary>A plain tar.</summary>
    None,

    /// <summary>gzip, in several members; every reader of gzip knows these.</summary>
    Gzip,

    /// <summary>Zstandard, in several frames; every reader of zstd knows these.</summary>
    Zstd,
}

/// <summary>How <see cref="LayerWriter"/> writes a layer.</summary>
public sealed record LayerOptions
{
    /// <summary>How the layer is packed.</summary>
    public LayerCompression Compression { get; init; } = LayerCompression.Zstd;

    /// <summary>
    /// The compressor's level: of zstd 1 to 19 (1 unless given, which is as small as gzip's default), of gzip 1 to 9 (6
    /// unless given).
    /// </summary>
    public int? Level { get; init; }

    /// <summary>How many threads compress; as many as the machine has processors unless given. The bytes written do not depend on it.</summary>
    public int? Parallelism { get; init; }

    /// <summary>The layer's media type.</summary>
    internal string MediaType => Compression switch
    {
        LayerCompression.None => Images.MediaType.OciLayer,
        LayerCompression.Gzip => Images.MediaType.OciLayerGzip,
        _ => Images.MediaType.OciLayerZstd,
    };
}

/// <summary>A file that went into a layer.</summary>
/// <param name="Path">As <see cref="LayerEntry.Path"/>.</param>
/// <param name="Digest">Of its content.</param>
/// <param name="Size">Bytes.</param>
public sealed record BuiltFile(string Path, Digest Digest, long Size);

/// <summary>A layer that was written.</summary>
/// <param name="Descriptor">Media type, digest and size as it is stored.</param>
/// <param name="DiffId">The digest of the uncompressed tar.</param>
/// <param name="UncompressedSize">Bytes of the uncompressed tar.</param>
/// <param name="Files">Its regular files, sorted by path (ordinal).</param>
public sealed record BuiltLayer(Descriptor Descriptor, Digest DiffId, long UncompressedSize, IReadOnlyList<BuiltFile> Files);
