namespace Sealer.Images.Copying;

/// <summary>Counts the bytes that are read of a stream; they are its position.</summary>
internal sealed class CountingStream(Stream inner, IProgress<long>? progress) : ReadOnlyStream
{
    private long _read;

    public override long Position { get => _read; set => throw new NotSupportedException(); }

    public override int Read(Span<byte> buffer) => Told(inner.Read(buffer));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        Told(await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false));

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }

    private int Told(int read)
    {
        _read += read;
        progress?.Report(_read);
        return read;
    }
}
