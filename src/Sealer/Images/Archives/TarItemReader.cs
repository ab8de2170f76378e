using System.Buffers.Text;
using System.Text;

namespace Sealer.Images.Archives;

/// <summary>
/// Walks the heads of a tar (ustar, GNU, pax). Content is skipped by seeking where the stream can, and by reading where not.
/// Beside <c>System.Formats.Tar</c> because that gives neither offsets nor limits: here a head costs 512 bytes of reading,
/// and a hostile one no memory. Beside <see cref="Layers.TarEntryParser"/> because that reads a layer: all of it, in order,
/// with owners, times, attributes and whiteouts, to a verified end; an archive is a box of files of which some are wanted, where
/// they lie.
/// </summary>
internal sealed class TarItemReader(Stream tar)
{
    private const int Block = 512;
    private const int MaxItems = 200_000;
    private const int MaxExtendedHeader = 1024 * 1024;

    private readonly byte[] _header = new byte[Block];
    private long _position;
    private long _next;
    private int _items;
    private long _dataLeft;

    /// <summary>What the medium, or unpacking, failed with while content was read; null where nothing did.</summary>
    public IOException? Fault { get; private set; }

    /// <summary>The head of the next entry; null at the end of the archive.</summary>
    /// <exception cref="SealerException"><c>InvalidArchive</c>, <c>ArchiveTruncated</c>.</exception>
    public async ValueTask<TarItem?> NextAsync(CancellationToken cancellationToken)
    {
        string? longName = null, longLink = null;
        long? longSize = null;
        while (true)
        {
            await SkipToAsync(_next, cancellationToken).ConfigureAwait(false);
            if (!await ReadHeaderAsync(cancellationToken).ConfigureAwait(false))
                return null;
            if (++_items > MaxItems)
                throw ArchiveErrors.Invalid($"it has more than {MaxItems} entries");
            var size = ReadNumber(_header.AsSpan(124, 12));
            var type = _header[156];
            if (type is (byte)'L' or (byte)'K' or (byte)'x' or (byte)'g')
            {
                var text = await ReadExtendedAsync(size, cancellationToken).ConfigureAwait(false);
                if (type == 'L')
                    longName = CString(text);
                else if (type == 'K')
                    longLink = CString(text);
                else if (type == 'x')
                    ReadPax(text, ref longName, ref longLink, ref longSize);
                continue;
            }

            return Item(type, longName ?? HeaderName(), longSize ?? size, longLink ?? CString(_header.AsSpan(157, 100)));
        }
    }

    /// <summary>The content of the entry whose head was read last; read before the next one, and once.</summary>
    public Stream OpenData() => new DataStream(this);

    private TarItem Item(byte type, string name, long size, string link)
    {
        TarItemKind? kind = type switch
        {
            (byte)'0' or 0 or (byte)'7' => name.EndsWith('/') ? TarItemKind.Folder : TarItemKind.File,
            (byte)'1' => TarItemKind.HardLink,
            (byte)'2' => TarItemKind.SymbolicLink,
            (byte)'5' => TarItemKind.Folder,
            _ => null,
        };
        if (kind is null)
            throw ArchiveErrors.Invalid($"'{Printable(name)}' is of the kind '{Printable(((char)type).ToString())}', which has no place in an image archive");
        if (kind != TarItemKind.File)
            size = 0;
        if (size >= long.MaxValue / 4)
            throw ArchiveErrors.Invalid($"'{Printable(name)}' states an impossible size");
        _dataLeft = size;
        _next = checked(_position + ((size + Block - 1) / Block * Block));
        return new TarItem(Normalize(name), kind.Value, size, _position, link);
    }

    private static string Normalize(string name)
    {
        var parts = name.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(p => p != ".").ToArray();
        if (name.StartsWith('/') || parts.Contains("..") || name.Contains('\0') || name.Contains('\\'))
            throw ArchiveErrors.Invalid($"the path '{Printable(name)}' leads out of it");
        return string.Join('/', parts);
    }

    private static string Printable(string text) =>
        new([.. text.Take(200).Select(c => char.IsControl(c) ? '?' : c)]);

    private string HeaderName()
    {
        var name = CString(_header.AsSpan(0, 100));
        var isUstar = _header.AsSpan(257, 6).SequenceEqual("ustar\0"u8);
        var prefix = isUstar ? CString(_header.AsSpan(345, 155)) : "";
        return prefix.Length == 0 ? name : prefix + "/" + name;
    }

    private static string CString(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
    }

