using System.Buffers.Binary;
using System.Text;

namespace Sealer.Images.Layers;

/// <summary>
/// Reads the headers of a tar (v7, ustar, PAX, GNU) and makes entries of them. Trusts nothing: names, numbers and counts
/// come from whoever made the layer.
/// </summary>
internal sealed class TarEntryParser(TarStream tar, LayerReadOptions options)
{
    // A PAX header holds a few names and attributes; Linux limits attributes to 64 KiB each.
    private const int MaxExtendedHeader = 1024 * 1024;

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private readonly byte[] _block = new byte[TarHeader.BlockSize];
    private readonly PaxRecords _records = new();
    private int _headers;
    private int _entries;
    private long _globalSize;

    /// <summary>The next entry, or null where the tar ends and nothing lies behind it.</summary>
    public async ValueTask<LayerEntry?> NextAsync(CancellationToken cancellationToken)
    {
        _records.NextEntry();
        long extended = 0;
        while (true)
        {
            if (!await ReadBlockAsync(cancellationToken).ConfigureAwait(false))
                return null;
            if (!_block.AsSpan().ContainsAnyExcept((byte)0))
            {
                await EndAsync(cancellationToken).ConfigureAwait(false);
                return null;
            }

            // An entry may have a few headers before it, an endless row of them is none.
            if (++_headers > options.MaxEntries * 3L + 16)
                throw TooMany();
            CheckSum();
            var type = (char)_block[156];
            switch (type)
            {
                case 'x' or 'g':
                    var body = await ReadBodyAsync(cancellationToken).ConfigureAwait(false);
                    CheckExtended(extended += body.Length);
                    if (type == 'g')
                        CheckExtended(_globalSize += body.Length);
                    ReadPax(body, type == 'g' ? _records.SetGlobal : _records.Set);
                    break;
                case 'L' or 'K':
                    var name = await ReadBodyAsync(cancellationToken).ConfigureAwait(false);
                    _records.Set(type == 'L' ? "path" : "linkpath", TrimNul(name));
                    break;
                default:
                    if (Entry(type, _records) is { } entry)
                    {
                        if (++_entries > options.MaxEntries)
                            throw TooMany();
                        return entry;
                    }

                    await SkipBodyAsync(_records, cancellationToken).ConfigureAwait(false);
                    _records.NextEntry();
                    break;
            }
        }
    }

    private SealerException TooMany() =>
        LayerErrors.Limit("LayerTooManyEntries", $"it has more than {options.MaxEntries} entries");

    private async ValueTask<bool> ReadBlockAsync(CancellationToken cancellationToken)
    {
        var start = tar.Position;
        var read = await tar.ReadAsync(_block, cancellationToken).ConfigureAwait(false);
        if (read == 0 && start == 0)
            return false;
        return read == _block.Length
            ? true
            : throw LayerErrors.Truncated(read == 0 ? "the end of the tar is missing" : "a header ends in the middle");
    }

    /// <summary>After the first empty block there is a second, and then nothing but zeros.</summary>
    private async ValueTask EndAsync(CancellationToken cancellationToken)
    {
        var read = await tar.ReadAsync(_block, cancellationToken).ConfigureAwait(false);
        if (read < _block.Length)
            throw LayerErrors.Truncated("the end of the tar is missing");
        ReadOnlyMemory<byte> rest = _block;
        while (!rest.IsEmpty)
        {
            if (rest.Span.ContainsAnyExcept((byte)0))
                throw LayerErrors.Garbage("after the end of the tar");
            rest = await tar.PeekAsync(cancellationToken).ConfigureAwait(false);
            tar.Advance(rest.Length);
        }
    }

    private void CheckSum()
    {
        var sum = 0;
        for (var i = 0; i < _block.Length; i++)
            sum += i is >= 148 and < 156 ? ' ' : _block[i];
        if (Number(148, 8) != sum)
            throw LayerErrors.Invalid($"the checksum of a tar header is wrong before byte {tar.Position}");
    }

    private async ValueTask<byte[]> ReadBodyAsync(CancellationToken cancellationToken)
    {
        var size = Number(124, 12);
        CheckExtended(size);
        var body = new byte[TarHeader.Padded(size)];
        if (await tar.ReadAsync(body, cancellationToken).ConfigureAwait(false) < body.Length)
            throw LayerErrors.Truncated("a header ends in the middle");
        return body[..(int)size];
    }

