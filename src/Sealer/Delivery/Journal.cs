using System.Runtime.ExceptionServices;
using System.Text;
using Sealer.Hosts;

namespace Sealer.Delivery;

/// <summary>
/// What of a plan has been done: on the controller and on the host that has the lock, on both disks before a step is begun and
/// again when it is over. What is written together by many steps goes to the host in one command, which also asks whether the
/// lock is still ours. A host that is out of reach, as while it restarts, is waited for as long as its lock is.
/// </summary>
public sealed class Journal : IAsyncDisposable
{
    // A thousand hosts' steps write a few MiB; who sends more than this keeps no journal.
    private const int MaxJournal = 64 << 20;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly JournalFile _file;
    private readonly ClusterLock _lock;
    private readonly string _path;
    private readonly TimeProvider _clock;
    private readonly SemaphoreSlim _writing = new(1);
    private readonly object _gate = new();
    private readonly Dictionary<string, JournalEvent> _steps = new(StringComparer.Ordinal);
    private List<Waiting> _waiting = [];
    private int _number;
    private bool _mayBeTorn;

    private Journal(JournalFile file, ClusterLock held, string path, TimeProvider clock) =>
        (_file, _lock, _path, _clock) = (file, held, path, clock);

    /// <summary>All steps were done, at this time; null where they were not.</summary>
    public DateTimeOffset? Finished { get; private set; }

    /// <summary>Ends when no more is begun: from then on a host that is out of reach is not waited for.</summary>
    internal CancellationToken Stop { get; set; }

    /// <summary>A controller had begun with the plan before.</summary>
    public bool IsResumed { get; private set; }

