namespace Sealer.Transfer;

/// <summary>A host while it is fed: what it wants, what it has of that, and from where it may get it.</summary>
/// <param name="number">Its place in the order of hosts; it is fed by those before it.</param>
/// <param name="name">How it is called.</param>
/// <param name="wants">What it wants, in order.</param>
internal sealed class Receiver(int number, string name, IReadOnlyList<Chunk> wants)
{
    private readonly HashSet<int> _wanted = [.. wants.Select(c => c.Number)];
    private readonly Dictionary<string, long> _ways = new(StringComparer.Ordinal);
    private readonly HashSet<int> _avoided = [];
    private volatile int _have;
    private volatile TaskCompletionSource _gotOne = Pending();

    public int Number => number;

    public string Name => name;

    public IReadOnlyList<Chunk> Wants => wants;

    /// <summary>Numbers of the hosts that may feed it, the preferred first.</summary>
    public IReadOnlyList<int> Feeders { get; set; } = [];

    /// <summary>How many of its chunks are in place: always the first ones.</summary>
    public int Have => _have;

    public bool IsComplete => _have == wants.Count;

    /// <summary>It can be asked for chunks now.</summary>
    public bool IsUp { get; set; } = true;

    /// <summary>Who feeds it; -1 the controller, null nobody.</summary>
    public int? FedBy { get; set; }

    /// <summary>The last host, which feeds nobody else, and may feed this one where it is found to feed slowly; null for nobody.</summary>
    public int? Last { get; set; }

    /// <summary>Whom it was taken from for feeding slowly, until it is known which of the two was slow.</summary>
    public int? Suspect { get; set; }

    /// <summary>It gets all slowly, wherever from.</summary>
    public bool IsSlow { get; set; }

    /// <summary>When it got its last chunk, or began; in milliseconds of the clock of <see cref="FanOutOptions"/>.</summary>
    public long LastProgress { get; set; }

    /// <summary>When it was last sent elsewhere, of the same clock.</summary>
    public long MovedAt { get; set; } = long.MinValue / 2;

    /// <summary>Lets go of who feeds it.</summary>
    public CancellationTokenSource? Session { get; set; }

    /// <summary>How many times it was sent elsewhere for being slow; who is slow wherever it gets it is slow itself.</summary>
    public int Moves { get; set; }

    public long Bytes { get; private set; }

    /// <summary>Why it got no further; null while nothing is wrong.</summary>
    public Exception? Error { get; set; }

    public bool Avoids(int feeder) => _avoided.Contains(feeder);

    public void Avoid(int feeder) => _avoided.Add(feeder);

    public void Forgive(int feeder) => _avoided.Remove(feeder);

    /// <summary>It has had all of it before.</summary>
    public void HasAll() => _have = wants.Count;

    /// <summary>A chunk is in place. From any thread.</summary>
    public bool HasChunk(int chunk) => _have is var have && _wanted.Contains(chunk) && (have == wants.Count || wants[have].Number > chunk);

    /// <summary>Ends when a chunk is in place.</summary>
    public async Task HasAsync(int chunk, CancellationToken cancellationToken)
    {
        while (true)
        {
            // Taken before it is looked: what comes between ends it.
            var next = _gotOne.Task;
            if (HasChunk(chunk))
                return;
            await next.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    public bool WantsChunk(int chunk) => _wanted.Contains(chunk);

    /// <summary>The next of its chunks is in place.</summary>
    public void Got(int chunk, int bytes, string way)
    {
        if (_have == wants.Count || wants[_have].Number != chunk)
            return;
        Bytes += bytes;
        _ways[way] = _ways.GetValueOrDefault(way) + bytes;
        _have++;
        var waited = _gotOne;
        _gotOne = Pending();
        waited.SetResult();
    }

    /// <summary>Where it got its chunks, most of them first.</summary>
    public string Way => string.Join(", ", _ways.OrderByDescending(w => w.Value).Select(w => w.Key));

    private static TaskCompletionSource Pending() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
