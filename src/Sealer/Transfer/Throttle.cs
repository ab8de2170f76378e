using System.Diagnostics;

namespace Sealer.Transfer;

/// <summary>Lets so many bytes a second go; who comes waits for its turn. Safe for concurrent use.</summary>
/// <param name="bytesPerSecond">Null for no limit.</param>
internal sealed class Throttle(long? bytesPerSecond)
{
    private const double Burst = 0.1;

    private readonly object _lock = new();
    private double _free;

    /// <summary>Bytes that went so far.</summary>
    public long Total { get; private set; }

    public async ValueTask WaitAsync(int bytes, CancellationToken cancellationToken)
    {
        double wait;
        lock (_lock)
        {
            Total += bytes;
            if (bytesPerSecond is not { } rate)
                return;
            var now = Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency;
            _free = Math.Max(_free, now - Burst) + ((double)bytes / rate);
            wait = _free - now;
        }

        if (wait > 0)
            await Task.Delay(TimeSpan.FromSeconds(wait), cancellationToken).ConfigureAwait(false);
    }
}
