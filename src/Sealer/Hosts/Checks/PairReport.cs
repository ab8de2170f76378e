namespace Sealer.Hosts.Checks;

/// <summary>What connecting between hosts showed.</summary>
/// <param name="pairs">Everything that was tried.</param>
/// <param name="reasons">Why hosts took no part, by name.</param>
/// <param name="sample">What is said where not every pair was tried; else empty.</param>
internal sealed class PairReport(IReadOnlyList<PairProbe> pairs, IReadOnlyDictionary<string, string> reasons, string sample)
{
    private readonly ILookup<string, PairProbe> _from = pairs.ToLookup(p => p.Source, StringComparer.Ordinal);
    private readonly ILookup<string, PairProbe> _to = pairs.ToLookup(p => p.Target, StringComparer.Ordinal);

    public string Sample { get; } = sample;

    public IReadOnlyList<PairProbe> From(string host) => [.. _from[host]];

    public IReadOnlyList<PairProbe> To(string host) => [.. _to[host]];

    /// <summary>Why a host took no part; null where it did.</summary>
    public string? Reason(string host) => reasons.GetValueOrDefault(host);
}

/// <summary>One host that connected to another.</summary>
/// <param name="Source">Name of the host that connected.</param>
/// <param name="Target">Name of the host it connected to.</param>
/// <param name="Port">The port.</param>
/// <param name="Outcome">What came of it.</param>
internal sealed record PairProbe(string Source, string Target, int Port, PairOutcome Outcome)
{
    /// <summary>It did not get through.</summary>
    public bool IsCut => Outcome is PairOutcome.Refused or PairOutcome.Unreachable or PairOutcome.Silent;
}

/// <summary>What came of connecting.</summary>
internal enum PairOutcome
{
    /// <summary>Connected, and what was sent arrived.</summary>
    Reached,

    /// <summary>Connected, and then nothing arrived.</summary>
    Stalled,

    /// <summary>Somebody on the way, or the host, refused.</summary>
    Refused,

    /// <summary>There is no way.</summary>
    Unreachable,

    /// <summary>Nobody answered.</summary>
    Silent,
}
