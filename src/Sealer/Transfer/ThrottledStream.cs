namespace Sealer.Transfer;

/// <summary>A stream that is read no faster than it is let go.</summary>
internal sealed class ThrottledStream(Stream inner, Throttle throttle) : ReadOnlyStream
{
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        await throttle.WaitAsync(read, cancellationToken).ConfigureAwait(false);
        return read;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }
}
