using Sealer.Transfer;

namespace Sealer.Tests.Transfer;

/// <summary>
/// A network that is only thought of, with a clock of its own: every host, and the controller, has an uplink and a downlink of so
/// many bytes a second, and what goes over one waits for what went before it. What happens when is the same on every machine,
/// however busy; a byte is only a number, and a second takes no time.
/// </summary>
/// <param name="rate">Of each link, in bytes a second.</param>
/// <param name="latency">Seconds that each chunk takes more, on its way and in being looked at.</param>
internal sealed class MemoryNetwork(double rate, double latency = 0) : TimeProvider, IChunkCarrier
{
    private readonly object _gate = new();
    private readonly PriorityQueue<Action, (double Time, long Order)> _events = new();
    private readonly Dictionary<int, Session> _sessions = [];
    private readonly Dictionary<(int Host, bool Up), double> _free = [];
    private readonly HashSet<int> _dead = [];
    private double _now;
    private double _last;
    private long _order;
    private int _timers;
    private bool _isChanging = true;

    /// <summary>Bytes that left the controller.</summary>
    public long FromController { get; private set; }

    /// <summary>Links that are slower: part of the common rate.</summary>
    public Dictionary<int, double> SlowUplinks { get; } = [];

    /// <summary>Hosts whose downlink is slower.</summary>
    public Dictionary<int, double> SlowDownlinks { get; } = [];

    /// <summary>The host feeds nobody any more once it has so many chunks, and says nothing about it.</summary>
    public Dictionary<int, int> SilentFrom { get; } = [];

    /// <summary>The host is gone for good once it has so many chunks.</summary>
    public Dictionary<int, int> DeadFrom { get; } = [];

    /// <summary>Bringing something to the host ends with an error that nobody foresaw, once it has so many chunks.</summary>
    public Dictionary<int, int> StrangeFrom { get; } = [];

    /// <summary>How many seconds late who waits from one time on is woken, as on a busy machine.</summary>
    public Func<double, double> Lateness { get; init; } = _ => 0;

    /// <summary>Who was sent elsewhere, in whole sentences.</summary>
    public List<string> Told { get; } = [];

    public override long TimestampFrequency => 1_000_000;

    public override long GetTimestamp() => (long)(_now * TimestampFrequency);

    /// <summary>Feeds the hosts and returns the seconds that it would have taken.</summary>
    /// <param name="hosts">The hosts.</param>
    /// <param name="options">When who is passed over.</param>
    /// <param name="carrier">Stands before this network; null for nobody.</param>
    public async Task<double> FeedAsync(IReadOnlyList<Receiver?> hosts, FanOutOptions? options = null, IChunkCarrier? carrier = null)
    {
        var feeding = new FanOut(hosts, carrier ?? this, (options ?? new FanOutOptions()) with { Clock = this, Tell = Told.Add }).RunAsync(default);
        await Task.Run(() =>
        {
            while (!feeding.IsCompleted)
            {
                // Time goes on when everybody waits for it.
                if (IsQuiet(hosts))
                    Step();
                else
                    Thread.Yield();
            }
        });
        await feeding;
        return _last;
    }

