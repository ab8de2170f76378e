namespace Sealer.Planning;

/// <summary>What estimates are made with.</summary>
public sealed record PlanRates
{
    /// <summary>Bytes of content that one host takes in a second. What was measured at the last delivery, else a guess.</summary>
    public double BytesPerSecond { get; init; } = 50e6;

    /// <summary>What every step costs besides: its checks, its notes in the journal.</summary>
    public TimeSpan Step { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>What a plugin takes; nobody knows.</summary>
    public TimeSpan Plugin { get; init; } = TimeSpan.FromSeconds(5);
}
