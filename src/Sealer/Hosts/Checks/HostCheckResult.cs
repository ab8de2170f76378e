namespace Sealer.Hosts.Checks;

/// <summary>What a check found on a host.</summary>
public sealed record HostCheckResult
{
    /// <summary>The host, as it is called in plans and errors.</summary>
    public required string Host { get; init; }

    /// <summary>The check's name, one of <see cref="HostChecks.All"/>.</summary>
    public required string Check { get; init; }

    /// <summary>What came of it.</summary>
    public required HostCheckStatus Status { get; init; }

    /// <summary>How much it matters where it is not passed.</summary>
    public required HostCheckSeverity Severity { get; init; }

    /// <summary>What was seen and what is needed, harmless to print.</summary>
    public required string Message { get; init; }

    /// <summary>What to do about it; null where nothing need be done.</summary>
    public string? Remedy { get; init; }

    /// <summary>The command for root on that host that mends it, a part of <see cref="Remedy"/>; null where a person must decide or act.</summary>
    public string? RemedyCommand { get; init; }

    /// <summary>Host, check and what came of it.</summary>
    public override string ToString() => $"{Host} {Check}: {Status}";
}

/// <summary>What came of a check.</summary>
public enum HostCheckStatus
{
    /// <summary>All is well.</summary>
    Passed,

    /// <summary>A delivery can go on; somebody should look.</summary>
    Warning,

    /// <summary>A delivery would fail, or the cluster would.</summary>
    Failed,

    /// <summary>It could not be looked at, or need not be; the message says why.</summary>
    Skipped,

    /// <summary>It did not pass, and the user wants that to be no matter.</summary>
    Ignored,
}

/// <summary>How much a check matters.</summary>
public enum HostCheckSeverity
{
    /// <summary>Worth knowing.</summary>
    Note,

    /// <summary>It may go wrong later, or under load.</summary>
    Warning,

    /// <summary>It goes wrong.</summary>
    Error,
}
