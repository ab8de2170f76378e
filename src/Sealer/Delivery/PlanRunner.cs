using System.Diagnostics;
using Sealer.Events;
using Sealer.Hosts;
using Sealer.Planning;

namespace Sealer.Delivery;

/// <summary>
/// Carries out the steps of a plan: each once all that it waits for is over, many at once. What fails on one host stops what
/// needs it and nothing else.
/// </summary>
public sealed class PlanRunner
{
    private readonly Plan _plan;
    private readonly IReadOnlyDictionary<string, StepHandler> _handlers;
    private readonly Func<string, IHost> _hosts;
    private readonly Journal _journal;
    private readonly PlanRunOptions _options;
    private readonly IProgress<SealerEvent>? _events;
    private readonly StepGraph _graph;
    private readonly HostLines? _lines;
    private ClusterLock? _lock;

    /// <param name="plan">The plan.</param>
    /// <param name="handlers">One for each kind of step in it.</param>
    /// <param name="hosts">The host of a name: one that refuses once the lock is lost.</param>
    /// <param name="journal">What has been done of it, and where to write what is.</param>
    /// <param name="options">How.</param>
    /// <param name="events">Told what happens.</param>
    /// <exception cref="SealerException"><c>StepKindUnknown</c>: a kind has no handler.</exception>
    public PlanRunner(
        Plan plan, IEnumerable<StepHandler> handlers, Func<string, IHost> hosts, Journal journal, PlanRunOptions? options = null, IProgress<SealerEvent>? events = null)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(handlers);
        (_plan, _hosts, _journal, _options, _events) = (plan, hosts, journal, options ?? new PlanRunOptions(), events);
        _handlers = handlers.ToDictionary(handler => handler.Kind, StringComparer.Ordinal);
        if (plan.Steps.FirstOrDefault(step => !_handlers.ContainsKey(step.Kind)) is { } unknown)
            throw new SealerException("StepKindUnknown", ErrorKind.NotSupported, $"This Sealer does not know steps of the kind '{unknown.Kind}'. Use the Sealer that made the plan.", plan.Id);
        _graph = new StepGraph(plan.Steps);
        _lines = events is null ? null : new HostLines(plan, events);
    }

    /// <summary>Carries it out.</summary>
    /// <param name="held">The cluster's lock: once it is lost, nothing further is begun, and what runs is left.</param>
    /// <param name="cancellationToken">Ends it; the journal tells how far it came.</param>
    /// <returns>A result for each step, in the plan's order.</returns>
    public async Task<IReadOnlyList<StepResult>> RunAsync(ClusterLock held, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(held);
        _lock = held;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(held.Lost, cancellationToken);
        _journal.Stop = stop.Token;
        var running = new HashSet<Task<IReadOnlyList<StepResult>>>();
        while (true)
        {
            if (!stop.IsCancellationRequested)
                Start(running, stop.Token);
            if (running.Count == 0)
                break;
            var ended = await Task.WhenAny(running).ConfigureAwait(false);
            running.Remove(ended);
            foreach (var result in await ended.ConfigureAwait(false))
                End(result);
        }

        cancellationToken.ThrowIfCancellationRequested();
        foreach (var step in _graph.Unfinished)
            End(Skipped(step, held.Why is { } why ? why.Message : "The lock of the cluster was lost before it could be begun."));
        return [.. _plan.Steps.Select(step => _graph.ResultOf(step))];
    }

    private void Start(HashSet<Task<IReadOnlyList<StepResult>>> running, CancellationToken stop)
    {
        // What cannot be begun any more ends at once, and others with it.
        while (_graph.TakeHopeless() is { Count: > 0 } hopeless)
        {
            foreach (var (step, because) in hopeless)
                End(Skipped(step, $"It needs '{because.What}' on {because.Host}, which failed."));
        }

        foreach (var step in _graph.Ready.Where(step => !_handlers[step.Kind].ActsTogether).ToList())
        {
            if (running.Count >= _options.ThrottleLimit)
                break;
            _graph.Begin(step);
            running.Add(Task.Run(() => OneAsync(step, stop), CancellationToken.None));
        }

        // They wait for each other, as long as there is anything else to wait for: what goes to all goes out once.
        foreach (var together in _graph.Ready.Where(step => _handlers[step.Kind].ActsTogether).GroupBy(step => step.Kind, StringComparer.Ordinal).ToList())
        {
            var all = together.ToList();
            if (running.Count > 0 && all.Count < _graph.Waiting.Count(step => step.Kind == together.Key))
                continue;
            all.ForEach(_graph.Begin);
            running.Add(Task.Run(() => TogetherAsync(_handlers[together.Key], all, stop), CancellationToken.None));
        }
    }

    private async Task<IReadOnlyList<StepResult>> OneAsync(PlanStep step, CancellationToken stop)
    {
        var attempt = Begin(step);
        try
        {
            if (await CheckAsync(attempt, stop).ConfigureAwait(false) is { } found)
                return [found];
            await _journal.WriteAsync(JournalEvent.StepStarted, step.Id, step.Host, cancellationToken: stop).ConfigureAwait(false);
            await attempt.Handler.ActAsync(attempt.Run, stop).ConfigureAwait(false);
            return [await VerifyAsync(attempt, stop).ConfigureAwait(false)];
        }
        catch (Exception error)
        {
            return [await FailAsync(attempt, error, stop).ConfigureAwait(false)];
        }
    }

    private async Task<IReadOnlyList<StepResult>> TogetherAsync(StepHandler handler, IReadOnlyList<PlanStep> steps, CancellationToken stop)
    {
        var results = new System.Collections.Concurrent.ConcurrentBag<StepResult>();
        var left = new System.Collections.Concurrent.ConcurrentBag<Attempt>();
        await EachAsync(steps.Select(Begin), async attempt =>
        {
            if (await CheckAsync(attempt, stop).ConfigureAwait(false) is { } found)
                results.Add(found);
            else
                left.Add(attempt);
            if (left.Contains(attempt))
                await _journal.WriteAsync(JournalEvent.StepStarted, attempt.Step.Id, attempt.Step.Host, cancellationToken: stop).ConfigureAwait(false);
        }).ConfigureAwait(false);
        var acting = left.Where(attempt => !attempt.HasFailed).OrderBy(attempt => _graph.PlaceOf(attempt.Step)).ToList();
        if (acting.Count == 0)
            return [.. results];
        IReadOnlyDictionary<string, Exception> errors;
        try
        {
            errors = await handler.ActTogetherAsync([.. acting.Select(attempt => attempt.Run)], stop).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            errors = acting.ToDictionary(attempt => attempt.Step.Id, _ => error, StringComparer.Ordinal);
        }

        await EachAsync(acting, async attempt =>
        {
            if (errors.TryGetValue(attempt.Step.Id, out var error))
                results.Add(await FailAsync(attempt, error, stop).ConfigureAwait(false));
            else
                results.Add(await VerifyAsync(attempt, stop).ConfigureAwait(false));
        }).ConfigureAwait(false);
        return [.. results];

        Task EachAsync(IEnumerable<Attempt> attempts, Func<Attempt, Task> action) => Parallel.ForEachAsync(
            attempts,
            new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, _options.ThrottleLimit) },
            async (attempt, _) =>
            {
                try
                {
                    await action(attempt).ConfigureAwait(false);
                }
                catch (Exception error)
                {
                    attempt.HasFailed = true;
                    results.Add(await FailAsync(attempt, error, stop).ConfigureAwait(false));
                }
            });
    }

    private Attempt Begin(PlanStep step)
    {
        var before = _journal.StateOf(step.Id) is JournalEvent.StepFinished or JournalEvent.StepFound;
        if (!before)
            Tell(new StepStartedEvent(step));
        var progress = _events is null ? null : new StepProgress(step, Tell);
        return new Attempt(_plan, step, _handlers[step.Kind], new StepRun(step, _hosts(step.Host), progress, _events), before);
    }

    // The journal says what was done, and the host how it is: one that was put back, or a journal that lies, is found out.
    private async Task<StepResult?> CheckAsync(Attempt attempt, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        var isSo = await WithinAsync(attempt, attempt.Handler.CheckAsync, stop).ConfigureAwait(false);
        if (attempt.IsDoneBefore)
        {
            return isSo ? attempt.Ended(StepStatus.DoneBefore) : throw new SealerException(
                "StepUndone", ErrorKind.Conflict,
                $"'{attempt.Step.What}' was done on {attempt.Step.Host}, and is not so any more: somebody has changed it there, or the host was put back. Make a new plan with Get-ClusterPlan.", attempt.Step.Host);
        }

        if (!isSo)
            return null;
        await _journal.WriteAsync(JournalEvent.StepFound, attempt.Step.Id, attempt.Step.Host, cancellationToken: stop).ConfigureAwait(false);
        return attempt.Ended(StepStatus.Unchanged);
    }

    private async Task<StepResult> VerifyAsync(Attempt attempt, CancellationToken stop)
    {
        await WithinAsync(
            attempt,
            async (run, token) =>
            {
                await attempt.Handler.VerifyAsync(run, token).ConfigureAwait(false);
                return true;
            },
            stop).ConfigureAwait(false);
        await _journal.WriteAsync(JournalEvent.StepFinished, attempt.Step.Id, attempt.Step.Host, cancellationToken: CancellationToken.None).ConfigureAwait(false);
        return attempt.Ended(StepStatus.Done);
    }

    private async Task<bool> WithinAsync(Attempt attempt, Func<StepRun, CancellationToken, Task<bool>> action, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(_options.CheckTimeout);
        try
        {
            return await action(attempt.Run, limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !stop.IsCancellationRequested)
        {
            throw new SealerException(
                "StepTimedOut", ErrorKind.ResourceUnavailable,
                $"{attempt.Step.Host} did not say within {_options.CheckTimeout.TotalMinutes:0.#} minutes whether it has '{attempt.Step.What}'. Look there for what it waits for.", attempt.Step.Host);
        }
    }

    private async Task<StepResult> FailAsync(Attempt attempt, Exception error, CancellationToken stop)
    {
        if (error is OperationCanceledException && stop.IsCancellationRequested)
        {
            // The journal says that it was begun, which is all that is known.
            if (_lock?.Why is { } why)
            {
                return attempt.Ended(StepStatus.Failed, new SealerException(
                    why.Id, why.Kind, $"'{attempt.Step.What}' on {attempt.Step.Host} was interrupted, and what it had begun there may go on. {why.Message}", attempt.Step.Host, error));
            }

            return attempt.Ended(StepStatus.Failed, new SealerException(
                "StepInterrupted", ErrorKind.Conflict,
                $"'{attempt.Step.What}' on {attempt.Step.Host} was interrupted. What it had begun there may go on; run the same again.", attempt.Step.Host, error));
        }

        try
        {
            var detail = error.Message.Length > 1000 ? error.Message[..1000] + " ..." : error.Message;
            await _journal.WriteAsync(JournalEvent.StepFailed, attempt.Step.Id, attempt.Step.Host, detail, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SealerException or IOException or UnauthorizedAccessException)
        {
            // That it was begun is written; what failed first is what is told.
        }

        return attempt.Ended(StepStatus.Failed, error);
    }

    private StepResult Skipped(PlanStep step, string why) => new()
    {
        Cluster = _plan.Cluster,
        Step = step,
        Status = StepStatus.Skipped,
        Error = new SealerException("StepSkipped", ErrorKind.Conflict, $"'{step.What}' on {step.Host} was not begun. {why}", step.Host),
    };

    private void End(StepResult result)
    {
        _graph.End(result);
        Tell(new StepEndedEvent(result.Step, result));
    }

    private void Tell(StepEvent what)
    {
        _events?.Report(what);
        _lines?.Report(what);
    }

    private sealed class Attempt(Plan plan, PlanStep step, StepHandler handler, StepRun run, bool isDoneBefore)
    {
        private readonly long _started = Stopwatch.GetTimestamp();
        private readonly DateTimeOffset _began = DateTimeOffset.UtcNow;

        public PlanStep Step { get; } = step;

        public StepHandler Handler { get; } = handler;

        public StepRun Run { get; } = run;

        public bool IsDoneBefore { get; } = isDoneBefore;

        public bool HasFailed { get; set; }

        public StepResult Ended(StepStatus status, Exception? error = null) => new()
        {
            Cluster = plan.Cluster,
            Step = Step,
            Status = status,
            Began = _began,
            Duration = status == StepStatus.DoneBefore ? TimeSpan.Zero : Stopwatch.GetElapsedTime(_started),
            Bytes = status == StepStatus.Done ? Run.Bytes ?? Step.Bytes : Run.Bytes ?? 0,
            Error = error,
            Output = Run.Output,
        };
    }

    private sealed class StepProgress(PlanStep step, Action<StepEvent> tell) : IProgress<long>
    {
        public void Report(long value) => tell(new StepProgressEvent(step, value, step.Bytes));
    }
}
