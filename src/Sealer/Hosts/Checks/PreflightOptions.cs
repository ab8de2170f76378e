namespace Sealer.Hosts.Checks;

/// <summary>How hosts are looked at.</summary>
public sealed record PreflightOptions
{
    /// <summary>The checks to make, see <see cref="HostChecks.Select"/>; empty for all.</summary>
    public IReadOnlyList<string> Checks { get; init; } = [];

    /// <summary>Checks, or severities, whose results are no matter; wildcards are understood.</summary>
    public IReadOnlyList<string> Ignore { get; init; } = [];

    /// <summary>How many hosts at once.</summary>
    public int ThrottleLimit { get; init; } = 32;

    /// <summary>Up to this many hosts every pair is probed; of more, a sample.</summary>
    public int MaxHostsForEveryPair { get; init; } = 64;

    /// <summary>How long hosts may take to be ready for connecting to each other.</summary>
    public TimeSpan ProbePatience { get; init; } = TimeSpan.FromSeconds(30);
}
