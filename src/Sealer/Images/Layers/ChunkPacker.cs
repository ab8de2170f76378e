using System.Collections.Concurrent;
using System.IO.Compression;
using ZstdSharp;

namespace Sealer.Images.Layers;

/// <summary>
/// Packs chunks, each by itself: one zstd frame or one gzip member. Safe for concurrent use; compressors are kept and used
/// again.
/// </summary>
internal sealed class ChunkPacker(LayerCompression compression, int? level) : IDisposable
{
    private readonly ConcurrentBag<Compressor> _compressors = [];

    /// <summary>True where nothing is packed and no buffer for it is needed.</summary>
    public bool IsPlain => compression == LayerCompression.None;

    /// <summary>The most that packing so many bytes can give.</summary>
    public static int Bound(int length) => length + length / 256 + 1024;

    /// <summary>Packs; returns the bytes written to <paramref name="packed"/>.</summary>
    public int Pack(ReadOnlySpan<byte> plain, byte[] packed) =>
        compression == LayerCompression.Zstd ? PackZstd(plain, packed) : PackGzip(plain, packed);

    public void Dispose()
    {
        while (_compressors.TryTake(out var compressor))
            compressor.Dispose();
    }

    private int PackZstd(ReadOnlySpan<byte> plain, byte[] packed)
    {
        if (!_compressors.TryTake(out var compressor))
            compressor = new Compressor(level ?? 1);
        var length = compressor.Wrap(plain, packed);
        _compressors.Add(compressor);
        return length;
    }

    private int PackGzip(ReadOnlySpan<byte> plain, byte[] packed)
    {
        using var target = new MemoryStream(packed, 0, packed.Length, writable: true);
        using (var gzip = new GZipStream(target, GzipLevel, leaveOpen: true))
            gzip.Write(plain);
        // RFC 1952: byte 8 tells the compressor's mood and byte 9 the system it ran on; a layer must not depend on either.
        packed[8] = 0;
        packed[9] = 255;
        return (int)target.Position;
    }

    private CompressionLevel GzipLevel => (level ?? 6) switch
    {
        <= 3 => CompressionLevel.Fastest,
        <= 8 => CompressionLevel.Optimal,
        _ => CompressionLevel.SmallestSize,
    };
}
