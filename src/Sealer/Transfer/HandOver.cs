using System.Threading.Channels;

namespace Sealer.Transfer;

/// <summary>A stream that gives what is written to it elsewhere, and lets the writer wait; nothing is copied in between.</summary>
internal sealed class HandOver : ReadOnlyStream
{
    /// <summary>So many parts that were given may not have been read: those that wait, and the one that is read from.</summary>
    public const int Pending = Waiting + 1;

    private const int Waiting = 4;

    private readonly Channel<ReadOnlyMemory<byte>> _parts = Channel.CreateBounded<ReadOnlyMemory<byte>>(new BoundedChannelOptions(Waiting) { SingleReader = true, SingleWriter = true });
    private ReadOnlyMemory<byte> _part;

    public ValueTask GiveAsync(ReadOnlyMemory<byte> part, CancellationToken cancellationToken) => _parts.Writer.WriteAsync(part, cancellationToken);

    /// <summary>Nothing comes after it; the reader finds the end, or the error.</summary>
    public void End(Exception? error) => _parts.Writer.TryComplete(error);

    public override int Read(Span<byte> buffer) => throw new NotSupportedException("It is read asynchronously.");

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_part.IsEmpty)
        {
            if (!await _parts.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
                return 0;
            _parts.Reader.TryRead(out _part);
        }

        var count = Math.Min(buffer.Length, _part.Length);
        _part[..count].CopyTo(buffer);
        _part = _part[count..];
        return count;
    }
}
