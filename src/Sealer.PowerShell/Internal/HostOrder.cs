namespace Sealer.PowerShell;

/// <summary>Lets out what hosts have answered in the hosts' order: of each as soon as all before it have answered.</summary>
/// <param name="count">How many hosts there are.</param>
internal sealed class HostOrder(int count) : IDisposable
{
    private readonly SemaphoreSlim _gate = new(1);
    private readonly Func<Task>?[] _held = new Func<Task>?[count];
    private int _turn;

    /// <summary>A host has answered. Ends when its answer is out, or is another's to let out.</summary>
    /// <param name="place">Its place among the hosts; each comes once.</param>
    /// <param name="letOut">Lets its answer out.</param>
    /// <param name="cancellationToken">Ends the waiting for others that are let out.</param>
    public async Task AnsweredAsync(int place, Func<Task> letOut, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            _held[place] = letOut;
            for (; _turn < _held.Length && _held[_turn] is { } next; _turn++)
                await next();
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();
}
