namespace Sealer.Transfer;

/// <summary>What is brought, and how.</summary>
/// <param name="Content">All that any host gets.</param>
public sealed record ContentJob(ContentSet Content)
{
    /// <summary>The most that leaves the controller, in bytes a second; null for no limit.</summary>
    public long? BandwidthLimit { get; init; }

    /// <summary>Hosts feed each other; false for all of it from the controller.</summary>
    public bool HostToHost { get; init; } = true;

    /// <summary>For how long a host that cannot be reached any more is waited for before it has failed.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>After how long without a whole piece from another host it is asked for elsewhere.</summary>
    public TimeSpan StallTime { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Over how long it is compared how much each host got.</summary>
    internal TimeSpan SlowTime { get; init; } = TimeSpan.FromSeconds(4);
}
