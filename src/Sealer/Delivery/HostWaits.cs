using System.Collections.Concurrent;
using System.Globalization;
using Sealer.Events;

namespace Sealer.Delivery;

/// <summary>Tells with how many hosts something is done, and of each other for how long it has been waited for: a line a host.</summary>
internal sealed class HostWaits : IAsyncDisposable
{
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, long> _since = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _end = new();
    private readonly string _activity;
    private readonly IProgress<SealerEvent>? _events;
    private readonly Task _telling;

    /// <param name="activity">What they are asked or told.</param>
    /// <param name="events">Told.</param>
    public HostWaits(string activity, IProgress<SealerEvent>? events)
    {
        (_activity, _events) = (activity, events);
        _telling = events is null ? Task.CompletedTask : Task.Run(TellAsync);
    }

    /// <summary>Does something with a host, which counts as waited for until it has ended.</summary>
    public async Task WithAsync(string host, Func<Task> action)
    {
        if (_events is null)
        {
            await action().ConfigureAwait(false);
            return;
        }

        _since[host] = Environment.TickCount64;
        _events.Report(new ProgressEvent(_activity, host, 0, 1) { Status = "begun" });
        try
        {
            await action().ConfigureAwait(false);
        }
        finally
        {
            _since.TryRemove(host, out _);
            _events.Report(new ProgressEvent(_activity, host, 1, 1) { Status = "done" });
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync().ConfigureAwait(false);
        await _telling.ConfigureAwait(false);
        _end.Dispose();
    }

    private async Task TellAsync()
    {
        using var timer = new PeriodicTimer(Pace);
        try
        {
            while (await timer.WaitForNextTickAsync(_end.Token).ConfigureAwait(false))
            {
                foreach (var (host, since) in _since)
                    _events!.Report(new ProgressEvent(_activity, host, 0, 1) { Status = string.Create(CultureInfo.InvariantCulture, $"for {(Environment.TickCount64 - since) / 1000} s") });
            }
        }
        catch (OperationCanceledException)
        {
            // All are done.
        }
    }
}
