using System.Buffers.Binary;
using Sealer.Images.Copying;

namespace Sealer.Images.Archives;

/// <summary>
/// How large zstd data is when unpacked. Frames mostly say it (RFC 8878, 3.1.1.1), and then only the heads of frames and
/// blocks are read; otherwise the data is unpacked once and counted.
/// </summary>
internal static class ZstdFrames
{
    private const uint FrameMagic = 0xFD2FB528;
    private const uint SkippableMagic = 0x184D2A50;

    public static async Task<long> MeasureAsync(IImageSource from, Descriptor layer, CancellationToken cancellationToken)
    {
        var packed = await from.OpenAsync(layer, 0, cancellationToken).ConfigureAwait(false);
        await using (packed.ConfigureAwait(false))
        {
            if (packed.CanSeek && TryMeasure(packed) is { } stated)
                return stated;
        }

        var plain = Compressions.Open(await from.OpenAsync(layer, 0, cancellationToken).ConfigureAwait(false), Compression.Zstd);
        await using (plain.ConfigureAwait(false))
        {
            try
            {
                return await StreamPump.RunAsync(plain, (_, _) => ValueTask.CompletedTask, null, long.MaxValue - 1, null, 0, cancellationToken)
                    .ConfigureAwait(false);
            }
            catch (Exception e) when (Compressions.Damaged(e, layer.Digest.ToString()) is { } damaged)
            {
                throw damaged;
            }
        }
    }

    /// <summary>The sum of what the frames state; null where one does not, or the data is not well formed.</summary>
    public static long? TryMeasure(Stream packed)
    {
        Span<byte> head = stackalloc byte[8];
        long total = 0;
        while (packed.Position < packed.Length)
        {
            if (!TryRead(packed, head[..4]))
                return null;
            var magic = BinaryPrimitives.ReadUInt32LittleEndian(head);
            if ((magic & 0xFFFFFFF0) == SkippableMagic)
            {
                if (!TryRead(packed, head[..4]))
                    return null;
                packed.Position += BinaryPrimitives.ReadUInt32LittleEndian(head);
                continue;
            }

            if (magic != FrameMagic || ReadContentSize(packed, out var hasChecksum) is not { } size || !SkipBlocks(packed))
                return null;
            if (hasChecksum)
                packed.Position += 4;
            if (size > long.MaxValue / 2 - total)
                return null;
            total += size;
        }

        return packed.Position == packed.Length ? total : null;
    }

    private static long? ReadContentSize(Stream packed, out bool hasChecksum)
    {
        hasChecksum = false;
        Span<byte> field = stackalloc byte[8];
        if (!TryRead(packed, field[..1]))
            return null;
        var descriptor = field[0];
        var isSingleSegment = (descriptor & 0x20) != 0;
        hasChecksum = (descriptor & 0x04) != 0;
        var dictionary = (descriptor & 3) switch { 0 => 0, 1 => 1, 2 => 2, _ => 4 };
        var length = (descriptor >> 6) switch { 0 => isSingleSegment ? 1 : 0, 1 => 2, 2 => 4, _ => 8 };
        packed.Position += (isSingleSegment ? 0 : 1) + dictionary;
        if (length == 0 || !TryRead(packed, field[..length]))
            return null;
        return length switch
        {
            1 => field[0],
            2 => BinaryPrimitives.ReadUInt16LittleEndian(field) + 256,
            4 => BinaryPrimitives.ReadUInt32LittleEndian(field),
            _ => BinaryPrimitives.ReadInt64LittleEndian(field) is >= 0 and var size ? size : null,
        };
    }

    private static bool SkipBlocks(Stream packed)
    {
        Span<byte> head = stackalloc byte[3];
        while (true)
        {
            if (!TryRead(packed, head))
                return false;
            var block = head[0] | (head[1] << 8) | (head[2] << 16);
            const int runLength = 1;
            packed.Position += ((block >> 1) & 3) == runLength ? 1 : block >> 3;
            if ((block & 1) != 0)
                return true;
        }
    }

    private static bool TryRead(Stream packed, Span<byte> buffer) =>
        packed.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false) == buffer.Length;
}
