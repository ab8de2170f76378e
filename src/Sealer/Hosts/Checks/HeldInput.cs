using System.Text;
using System.Threading.Channels;

namespace Sealer.Hosts.Checks;

/// <summary>What a command reads, written while it runs; it waits in between.</summary>
internal sealed class HeldInput : ReadOnlyStream
{
    private readonly Channel<byte[]> _parts = Channel.CreateUnbounded<byte[]>();
    private ReadOnlyMemory<byte> _rest;

    public void Write(string text) => _parts.Writer.TryWrite(Encoding.UTF8.GetBytes(text));

    public void End() => _parts.Writer.TryComplete();

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_rest.Length == 0)
        {
            if (!await _parts.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
                return 0;
            if (_parts.Reader.TryRead(out var part))
                _rest = part;
        }

        var count = Math.Min(buffer.Length, _rest.Length);
        _rest[..count].CopyTo(buffer);
        _rest = _rest[count..];
        return count;
    }
}
