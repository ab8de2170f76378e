using SharpCompress.Compressors.Xz;

namespace Sealer.Images.Archives;

/// <summary>
/// xz of any number of streams one behind the other, with zeros between them, as pixz and cat make; <see cref="XZStream"/>
/// reads one and says nothing of the rest.
/// </summary>
internal sealed class XzStreams(Stream packed) : Stream
{
    private readonly byte[] _head = new byte[4];
    private Stream _current = new XZStream(packed);

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(byte[] buffer, int offset, int count)
    {
        int read;
        do
            read = _current.Read(buffer, offset, count);
        while (read == 0 && count > 0 && Begins(packed.ReadAtLeast(_head, _head.Length, throwOnEndOfStream: false)));
        return read;
    }

    public override async Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        int read;
        do
            read = await _current.ReadAsync(buffer.AsMemory(offset, count), cancellationToken).ConfigureAwait(false);
        while (read == 0 && count > 0
            && Begins(await packed.ReadAtLeastAsync(_head, _head.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false)));
        return read;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

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
