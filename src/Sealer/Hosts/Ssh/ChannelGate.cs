namespace Sealer.Hosts.Ssh;

/// <summary>
/// How many channels one connection has open. The server's MaxSessions is not told to clients: a refusal teaches it, and from
/// then on no more are opened than were open when it refused.
/// </summary>
internal sealed class ChannelGate(int limit)
{
    private readonly object _lock = new();
    private readonly LinkedList<TaskCompletionSource> _waiting = [];
    private int _limit = limit;
    private int _open;

    public async Task EnterAsync(CancellationToken cancellationToken)
    {
        TaskCompletionSource turn;
        LinkedListNode<TaskCompletionSource> node;
        lock (_lock)
        {
            if (_open < _limit)
            {
                _open++;
                return;
            }

            turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            node = _waiting.AddLast(turn);
        }

        await using (cancellationToken.Register(() => Leave(node, cancellationToken)).ConfigureAwait(false))
            await turn.Task.ConfigureAwait(false);
    }

    /// <summary>A channel is gone; the next may come.</summary>
    public void Exit()
    {
        lock (_lock)
        {
            _open--;
            while (_open < _limit && _waiting.First is { } next)
            {
                _waiting.RemoveFirst();
                if (next.Value.TrySetResult())
                    _open++;
            }
        }
    }

    /// <summary>The server refused one more than there are.</summary>
    /// <returns>True where others of ours are open, so that one of them will make room.</returns>
    public bool Refused()
    {
        lock (_lock)
        {
            _limit = Math.Max(1, Math.Min(_limit, _open - 1));
            return _open > 1;
        }
    }

    private void Leave(LinkedListNode<TaskCompletionSource> node, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (node.List is not null)
                _waiting.Remove(node);
        }

        node.Value.TrySetCanceled(cancellationToken);
    }
}
