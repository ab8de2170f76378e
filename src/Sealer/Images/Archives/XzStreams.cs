using SharpCompress.Compressors.Xz;

namespace Sealer.Images.Archives;

/// <summary>
/// xz of any number of streams one behind the other, with zeros between them, as pixz and cat make; <see cref="XZStream"/>
/// reads one and says nothing of the rest.
/// </summary>
internal sealed class XzStreams(Stream packed) : ReadOnlyStream
{
    private readonly byte[] _head = new byte[4];
    private Stream _current = new XZStream(packed);

    public override int Read(Span<byte> buffer)
    {
        int read;
        do
            read = _current.Read(buffer);
        while (read == 0 && buffer.Length > 0 && Begins(packed.ReadAtLeast(_head, _head.Length, throwOnEndOfStream: false)));
        return read;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int read;
        do
            read = await _current.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        while (read == 0 && buffer.Length > 0
            && Begins(await packed.ReadAtLeastAsync(_head, _head.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false)));
        return read;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            packed.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>Begins with what follows the end of a stream; false where nothing follows.</summary>
    private bool Begins(int read)
    {
        if (read == 0)
            return false;
        // Padding is a multiple of four zeros; what is neither that nor another stream, the next one's head says.
        if (read == _head.Length && !_head.AsSpan().ContainsAnyExcept((byte)0))
            return true;
        _current = new XZStream(new PrefixedStream(_head.AsMemory(0, read).ToArray(), packed));
        return true;
    }
}
