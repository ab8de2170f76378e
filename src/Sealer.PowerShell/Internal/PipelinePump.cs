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

    private readonly BlockingCollection<Request> _requests = [];

    /// <summary>Runs the work and serves its requests until it has ended.</summary>
    /// <param name="work">Given a token that is cancelled when the pipeline stops.</param>
    /// <param name="stop">Cancelled by Ctrl+C, and by this pump where the pipeline fails the work.</param>
    /// <exception cref="PipelineStoppedException">The pipeline was stopped.</exception>
    public void Run(Func<CancellationToken, Task> work, CancellationTokenSource stop)
    {
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

    /// <summary>Has something done on the pipeline's thread some time soon; nothing happens where the pipeline is gone.</summary>
    public void Post(Action action) => TryAdd(new Request<bool>(() =>
    {
        action();
        return true;
    }));

    /// <inheritdoc/>
    public void Dispose() => _requests.Dispose();

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
