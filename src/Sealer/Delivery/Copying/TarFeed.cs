using System.Globalization;
using System.Text;

namespace Sealer.Delivery.Copying;

/// <summary>
/// A tar of files under short names, made while it is read: nothing of it is kept. The names of the files themselves never stand in
/// it, so that no tar's idea of names matters.
/// </summary>
internal sealed class TarFeed : ReadOnlyStream
{
    private const int Block = 512;

    private readonly IEnumerator<Func<Stream>> _parts;
    private readonly Action<int>? _read;
    private Stream? _part;

    /// <param name="files">Name, permissions, size, content.</param>
    /// <param name="read">Is told bytes that were read.</param>
    public TarFeed(IEnumerable<(string Name, int Mode, long Size, Func<Stream> Open)> files, Action<int>? read = null) =>
        (_parts, _read) = (Parts(files).GetEnumerator(), read);

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            if (_part is null)
            {
                if (!_parts.MoveNext())
                    return 0;
                _part = _parts.Current();
            }

            var count = await _part.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            if (count > 0)
            {
                _read?.Invoke(count);
                return count;
            }

            await _part.DisposeAsync().ConfigureAwait(false);
            _part = null;
        }
    }

    protected override void Dispose(bool disposing)
    {
        _part?.Dispose();
        _parts.Dispose();
        base.Dispose(disposing);
    }

    private static IEnumerable<Func<Stream>> Parts(IEnumerable<(string Name, int Mode, long Size, Func<Stream> Open)> files)
    {
        foreach (var (name, mode, size, open) in files)
        {
            yield return () => new MemoryStream(Header(name, mode, size));
            yield return () => new ExactStream(open(), size, name);
            if (size % Block != 0)
                yield return () => new MemoryStream(new byte[Block - (size % Block)]);
        }

        yield return () => new MemoryStream(new byte[2 * Block]);
    }

    private static byte[] Header(string name, int mode, long size)
    {
        var header = new byte[Block];
        Put(0, name);
        Put(100, Octal(mode, 7));
        Put(108, Octal(0, 7));
        Put(116, Octal(0, 7));
        Put(124, Octal(size, 11));
        Put(136, Octal(DateTimeOffset.UtcNow.ToUnixTimeSeconds(), 11));
        Put(148, "        ");
        header[156] = (byte)'0';
        Put(257, "ustar\0" + "00");
        Put(148, Octal(header.Sum(b => b), 6) + "\0 ");
        return header;

        void Put(int at, string text) => Encoding.ASCII.GetBytes(text, header.AsSpan(at));
        static string Octal(long value, int digits) => Convert.ToString(value, 8).PadLeft(digits, '0');
    }

    /// <summary>As many bytes as were announced; a file that has changed meanwhile breaks the copy off.</summary>
    private sealed class ExactStream(Stream inner, long size, string name) : MemoryStream
    {
        private long _left = size;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_left == 0)
                return 0;
            var count = await inner.ReadAsync(buffer[..(int)Math.Min(buffer.Length, _left)], cancellationToken).ConfigureAwait(false);
            _left -= count;
            return count > 0 ? count : throw new IOException(string.Create(CultureInfo.InvariantCulture, $"A file became shorter while it was copied ({name}). Copy it again."));
        }

        protected override void Dispose(bool disposing)
        {
            inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
