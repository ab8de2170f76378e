using System.Collections.Concurrent;
using System.Management.Automation;
using System.Runtime.ExceptionServices;

namespace Sealer.PowerShell;

/// <summary>
/// Lets asynchronous work use PowerShell's pipeline, which only its own thread may touch: the work runs elsewhere, what it
/// asks of the pipeline is carried out by <see cref="Run"/>, one request after the other, on the thread that called it.
/// </summary>
internal sealed class PipelinePump : IDisposable
{
    // Work that ignores its cancellation token must not keep a user who pressed Ctrl+C waiting for ever.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    /// <summary>So much may wait for the pipeline before whoever posts waits too.</summary>
    internal const int MaxPosted = 1000;

    private readonly BlockingCollection<Request> _requests = [];
    private readonly SemaphoreSlim _room = new(MaxPosted);
    private CancellationToken _stopped;
    private int _thread;

    /// <summary>Runs the work and serves its requests until it has ended.</summary>
    /// <param name="work">Given a token that is cancelled when the pipeline stops.</param>
    /// <param name="stop">Cancelled by Ctrl+C, and by this pump where the pipeline fails the work.</param>
    /// <exception cref="PipelineStoppedException">The pipeline was stopped.</exception>
    public void Run(Func<CancellationToken, Task> work, CancellationTokenSource stop)
    {
        _thread = Environment.CurrentManagedThreadId;
        _stopped = stop.Token;
        var task = Task.Run(() => work(stop.Token));
        task.ContinueWith(
            _ => _requests.CompleteAdding(),
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);

        var failure = Serve(stop);
        if (stop.IsCancellationRequested)
            AwaitEnd();
        failure?.Throw();
        if (stop.IsCancellationRequested)
            throw new PipelineStoppedException();
        task.GetAwaiter().GetResult();
    }

    /// <summary>Has something done on the pipeline's thread.</summary>
    /// <returns>Ends when it is done, so that a producer never runs ahead of what the pipeline takes.</returns>
    public Task<T> Invoke<T>(Func<T> action)
    {
        var request = new Request<T>(action);
        if (!TryAdd(request))
            request.Fail(new PipelineStoppedException());
        return request.Task;
    }

    /// <summary>
    /// Has something done on the pipeline's thread some time soon; nothing happens where the pipeline is gone. Waits while
    /// too much was posted that is still to be done, except on the pipeline's own thread, which does it.
    /// </summary>
    public void Post(Action action)
    {
        if (Environment.CurrentManagedThreadId == _thread)
        {
            PostAtOnce(action);
            return;
        }

        try
        {
            _room.Wait(_stopped);
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            return;
        }

        PostAtOnce(() =>
        {
            _room.Release();
            action();
        });
    }

    /// <summary>Does not wait: for what is seldom, and for those who hold a lock that the pipeline's thread may want.</summary>
    public void PostAtOnce(Action action) => TryAdd(new Request<bool>(() =>
    {
        action();
        return true;
    }));

    /// <inheritdoc/>
    public void Dispose()
    {
        _requests.Dispose();
        _room.Dispose();
    }

    private bool TryAdd(Request request)
    {
        try
        {
            return _requests.TryAdd(request);
        }
        catch (Exception e) when (e is InvalidOperationException or ObjectDisposedException)
        {
            return false;
        }
    }

    private ExceptionDispatchInfo? Serve(CancellationTokenSource stop)
    {
        try
        {
            foreach (var request in _requests.GetConsumingEnumerable(stop.Token))
            {
                // The pipeline fails a request where a later command stops it (Select-Object -First), or an error or warning
                // is set to stop: the work ends, and what the pipeline threw goes on its way.
                if (request.Run() is { } failure)
                {
                    stop.Cancel();
                    return ExceptionDispatchInfo.Capture(failure);
                }
            }
        }
        catch (OperationCanceledException)
        {
        }

        return null;
    }

    private void AwaitEnd()
    {
        using var patience = new CancellationTokenSource(Grace);
        try
        {
            foreach (var request in _requests.GetConsumingEnumerable(patience.Token))
                request.Fail(new PipelineStoppedException());
        }
        catch (OperationCanceledException)
        {
            _requests.CompleteAdding();
        }
    }

    private abstract class Request
    {
        /// <summary>What the pipeline threw, if it threw.</summary>
        public abstract Exception? Run();

        public abstract void Fail(Exception exception);
    }

    private sealed class Request<T>(Func<T> action) : Request
    {
        // Continuations must not run on the pipeline's thread: it would serve nobody else meanwhile.
        private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<T> Task => _done.Task;

        public override Exception? Run()
        {
            try
            {
                _done.SetResult(action());
                return null;
            }
            catch (Exception e)
            {
                _done.SetException(e);
                return e;
            }
        }

        public override void Fail(Exception exception) => _done.SetException(exception);
    }
}