    /// <summary>Opens a plan's journal, and reads what is done from both copies; what one lacks it gets of the other.</summary>
    /// <param name="path">The controller's copy.</param>
    /// <param name="cluster">The cluster.</param>
    /// <param name="plan">The plan's <see cref="Planning.Plan.Id"/>.</param>
    /// <param name="held">The cluster's lock; the other copy lies on its host.</param>
    /// <param name="clock">For the entries' times.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="SealerException"><c>JournalDamaged</c>, <c>JournalUnusable</c>, <c>ClusterLockLost</c>, and those of hosts.</exception>
    public static async Task<Journal> OpenAsync(
        string path, string cluster, string plan, ClusterLock held, TimeProvider? clock = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(held);
        var remote = DeliveryPaths.Journal(cluster, plan);
        var read = await held.RunAsync(new HostCommand($"[ ! -e {remote} ] || cat {remote}") { MaxOutput = MaxJournal, Timeout = Patience }, cancellationToken)
            .ConfigureAwait(false);
        var there = JournalLines.Read(read.Require($"read the journal {remote}").Output, $"{remote} on {held.Host.Name}");
        var here = JournalFile.Read(path);
        var file = JournalFile.Open(path);
        var journal = new Journal(file, held, remote, clock ?? TimeProvider.System);
        try
        {
            var all = JournalLines.Merge(here, there);
            foreach (var entry in all)
                journal.Note(entry);
            journal.IsResumed = all.Count > 0;
            // First what the copy lacks, behind a line that says that somebody began: before that, a torn one may stand.
            await journal.WriteAsync([journal.Begins()], cancellationToken).ConfigureAwait(false);
            file.Append(Lacking(all, here));
            await journal.WriteToHostAsync(Lacking(all, there), cancellationToken).ConfigureAwait(false);
            return journal;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>What the journal says of a step last; null where it says nothing.</summary>
    public JournalEvent? StateOf(string step)
    {
        lock (_gate)
            return _steps.TryGetValue(step, out var state) ? state : null;
    }

    /// <summary>Writes an entry. Ends when both disks have it.</summary>
    /// <exception cref="SealerException"><c>ClusterLockLost</c>, and those of hosts.</exception>
    public async Task WriteAsync(JournalEvent what, string? step = null, string? host = null, string? detail = null, CancellationToken cancellationToken = default)
    {
        var mine = new Waiting(Next(what, step, host, detail));
        lock (_gate)
            _waiting.Add(mine);
        await _writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (!mine.IsOver)
                await WriteWaitingAsync().ConfigureAwait(false);
        }
        finally
        {
            _writing.Release();
        }

        mine.Failure?.Throw();
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _file.Dispose();
        _writing.Dispose();
        return ValueTask.CompletedTask;
    }

    // All that wait, for whoever comes first; that one of them is cancelled means nothing to the others.
    private async Task WriteWaitingAsync()
    {
        List<Waiting> all;
        lock (_gate)
            (all, _waiting) = (_waiting, []);
        all.Sort((a, b) => a.Entry.Number.CompareTo(b.Entry.Number));
        ExceptionDispatchInfo? failure = null;
        try
        {
            await WriteAsync([.. all.Select(waiting => waiting.Entry)], CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // Whatever it is, nobody who waited may take it for written.
            failure = ExceptionDispatchInfo.Capture(e);
        }

        foreach (var waiting in all)
            (waiting.IsOver, waiting.Failure) = (true, failure);
    }

    private static List<JournalEntry> Lacking(List<JournalEntry> all, List<JournalEntry> some)
    {
        var known = some.Select(entry => (entry.Token, entry.Number)).ToHashSet();
        return [.. all.Where(entry => !known.Contains((entry.Token, entry.Number)))];
    }

    private JournalEntry Begins() => Next(JournalEvent.Begun, null, null, ControllerProcess.Current().Name);

    private JournalEntry Next(JournalEvent what, string? step, string? host, string? detail) =>
        new(_lock.Token, Interlocked.Increment(ref _number), _clock.GetUtcNow(), what, step, host, detail);

    private async Task WriteAsync(IReadOnlyList<JournalEntry> entries, CancellationToken cancellationToken)
    {
        _lock.ThrowIfLost();
        _file.Append(entries);
        while (true)
        {
            // The host may have got half a line, as where its disk was full; only behind who begins anew that is no damage.
            if (_mayBeTorn && entries[0].Event != JournalEvent.Begun)
            {
                var begins = Begins();
                _file.Append([begins]);
                entries = [begins, .. entries];
            }

            try
            {
                await WriteToHostAsync(entries, cancellationToken).ConfigureAwait(false);
                break;
            }
            catch (SealerException error) when (ClusterLock.IsOutOfReach(error))
            {
                await Task.Delay(Pause, Stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                _lock.ThrowIfLost();
                if (Stop.IsCancellationRequested)
                    throw;
            }
        }

        foreach (var entry in entries)
            Note(entry);
    }

    private async Task WriteToHostAsync(IReadOnlyList<JournalEntry> entries, CancellationToken cancellationToken)
    {
        if (entries.Count == 0)
            return;
        // Where the connection breaks off, what has come is not all, and is not added: a line must not be torn by that.
        using var text = new MemoryStream(Encoding.UTF8.GetBytes("\n" + string.Concat(entries.Select(entry => entry.ToLine() + "\n"))));
        var script = $$"""
            p={{_path}}; n={{_path}}.{{_lock.Id}}
            cat > $n && [ "$(wc -c < $n)" -eq {{text.Length}} ] && cat $n >> $p && { sync $p 2>/dev/null || sync; } && rm -f $n
            """;
        _mayBeTorn = true;
        var written = await _lock.RunAsync(new HostCommand(script) { Input = text, Timeout = Patience }, cancellationToken).ConfigureAwait(false);
        written.Require($"write the journal {_path}");
        _mayBeTorn = false;
    }

    private void Note(JournalEntry entry)
    {
        lock (_gate)
        {
            if (entry.Step is { } step && !(_steps.TryGetValue(step, out var before) && before is JournalEvent.StepFinished or JournalEvent.StepFound))
                _steps[step] = entry.Event;
            if (entry.Event == JournalEvent.Finished)
                Finished = entry.Time;
        }
    }

    private sealed class Waiting(JournalEntry entry)
    {
        public JournalEntry Entry { get; } = entry;

        public bool IsOver { get; set; }

        public ExceptionDispatchInfo? Failure { get; set; }
    }
}
