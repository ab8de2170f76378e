using Sealer.Images.Copying;
using Sealer.Images.Layers;

namespace Sealer.Images.Archives;

/// <summary>
/// What comes out of a decoder, as long as it is not beyond all proportion to what went in: a few kilobytes may claim to be
/// terabytes, which would fill the disk before anybody looks at a digest.
/// </summary>
internal sealed class RatioStream(Stream plain, CountingStream packed, LayerReadOptions limits) : ReadOnlyStream
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
        if (_position > limits.RatioGrace && _position / limits.MaxRatio > packed.Position)
            throw ArchiveErrors.Invalid($"{packed.Position} bytes of it unpack to more than {limits.MaxRatio} times as many");
        return read;
    }
}