    private static void CheckExtended(long size)
    {
        if (size is < 0 or > MaxExtendedHeader)
            throw LayerErrors.Limit("LayerHeaderTooLarge", $"a header has {size} bytes, and {MaxExtendedHeader} is the most");
    }

    private async ValueTask SkipBodyAsync(PaxRecords records, CancellationToken cancellationToken)
    {
        var left = TarHeader.Padded(Size(records));
        while (left > 0)
        {
            var ready = await tar.PeekAsync(cancellationToken).ConfigureAwait(false);
            if (ready.IsEmpty)
                throw LayerErrors.Truncated("a file ends in the middle");
            var count = (int)Math.Min(left, ready.Length);
            tar.Advance(count);
            left -= count;
        }
    }

    /// <summary>The entry that the header in the block stands for; null where it means nothing.</summary>
    private LayerEntry? Entry(char type, PaxRecords records)
    {
        var raw = records.TryGetValue("path", out var path) ? Text(path) : HeaderName();
        var kind = type switch
        {
            '0' or '\0' or '7' => raw.EndsWith('/') && !records.TryGetValue("path", out _) ? LayerEntryKind.Folder : LayerEntryKind.File,
            '1' => LayerEntryKind.HardLink,
            '2' => LayerEntryKind.SymbolicLink,
            '3' => LayerEntryKind.CharacterDevice,
            '4' => LayerEntryKind.BlockDevice,
            '5' => LayerEntryKind.Folder,
            '6' => LayerEntryKind.Fifo,
            _ => (LayerEntryKind?)null,
        };
        if (type == 'S' || records.IsSparse)
        {
            throw new SealerException(
                "SparseEntryNotSupported",
                ErrorKind.NotSupported,
                $"The layer holds '{LayerErrors.Shown(raw)}' as a sparse file, which images do not have. Build the image without 'tar --sparse'.",
                LayerErrors.Shown(raw));
        }

        if (kind is null)
        {
            throw new SealerException(
                "UnsupportedLayerEntry",
                ErrorKind.NotSupported,
                $"The layer holds '{LayerErrors.Shown(raw)}' of the unknown type '{LayerErrors.Shown(type.ToString())}'.",
                LayerErrors.Shown(raw));
        }

        var size = Size(records);
        if (kind != LayerEntryKind.File && size != 0 && kind != LayerEntryKind.HardLink)
            throw LayerErrors.Invalid($"'{LayerErrors.Shown(raw)}' is no file but has {size} bytes");
        var link = kind is LayerEntryKind.HardLink or LayerEntryKind.SymbolicLink ? Link(kind.Value, records, raw) : null;
        var entry = new LayerEntry
        {
            Path = LayerPath.Normalise(raw, options),
            Kind = kind.Value,
            Mode = (int)(Number(100, 8) & 0xFFF),
            Uid = records.TryGetValue("uid", out var uid) ? Decimal(uid) : Number(108, 8),
            Gid = records.TryGetValue("gid", out var gid) ? Decimal(gid) : Number(116, 8),
            Modified = Time(records.TryGetValue("mtime", out var mtime) ? Decimal(mtime) : Number(136, 12)),
            Size = kind == LayerEntryKind.File ? size : 0,
            LinkTarget = link,
            DeviceMajor = kind is LayerEntryKind.CharacterDevice or LayerEntryKind.BlockDevice ? (int)Number(329, 8) : 0,
            DeviceMinor = kind is LayerEntryKind.CharacterDevice or LayerEntryKind.BlockDevice ? (int)Number(337, 8) : 0,
            ExtendedAttributes = records.Attributes,
        };
        return LayerPath.AsWhiteout(entry);
    }

    private string Link(LayerEntryKind kind, PaxRecords records, string raw)
    {
        var link = records.TryGetValue("linkpath", out var path) ? Text(path) : Text(Field(157, 100));
        if (link.Length > options.MaxPathLength)
            throw LayerErrors.Limit("LayerPathTooLong", $"a link target has {link.Length} characters");
        if (link.Length == 0 || link.Contains('\0', StringComparison.Ordinal))
            throw LayerErrors.Unsafe(raw, "its link target is empty or holds NUL");
        // A hard link names a file of the image; a symbolic link may say anything, it is only never followed.
        return kind == LayerEntryKind.HardLink ? LayerPath.Normalise(link, options) : link;
    }

