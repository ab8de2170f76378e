using System.Runtime.ExceptionServices;

namespace Sealer.Hosts.Running;

/// <summary>
/// The input of a command, read from a stream of somebody else's. That the command reads no further is no error; that the
/// stream breaks is one, and the command cannot tell it from the stream's end.
/// </summary>
internal sealed class CommandInput(Stream source)
{
    private const int BufferSize = 256 * 1024;

    private ExceptionDispatchInfo? _broken;

    public async Task CopyToAsync(Stream target, CancellationToken cancellationToken)
    {
        var buffer = new byte[BufferSize];
        while (true)
        {
            int read;
            try
            {
                read = await source.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                _broken = ExceptionDispatchInfo.Capture(error);
                return;
            }

            if (read == 0)
                return;
            await target.WriteAsync(buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
        }
    }

    public void ThrowIfBroken() => _broken?.Throw();
}
