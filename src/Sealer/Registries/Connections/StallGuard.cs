namespace Sealer.Registries.Connections;

/// <summary>Breaks off reads and writes in which no byte moves for the time of <see cref="RegistryOptions.StallTimeout"/>.</summary>
internal sealed class StallGuard(RegistryOptions options) : IDisposable
{
    // One timer for the whole transfer, set anew for each step: a source of its own for every buffer would cost more.
    private readonly CancellationTokenSource _timer = new(Timeout.InfiniteTimeSpan, options.Time);

    /// <summary>Reads.</summary>
    /// <exception cref="StalledException">Nothing came; the guard is used up.</exception>
    public async ValueTask<int> ReadAsync(Stream stream, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        using var registration = Begin(cancellationToken);
        try
        {
            return await stream.ReadAsync(buffer, _timer.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Stalled();
        }
        finally
        {
            _timer.CancelAfter(Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Writes.</summary>
    /// <exception cref="StalledException">Nothing was taken; the guard is used up.</exception>
    public async ValueTask WriteAsync(Stream stream, ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        using var registration = Begin(cancellationToken);
        try
        {
            await stream.WriteAsync(buffer, _timer.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Stalled();
        }
        finally
        {
            _timer.CancelAfter(Timeout.InfiniteTimeSpan);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    private CancellationTokenRegistration Begin(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _timer.CancelAfter(options.StallTimeout);
        return cancellationToken.UnsafeRegister(static timer => ((CancellationTokenSource)timer!).Cancel(), _timer);
    }

    private StalledException Stalled() => new($"no byte moved for {options.StallTimeout.TotalSeconds:0} s");
}
