using System.Text;

namespace Sealer.Images.Archives;

/// <summary>
/// Writes a tar that depends on its content only: no owner, no time. ustar, with a pax head where a name is too long or a
/// file has 8 GiB or more. Beside <see cref="Layers.TarHeader"/>, which writes what a layer's entry has (owner, time, kind);
/// changing either's bytes changes digests.
/// </summary>
internal sealed class TarItemWriter(ArchiveOutput output)
{
    private const int Block = 512;
    private const long LargestOctal = 0x1_FFFF_FFFF;
    private static readonly byte[] Zeros = new byte[2 * Block];

    /// <summary>Begins a file; as many bytes as <paramref name="size"/> follow, and then <see cref="EndFileAsync"/>.</summary>
    public async Task BeginFileAsync(string name, long size, CancellationToken cancellationToken)
    {
        var needsPax = Encoding.UTF8.GetByteCount(name) > 100 || size > LargestOctal;
        if (needsPax)
        {
            var records = Encoding.UTF8.GetBytes(Record("path", name) + (size > LargestOctal ? Record("size", $"{size}") : ""));
            await output.WriteAsync(Header("pax", 'x', records.Length), cancellationToken).ConfigureAwait(false);
            await output.WriteAsync(records, cancellationToken).ConfigureAwait(false);
            await EndFileAsync(records.Length, cancellationToken).ConfigureAwait(false);
        }

        var header = Header(needsPax ? name[..Math.Min(name.Length, 50)] : name, '0', Math.Min(size, LargestOctal));
        await output.WriteAsync(header, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Fills up to the next block.</summary>
    public async Task EndFileAsync(long size, CancellationToken cancellationToken)
    {
        var padding = (int)((Block - (size % Block)) % Block);
        if (padding > 0)
            await output.WriteAsync(Zeros.AsMemory(0, padding), cancellationToken).ConfigureAwait(false);
    }

    public async Task WriteFileAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        await BeginFileAsync(name, content.Length, cancellationToken).ConfigureAwait(false);
        await output.WriteAsync(content, cancellationToken).ConfigureAwait(false);
        await EndFileAsync(content.Length, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends the archive.</summary>
    public ValueTask EndAsync(CancellationToken cancellationToken) => output.WriteAsync(Zeros, cancellationToken);

    private static string Record(string key, string value)
    {
        // The length counts its own digits.
        var rest = Encoding.UTF8.GetByteCount(key) + Encoding.UTF8.GetByteCount(value) + 3;
        var length = rest + $"{rest}".Length;
        if ($"{length}".Length != $"{rest}".Length)
            length = rest + $"{length}".Length;
        return $"{length} {key}={value}\n";
    }

    private static byte[] Header(string name, char type, long size)
    {
        var header = new byte[Block];
        Encoding.UTF8.GetBytes(name, header.AsSpan(0, 100));
        Octal(header.AsSpan(100, 8), 0b110_100_100);
        Octal(header.AsSpan(108, 8), 0);
        Octal(header.AsSpan(116, 8), 0);
        Octal(header.AsSpan(124, 12), size);
        Octal(header.AsSpan(136, 12), 0);
        header[156] = (byte)type;
        "ustar\000"u8.CopyTo(header.AsSpan(257));
        header.AsSpan(148, 8).Fill((byte)' ');
        Octal(header.AsSpan(148, 7), header.Sum(b => (long)b));
        return header;
    }

    private static void Octal(Span<byte> field, long value)
    {
        field[^1] = 0;
        for (var i = field.Length - 2; i >= 0; i--, value >>= 3)
            field[i] = (byte)('0' + (value & 7));
    }
}
