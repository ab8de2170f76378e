namespace Sealer.Delivery;

/// <summary>How a cluster's lock is taken.</summary>
public sealed record ClusterLockOptions
{
    /// <summary>After this without being renewed anybody may take it. By the clock of the host that keeps it, as it counts since it was started.</summary>
    public TimeSpan TimeToLive { get; init; } = TimeSpan.FromSeconds(90);

    /// <summary>How often it is renewed.</summary>
    public TimeSpan RenewEvery { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// For how long the host that keeps it may be out of reach, as while it restarts, until it is given up: nothing can be begun or
    /// ended meanwhile, and what runs goes on.
    /// </summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>Takes it from whoever has it.</summary>
    public bool Force { get; init; }

    /// <summary>The highest token that any host has seen: the new one is higher.</summary>
    public long HighestToken { get; init; }

    /// <summary>Measures the time between renewals.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>
    /// Where this machine keeps a file of each claim, open as long as it is held: one that lies there and is not open is over,
    /// though nobody could give it back. Null for none.
    /// </summary>
    internal string? Folder { get; init; }

    /// <summary>Who takes it; this process.</summary>
    internal ControllerProcess Process { get; init; } = ControllerProcess.Current();
}
