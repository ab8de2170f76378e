using System.Collections.Concurrent;
using System.Globalization;

namespace Sealer.Hosts.Checks;

/// <summary>
/// Lets hosts connect to each other: one command a host, which first listens and then connects, so that one channel of one
/// connection is enough.
/// </summary>
internal sealed class PairProbing(PreflightOptions options, string tools = PairScript.AllTools)
{
    // Connecting takes up to 8 s a target, 32 at once.
    private static readonly TimeSpan PerRound = TimeSpan.FromSeconds(9);

    public async Task<PairReport> RunAsync(IReadOnlyList<HostView> views, CancellationToken cancellationToken)
    {
        var hosts = views.Where(v => v.Host.Address is not null).ToList();
        if (hosts.Count < 2)
            return new PairReport([], new Dictionary<string, string>(), "");
        var sessions = hosts.Select(host => new Session(host, tools)).ToList();
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var running = new ConcurrentBag<Task>();
        try
        {
            await ForEachAsync(sessions, session => session.ListenAsync(running, options.ProbePatience, ending.Token), cancellationToken).ConfigureAwait(false);
            var targets = PairPlan.Targets([.. hosts.Select(h => h.Host)], options.MaxHostsForEveryPair);
            await ForEachAsync(
                sessions,
                session => session.ConnectAsync(Targets(session, [.. targets[sessions.IndexOf(session)].Select(i => sessions[i])]), PerRound, ending.Token),
                cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            foreach (var session in sessions)
                session.End();
            // What does not end on its own within moments is cut off; the script on the host ends with its input.
            var all = Task.WhenAll(running);
            if (await Task.WhenAny(all, Task.Delay(TimeSpan.FromSeconds(10), CancellationToken.None)).ConfigureAwait(false) != all)
                await ending.CancelAsync().ConfigureAwait(false);
            await all.ConfigureAwait(false);
        }

        return new PairReport(
            [.. sessions.SelectMany(s => s.Found)],
            sessions.Where(s => s.Reason is not null).ToDictionary(s => s.Name, s => s.Reason!, StringComparer.Ordinal),
            PairPlan.Sample(hosts.Count, options.MaxHostsForEveryPair));
    }

    private static List<(string Word, string Target, int Port)> Targets(Session source, IEnumerable<Session> targets) =>
    [
        .. from target in targets
           from port in target.View.Host.Ports
           where PairPlan.Connects(source.View.Host, port) && target.Serves(port.Port)
           select ($"{target.View.Host.Address},{port.Port.ToString(CultureInfo.InvariantCulture)},{(target.Answers(port.Port) ? 1 : 0)}", target.Name, port.Port),
    ];

    private Task ForEachAsync(IReadOnlyList<Session> sessions, Func<Session, Task> action, CancellationToken cancellationToken) =>
        Parallel.ForEachAsync(
            sessions,
            new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, options.ThrottleLimit), CancellationToken = cancellationToken },
            async (session, _) => await action(session).ConfigureAwait(false));

    /// <summary>The command on one host.</summary>
    private sealed class Session(HostView view, string tools) : IProgress<HostOutputLine>
    {
        private readonly HeldInput _input = new();
        private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _told = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ConcurrentDictionary<string, PairOutcome> _outcomes = new(StringComparer.Ordinal);
        private readonly HashSet<int> _taken = [.. view.Facts.ListeningPorts.Concat(view.Conditions.Listeners.Keys)];
        private IReadOnlyList<(string Word, string Target, int Port)> _targets = [];
        private volatile HashSet<string> _words = [];
        private Task _run = Task.CompletedTask;
        private bool _listens;
        private bool _connects;

        public HostView View => view;

        public string Name => view.Name;

        /// <summary>Why it does not listen or connect; null where it does both.</summary>
        public string? Reason { get; private set; }

        public IEnumerable<PairProbe> Found =>
            _targets.Where(t => _outcomes.ContainsKey(t.Word)).Select(t => new PairProbe(Name, t.Target, t.Port, _outcomes[t.Word]));

        /// <summary>We listen there, and send what is to arrive.</summary>
        public bool Answers(int port) => _listens && !_taken.Contains(port);

        public bool Serves(int port) => Answers(port) || _taken.Contains(port);

        public async Task ListenAsync(ConcurrentBag<Task> running, TimeSpan patience, CancellationToken cancellationToken)
        {
            var ports = view.Host.Ports.Where(p => p.Users != HostPortUsers.Itself && !_taken.Contains(p.Port)).Select(p => p.Port.ToString(CultureInfo.InvariantCulture));
            var command = new HostCommand(PairScript.Text)
            {
                Input = _input,
                Lines = this,
                Variables = new Dictionary<string, string> { [PairScript.Listen] = string.Join(' ', ports), [PairScript.Tools] = tools },
            };
            running.Add(_run = RunAsync(command, cancellationToken));
            await WaitAsync(_ready.Task, patience, "It was not ready for connecting in time.").ConfigureAwait(false);
        }

        public async Task ConnectAsync(IReadOnlyList<(string Word, string Target, int Port)> targets, TimeSpan perRound, CancellationToken cancellationToken)
        {
            if (!_connects || _run.IsCompleted)
                return;
            _targets = targets;
            _words = targets.Select(t => t.Word).ToHashSet(StringComparer.Ordinal);
            _input.Write(string.Join(' ', targets.Select(t => t.Word)) + "\n");
            await WaitAsync(_told.Task, perRound * (2 + (targets.Count / 32)), "It did not tell in time what it reaches.").WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        public void End() => _input.End();

        public void Report(HostOutputLine value)
        {
            var words = value.IsError ? [] : value.Text.Split(' ');
            switch (words)
            {
                case ["ready", var open, var client]:
                    (_listens, _connects) = (open == "1", client != "none");
                    if (!_listens || !_connects)
                        Reason = $"It can{(_listens ? "" : " listen with none of systemd-socket-activate, python3 and perl")}{(!_listens && !_connects ? ", and" : "")}{(_connects ? "" : " connect with none of python3, perl and bash")}.";
                    _ready.TrySetResult();
                    break;
                case ["pair", var word, var outcome] when _words.Contains(word) && Enum.TryParse<PairOutcome>(outcome, ignoreCase: true, out var known):
                    _outcomes[word] = known;
                    break;
                case ["told"]:
                    _told.TrySetResult();
                    break;
            }
        }

        private async Task RunAsync(HostCommand command, CancellationToken cancellationToken)
        {
            try
            {
                await view.Host.Host.RunAsync(command, cancellationToken).ConfigureAwait(false);
            }
            catch (SealerException error)
            {
                Reason = error.Message;
            }
            catch (OperationCanceledException)
            {
                // Who cancelled is told where it was waited for.
            }
        }

        private async Task WaitAsync(Task task, TimeSpan patience, string late)
        {
            var first = await Task.WhenAny(task, _run, Task.Delay(patience, CancellationToken.None)).ConfigureAwait(false);
            if (first != task && !task.IsCompleted)
                Reason ??= first == _run ? "It ended before it was told to." : late;
        }
    }
}
