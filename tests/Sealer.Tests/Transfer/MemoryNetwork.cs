using System.Diagnostics;
using Sealer.Transfer;

namespace Sealer.Tests.Transfer;

/// <summary>
/// A network that is only thought of: every host, and the controller, has an uplink and a downlink of so many bytes a second,
/// and what goes over one waits for what went before it. Time is real; a byte is only a number.
/// </summary>
/// <param name="rate">Of each link, in bytes a second.</param>
internal sealed class MemoryNetwork(double rate) : IChunkCarrier
{
    private readonly Dictionary<(int Host, bool Up), Link> _links = [];
    private readonly HashSet<int> _dead = [];

    /// <summary>Bytes that left the controller.</summary>
    public long FromController { get; private set; }

    /// <summary>Links that are slower: part of the common rate.</summary>
    public Dictionary<int, double> SlowUplinks { get; } = [];

    /// <summary>Hosts whose downlink is slower, too.</summary>
    public Dictionary<int, double> SlowDownlinks { get; } = [];

    /// <summary>The host feeds nobody any more once it has so many chunks, and says nothing about it.</summary>
    public Dictionary<int, int> SilentFrom { get; } = [];

    /// <summary>The host is gone for good once it has so many chunks.</summary>
    public Dictionary<int, int> DeadFrom { get; } = [];

    /// <summary>Bringing something to the host ends with an error that nobody foresaw, once it has so many chunks.</summary>
    public Dictionary<int, int> StrangeFrom { get; } = [];

    public async Task BringAsync(Receiver to, Receiver? from, IReadOnlyList<Chunk> chunks, Action<int, int> arrived, CancellationToken cancellationToken)
    {
        foreach (var chunk in chunks)
        {
            while (from is not null && !from.HasChunk(chunk.Number))
            {
                await Task.Delay(1, cancellationToken);
                if (IsDead(from))
                    throw new FeederException("it is gone");
            }

            if (StrangeFrom.TryGetValue(to.Number, out var few) && to.Have >= few)
                throw new OperationCanceledException("nobody's");
            if (IsDead(to))
                throw new SealerException("HostConnectionLost", ErrorKind.Connection, "It is gone.", to.Name);
            if (from is not null && IsDead(from))
                throw new FeederException("it is gone");
            if (from is not null && SilentFrom.TryGetValue(from.Number, out var some) && from.Have >= some)
                await Task.Delay(Timeout.Infinite, cancellationToken);
            var size = chunk.Length;
            // It passes both links at once; the slower one says how long that takes.
            var up = Of(from?.Number ?? -1, up: true).Take(size);
            var down = Of(to.Number, up: false).Take(size);
            var wait = Math.Max(up, down) - Link.Now;
            if (wait > 0.002)
                await Task.Delay(TimeSpan.FromSeconds(wait), cancellationToken);
            if (from is null)
            {
                lock (_links)
                    FromController += size;
            }

            arrived(chunk.Number, (int)size);
        }
    }

    public Task<bool> IsBackAsync(Receiver host, CancellationToken cancellationToken) => Task.FromResult(false);

    private bool IsDead(Receiver host)
    {
        lock (_dead)
        {
            if (DeadFrom.TryGetValue(host.Number, out var some) && host.Have >= some)
                _dead.Add(host.Number);
            return _dead.Contains(host.Number);
        }
    }

    private Link Of(int host, bool up)
    {
        lock (_links)
        {
            if (!_links.TryGetValue((host, up), out var link))
                _links[(host, up)] = link = new Link(rate * (up ? SlowUplinks : SlowDownlinks).GetValueOrDefault(host, 1));
            return link;
        }
    }

    private sealed class Link(double rate)
    {
        private double _free;

        public static double Now => Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency;

        /// <summary>When the last of so many bytes is through.</summary>
        public double Take(long bytes)
        {
            lock (this)
                return _free = Math.Max(_free, Now) + (bytes / rate);
        }
    }
}
