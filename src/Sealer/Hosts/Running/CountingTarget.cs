namespace Sealer.Hosts.Running;

/// <summary>Writes to a stream of somebody else's and tells how much.</summary>
internal sealed class CountingTarget(Stream target, IProgress<long>? progress) : WriteOnlyStream
{
    private long _count;

    public override long Position { get => _count; set => throw new NotSupportedException(); }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await target.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
        progress?.Report(_count += buffer.Length);
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        target.Write(buffer);
        progress?.Report(_count += buffer.Length);
    }

    public override void Flush() => target.Flush();
}
