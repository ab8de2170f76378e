namespace Sealer.Images.Archives;

/// <summary>
/// What comes out of a decoder, as long as it is not beyond all proportion to what went in: a few kilobytes may claim to be
/// terabytes, which would fill the disk before anybody looks at a digest. Of layers <see cref="Layers.LayerReader"/> sees to it.
/// </summary>
/// <param name="plain">The decoder; disposed.</param>
/// <param name="packed">What it reads; its position counts what went in. Disposed.</param>
/// <param name="maxRatio">How many times what went in may come out.</param>
/// <param name="grace">So many bytes may come out whatever went in.</param>
/// <param name="tooMuch">Makes the error.</param>
internal sealed class RatioStream(Stream plain, Stream packed, int maxRatio, long grace, Func<Exception> tooMuch) : ReadOnlyStream
{
    private long _position;

    public override long Position { get => _position; set => throw new NotSupportedException(); }

    public override int Read(Span<byte> buffer) => Checked(plain.Read(buffer));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        Checked(await plain.ReadAsync(buffer, cancellationToken).ConfigureAwait(false));

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            plain.Dispose();
            packed.Dispose();
        }

        base.Dispose(disposing);
    }

    private int Checked(int read)
    {
        _position += read;
        if (_position > grace && _position / maxRatio > packed.Position)
            throw tooMuch();
        return read;
    }
}
