namespace Sealer.Tests.Images;

/// <summary>Gives some bytes and then breaks off, as a connection does.</summary>
internal sealed class CutStream(byte[] content, int offset, int bytes) : Stream
{
    private int _left = bytes;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(byte[] buffer, int start, int count)
    {
        count = Math.Min(Math.Min(count, 100_000), content.Length - offset);
        if (count > 0 && _left == 0)
            throw new IOException("The connection was cut.");
        count = Math.Min(count, _left);
        content.AsSpan(offset, count).CopyTo(buffer.AsSpan(start));
        offset += count;
        _left -= count;
        return count;
    }

    public override void Flush()
    {
    }

    public override long Seek(long target, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int start, int count) => throw new NotSupportedException();
}
