namespace Sealer.Hosts.Ssh;

/// <summary>One command's place in a <see cref="ChannelGate"/>, given back once however often that is done.</summary>
internal sealed class ChannelLease(ChannelGate gate) : IDisposable
{
    private bool _held;

    public async Task EnterAsync(CancellationToken cancellationToken)
    {
        await gate.EnterAsync(cancellationToken).ConfigureAwait(false);
        _held = true;
    }

    public void Dispose()
    {
        if (!_held)
            return;
        _held = false;
        gate.Exit();
    }
}