    private long Size(PaxRecords records)
    {
        var size = records.TryGetValue("size", out var text) ? Decimal(text) : Number(124, 12);
        return size is >= 0 and <= long.MaxValue / 2
            ? size
            : throw LayerErrors.Invalid($"a file has {size} bytes");
    }

    private string HeaderName()
    {
        var name = Text(Field(0, 100));
        if (!_block.AsSpan(257, 6).SequenceEqual("ustar\0"u8))
            return name;
        var prefix = Text(Field(345, 155));
        return prefix.Length == 0 ? name : prefix + "/" + name;
    }

    /// <summary>Reads "length key=value\n" records; a later record of a key replaces an earlier one, an empty one removes it.</summary>
    private static void ReadPax(ReadOnlySpan<byte> body, Action<string, byte[]?> set)
    {
        while (!body.IsEmpty)
        {
            var space = body.IndexOf((byte)' ');
            if (space is < 1 or > 9
                || !System.Buffers.Text.Utf8Parser.TryParse(body[..space], out int length, out var used)
                || used != space
                || length <= space + 2
                || length > body.Length
                || body[length - 1] != '\n')
            {
                throw LayerErrors.Invalid("a PAX header is malformed");
            }

            var record = body[(space + 1)..(length - 1)];
            var equals = record.IndexOf((byte)'=');
            if (equals < 1)
                throw LayerErrors.Invalid("a PAX header is malformed");
            var key = Text(record[..equals]);
            set(key, equals == record.Length - 1 ? null : record[(equals + 1)..].ToArray());
            body = body[length..];
        }
    }

    private ReadOnlySpan<byte> Field(int start, int length)
    {
        var field = _block.AsSpan(start, length);
        var end = field.IndexOf((byte)0);
        return end < 0 ? field : field[..end];
    }

    private static byte[] TrimNul(byte[] text) => text.AsSpan().IndexOf((byte)0) is var end and >= 0 ? text[..end] : text;

    private static string Text(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw LayerErrors.Invalid($"the name '{LayerErrors.Shown(Encoding.Latin1.GetString(bytes))}' is not UTF-8");
        }
    }

    /// <summary>Octal digits, or GNU's binary numbers (first bit set).</summary>
    private long Number(int start, int length)
    {
        var field = _block.AsSpan(start, length);
        if ((field[0] & 0x80) != 0)
        {
            // Two's complement over the whole field, its first bit aside; only what fits in 64 bits is believed.
            if (field[0] is not (0x80 or 0xFF) || (length > 9 && field[1..^8].ContainsAnyExcept(field[0] == 0xFF ? (byte)0xFF : (byte)0)))
                throw LayerErrors.Invalid("a number in a tar header is too large");
            return length >= 9 ? BinaryPrimitives.ReadInt64BigEndian(field[^8..]) : Signed(field);
        }

        long value = 0;
        var digits = field.Trim(" \0"u8);
        foreach (var digit in digits)
        {
            if (digit is < (byte)'0' or > (byte)'7')
                throw LayerErrors.Invalid("a number in a tar header is malformed");
            value = (value << 3) | (uint)(digit - '0');
        }

        return value;
    }

    private static long Signed(ReadOnlySpan<byte> field)
    {
        var value = field[0] == 0xFF ? -1L : 0L;
        foreach (var b in field[1..])
            value = (value << 8) | b;
        return value;
    }

    /// <summary>A decimal number; what stands after a point (of seconds) is left out.</summary>
    private static long Decimal(ReadOnlySpan<byte> text)
    {
        var point = text.IndexOf((byte)'.');
        var whole = point < 0 ? text : text[..point];
        return System.Buffers.Text.Utf8Parser.TryParse(whole, out long value, out var used) && used == whole.Length
            ? value
            : throw LayerErrors.Invalid("a number in a PAX header is malformed");
    }

    private static DateTimeOffset Time(long seconds)
    {
        // What .NET can say: years 1 to 9999.
        const long min = -62135596800;
        const long max = 253402300799;
        return DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(seconds, min, max));
    }
}
