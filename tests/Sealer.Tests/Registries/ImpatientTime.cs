using System.Collections.Concurrent;

namespace Sealer.Tests.Registries;

/// <summary>
/// A clock for which short waits (those between attempts) are over at once, and are noted. Longer ones (stalls, time
/// limits) end only when a test says so, or when the test asks to have them end by themselves.
/// </summary>
internal sealed class ImpatientTime : TimeProvider
{
    private long _ticks;

    /// <summary>The server's view of now in tests that compare dates.</summary>
    public static DateTimeOffset Begin { get; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Waits up to this long are over at once.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(50);

    public ConcurrentQueue<TimeSpan> Waits { get; } = new();

    public override DateTimeOffset GetUtcNow() => Begin + TimeSpan.FromTicks(Interlocked.Read(ref _ticks));

    public void Advance(TimeSpan time) => Interlocked.Add(ref _ticks, time.Ticks);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        new Timer(this, callback, state, dueTime);

    private sealed class Timer : ITimer
    {
        private readonly ImpatientTime _time;
        private readonly TimerCallback _callback;
        private readonly object? _state;

        public Timer(ImpatientTime time, TimerCallback callback, object? state, TimeSpan dueTime)
        {
            (_time, _callback, _state) = (time, callback, state);
            Change(dueTime, Timeout.InfiniteTimeSpan);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime < TimeSpan.Zero || dueTime > _time.Patience)
                return true;
            _time.Waits.Enqueue(dueTime);
            _time.Advance(dueTime);
            ThreadPool.QueueUserWorkItem(_ => _callback(_state));
            return true;
        }

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