    public Task BringAsync(Receiver to, Receiver? from, IReadOnlyList<Chunk> chunks, Action<int, int> arrived, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (StrangeFrom.TryGetValue(to.Number, out var few) && to.Have >= few)
                return Task.FromException(new OperationCanceledException("nobody's"));
            if (_dead.Contains(to.Number))
                return Task.FromException(Gone(to));
            if (from is not null && _dead.Contains(from.Number))
                return Task.FromException(new FeederException("it is gone"));
            var session = new Session(to, from, chunks, arrived, cancellationToken);
            _sessions[to.Number] = session;
            cancellationToken.Register(() => End(session, s => s.Done.TrySetCanceled(cancellationToken)));
            Send(session);
            return session.Done.Task;
        }
    }

    public Task<bool> IsBackAsync(Receiver host, CancellationToken cancellationToken) => Task.FromResult(false);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this);
        lock (_gate)
        {
            _timers++;
            At(_now + dueTime.TotalSeconds + Lateness(_now), () =>
            {
                _isChanging = true;
                if (timer.End())
                    callback(state);
            });
        }

        return timer;
    }

    private bool IsQuiet(IReadOnlyList<Receiver?> hosts)
    {
        lock (_gate)
        {
            // Only who ended something, or was told the time, has others do something.
            return !_isChanging || (_timers > 0 && hosts.All(h => h is null || h.IsComplete || h.Error is not null
                || (_sessions.TryGetValue(h.Number, out var session) && !session.Token.IsCancellationRequested)));
        }
    }

    private void Step()
    {
        lock (_gate)
        {
            if (!_events.TryDequeue(out var act, out var when))
                return;
            _now = Math.Max(_now, when.Time);
            _isChanging = false;
            act();
        }
    }

    private void At(double time, Action act) => _events.Enqueue(act, (time, _order++));

    /// <summary>The next chunk sets out, where who has to give it has it.</summary>
    private void Send(Session session)
    {
        if (session.IsSending || session.Next == session.Chunks.Count)
            return;
        var chunk = session.Chunks[session.Next];
        if (session.From is { } from && (!from.HasChunk(chunk.Number) || (SilentFrom.TryGetValue(from.Number, out var some) && from.Have >= some)))
            return;
        session.IsSending = true;
        session.Next++;
        // It passes both links at once; the slower one says how long that takes.
        var sent = Math.Max(Take(session.From?.Number ?? -1, up: true, chunk.Length), Take(session.To.Number, up: false, chunk.Length));
        At(sent, () =>
        {
            session.IsSending = false;
            if (IsOpen(session))
                Send(session);
        });
        At(sent + latency, () => Arrive(session, chunk));
    }

    private void Arrive(Session session, Chunk chunk)
    {
        if (!IsOpen(session))
            return;
        if (session.From is null)
            FromController += chunk.Length;
        var to = session.To;
        _last = _now;
        session.Arrived(chunk.Number, (int)chunk.Length);
        if (DeadFrom.TryGetValue(to.Number, out var some) && to.Have >= some)
        {
            _dead.Add(to.Number);
            End(session, s => s.Done.TrySetException(Gone(to)));
            foreach (var fed in _sessions.Values.Where(s => s.From == to).ToList())
                End(fed, s => s.Done.TrySetException(new FeederException("it is gone")));
        }
        else if (StrangeFrom.TryGetValue(to.Number, out var few) && to.Have >= few)
        {
            End(session, s => s.Done.TrySetException(new OperationCanceledException("nobody's")));
        }
        else if (chunk == session.Chunks[^1])
        {
            End(session, s => s.Done.TrySetResult());
        }

        foreach (var fed in _sessions.Values.Where(s => s.From == to).ToList())
            Send(fed);
    }

    private bool IsOpen(Session session) => _sessions.GetValueOrDefault(session.To.Number) == session;

    private void End(Session session, Action<Session> end)
    {
        lock (_gate)
        {
            _isChanging = true;
            if (IsOpen(session))
                _sessions.Remove(session.To.Number);
        }

        end(session);
    }

    private double Take(int host, bool up, long bytes) => _free[(host, up)] =
        Math.Max(_free.GetValueOrDefault((host, up)), _now) + (bytes / (rate * (up ? SlowUplinks : SlowDownlinks).GetValueOrDefault(host, 1)));

    private static SealerException Gone(Receiver host) => new("HostConnectionLost", ErrorKind.Connection, "It is gone.", host.Name);

    private sealed class Session(Receiver to, Receiver? from, IReadOnlyList<Chunk> chunks, Action<int, int> arrived, CancellationToken token)
    {
        public Receiver To => to;

        public Receiver? From => from;

        public IReadOnlyList<Chunk> Chunks => chunks;

        public Action<int, int> Arrived => arrived;

        public CancellationToken Token => token;

        public int Next { get; set; }

        public bool IsSending { get; set; }

        public TaskCompletionSource Done { get; } = new();
    }

    private sealed class Timer(MemoryNetwork network) : ITimer
    {
        private bool _ended;

        public bool Change(TimeSpan dueTime, TimeSpan period) => false;

        public void Dispose() => End();

        public ValueTask DisposeAsync()
        {
            End();
            return ValueTask.CompletedTask;
        }

        /// <summary>False where it has ended before.</summary>
        public bool End()
        {
            lock (network._gate)
            {
                if (_ended)
                    return false;
                _ended = true;
                network._timers--;
                return true;
            }
        }
    }
}