    private static void ReadPax(ReadOnlySpan<byte> text, ref string? name, ref string? link, ref long? size)
    {
        while (text.Length > 0)
        {
            // "LENGTH KEY=VALUE\n", LENGTH counting itself.
            if (!Utf8Parser.TryParse(text, out int length, out var digits) || length <= digits + 1 || length > text.Length
                || text[digits] != ' ' || text[length - 1] != '\n')
            {
                throw ArchiveErrors.Invalid("an extended header is damaged");
            }

            var record = text[(digits + 1)..(length - 1)];
            var equals = record.IndexOf((byte)'=');
            if (equals < 0)
                throw ArchiveErrors.Invalid("an extended header is damaged");
            var key = record[..equals];
            var value = record[(equals + 1)..];
            if (key.SequenceEqual("path"u8))
                name = Encoding.UTF8.GetString(value);
            else if (key.SequenceEqual("linkpath"u8))
                link = Encoding.UTF8.GetString(value);
            else if (key.SequenceEqual("size"u8))
                size = Utf8Parser.TryParse(value, out long number, out var used) && used == value.Length && number >= 0
                    ? number
                    : throw ArchiveErrors.Invalid("an extended header states no size");
            else if (key.StartsWith("GNU.sparse"u8))
                throw ArchiveErrors.Invalid("it has sparse files, which have no place in an image archive");
            text = text[length..];
        }
    }

    /// <summary>Octal text, or base 256 where the first bit is set (files from 8 GiB on).</summary>
    private static long ReadNumber(ReadOnlySpan<byte> field)
    {
        if ((field[0] & 0x80) != 0)
        {
            long value = field[0] & 0x7F;
            foreach (var b in field[1..])
            {
                if (value > long.MaxValue >> 8)
                    throw ArchiveErrors.Invalid("an entry states an impossible size");
                value = (value << 8) | b;
            }

            return value is >= 0 and < long.MaxValue / 4 ? value : throw ArchiveErrors.Invalid("an entry states an impossible size");
        }

        long number = 0;
        foreach (var b in field)
        {
            if (b is 0 or (byte)' ')
            {
                if (number > 0)
                    break;
                continue;
            }

            if (b is < (byte)'0' or > (byte)'7')
                throw ArchiveErrors.Invalid("an entry states no size");
            number = (number * 8) + (b - '0');
        }

        return number;
    }

    private async ValueTask<bool> ReadHeaderAsync(CancellationToken cancellationToken)
    {
        var read = await tar.ReadAtLeastAsync(_header, Block, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        _position += read;
        if (read == 0)
            return false;
        if (read < Block)
            throw ArchiveErrors.Truncated("in the head of an entry");
        _next = _position;
        if (!_header.AsSpan().ContainsAnyExcept((byte)0))
            return false;

        var stated = ReadNumber(_header.AsSpan(148, 8));
        long sum = 8 * ' ';
        for (var i = 0; i < Block; i++)
            sum += i is >= 148 and < 156 ? 0 : _header[i];
        return sum == stated ? true : throw ArchiveErrors.Invalid("it is no tar, or the head of an entry is damaged");
    }

    private async ValueTask<byte[]> ReadExtendedAsync(long size, CancellationToken cancellationToken)
    {
        if (size > MaxExtendedHeader)
            throw ArchiveErrors.Invalid("an extended header is larger than 1 MiB");
        var text = new byte[size];
        var read = await tar.ReadAtLeastAsync(text, text.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        if (read < size)
            throw ArchiveErrors.Truncated("in an extended header");
        _next = _position + ((size + Block - 1) / Block * Block);
        _position += size;
        return text;
    }

    private async ValueTask SkipToAsync(long target, CancellationToken cancellationToken)
    {
        if (target == _position)
            return;
        if (tar.CanSeek)
        {
            // The padding of the last entry may be missing; its content may not.
            if (_position + _dataLeft > tar.Length)
                throw ArchiveErrors.Truncated("in the content of an entry");
            tar.Position = Math.Min(target, tar.Length);
            _position = target;
            return;
        }

        var buffer = new byte[64 * 1024];
        while (_position < target)
        {
            var count = (int)Math.Min(buffer.Length, target - _position);
            var read = await tar.ReadAtLeastAsync(buffer.AsMemory(0, count), count, throwOnEndOfStream: false, cancellationToken)
                .ConfigureAwait(false);
            _dataLeft -= Math.Min(_dataLeft, read);
            _position += read;
            if (read == count)
                continue;
            if (_dataLeft > 0)
                throw ArchiveErrors.Truncated("in the content of an entry");
            return;
        }
    }

    private sealed class DataStream(TarItemReader reader) : ReadOnlyStream
    {
        public override int Read(Span<byte> buffer) =>
            throw new NotSupportedException("Archives are read asynchronously.");

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = (int)Math.Min(buffer.Length, reader._dataLeft);
            if (count == 0)
                return 0;
            int read;
            try
            {
                read = await reader.Inner.ReadAsync(buffer[..count], cancellationToken).ConfigureAwait(false);
            }
            catch (IOException e)
            {
                reader.Fault ??= e;
                throw;
            }

            if (read == 0)
                throw ArchiveErrors.Truncated("in the content of an entry");
            reader._position += read;
            reader._dataLeft -= read;
            return read;
        }
    }

    private Stream Inner => tar;
}
