namespace Sealer.Images.Archives;

/// <summary>Reads <see cref="RandomBytes"/> as a stream; several of them may read the same bytes at once.</summary>
internal sealed class RangeStream(RandomBytes bytes) : ReadOnlyStream
{
    private long _position;

    public override bool CanSeek => true;

    public override long Length { get; } = bytes.Length;

    public override long Position
    {
        get => _position;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            _position = value;
        }
    }

    public override int Read(Span<byte> buffer)
    {
        var read = bytes.Read(buffer, _position);
        _position += read;
        return read;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await bytes.ReadAsync(buffer, _position, cancellationToken).ConfigureAwait(false);
        _position += read;
        return read;
    }

    public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => _position + offset,
        _ => Length + offset,
    };
}
