using System.IO.Compression;
using Sealer.Images.Copying;
using Sealer.Images.Layers;
using SharpCompress.Common;
using SharpCompress.Compressors.BZip2;
using ZstdSharp;
using ZstdSharp.Unsafe;

namespace Sealer.Images.Archives;

/// <summary>What a file is compressed with, told by its first bytes.</summary>
internal enum Compression
{
    None,
    Gzip,
    Zstd,
    Xz,
    Bzip2,
}

/// <summary>
/// Tells and undoes the compression of a whole archive file. Layers have decoders of their own
/// (<see cref="LayerDecoder"/>): those follow every frame to its exact end, refuse what is cut off or comes behind, and note
/// where unpacking can begin again, which the ready-made streams used here cannot.
/// </summary>
internal static class Compressions
{
    /// <summary>Bytes that <see cref="Detect"/> wants to see.</summary>
    public const int MagicLength = 6;

    // 128 MiB, what the zstd program takes unless told otherwise; a frame may not ask for more memory.
    private const int MaxZstdWindowLog = 27;

    public static Compression Detect(ReadOnlySpan<byte> start)
    {
        if (start.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B]))
            return Compression.Gzip;
        if (start.StartsWith((ReadOnlySpan<byte>)[0x28, 0xB5, 0x2F, 0xFD]))
            return Compression.Zstd;

        // A zstd file may begin with a skippable frame.
        if (start.Length >= 4 && start[0] is >= 0x50 and <= 0x5F && start[1..4].SequenceEqual((ReadOnlySpan<byte>)[0x2A, 0x4D, 0x18]))
            return Compression.Zstd;
        if (start.StartsWith((ReadOnlySpan<byte>)[0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0]))
            return Compression.Xz;
        return start.StartsWith("BZh"u8) ? Compression.Bzip2 : Compression.None;
    }

    /// <summary>Opens the plain content, held to a ratio; disposing it disposes <paramref name="packed"/>.</summary>
    public static Stream Open(Stream packed, Compression compression, LayerReadOptions? limits = null)
    {
        if (compression == Compression.None)
            return packed;
        var counted = new CountingStream(packed, null);
        limits ??= new LayerReadOptions();
        return new RatioStream(
            Decoder(counted, compression),
            counted,
            limits.MaxRatio,
            limits.RatioGrace,
            () => ArchiveErrors.Invalid($"{counted.Position} bytes of it unpack to more than {limits.MaxRatio} times as many"));
    }

    /// <summary>Turns what the many decoders throw about damaged data into one error.</summary>
    public static SealerException? Damaged(Exception e, string what) =>
        e switch
        {
            InvalidDataException or ZstdException or EndOfStreamException or SharpCompressException or ArchiveOperationException =>
                ArchiveErrors.Invalid($"the compressed data of {what} is damaged or cut off ({e.Message})", e),
            NotImplementedException => ArchiveErrors.Unsupported(what, e),
            _ => null,
        };

    private static Stream Decoder(Stream packed, Compression compression)
    {
        switch (compression)
        {
            case Compression.Gzip:
                return new GZipStream(packed, CompressionMode.Decompress);
            case Compression.Zstd:
                var zstd = new DecompressionStream(packed, leaveOpen: false);
                zstd.SetParameter(ZSTD_dParameter.ZSTD_d_windowLogMax, MaxZstdWindowLog);
                return zstd;
            case Compression.Xz:
                return new XzStreams(packed);
            default:
                return BZip2Stream.Create(packed, SharpCompress.Compressors.CompressionMode.Decompress, decompressConcatenated: true);
        }
    }
}
