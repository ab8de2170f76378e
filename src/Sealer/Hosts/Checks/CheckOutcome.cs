namespace Sealer.Hosts.Checks;

/// <summary>What a check says of one host.</summary>
/// <param name="Status">Passed, Failed (whatever its severity) or Skipped.</param>
/// <param name="Message">What was seen and what is needed.</param>
internal sealed record CheckOutcome(HostCheckStatus Status, string Message)
{
    /// <summary>Less than the check's own severity, or null.</summary>
    public HostCheckSeverity? Severity { get; init; }

    /// <summary>What a person does.</summary>
    public string? Step { get; init; }

    /// <summary>What root runs there.</summary>
    public string? Command { get; init; }

    public static CheckOutcome Pass(string message) => new(HostCheckStatus.Passed, message);

    public static CheckOutcome Skip(string message) => new(HostCheckStatus.Skipped, message);

    public static CheckOutcome Fail(string message, string? step = null, string? command = null, HostCheckSeverity? severity = null) =>
        new(HostCheckStatus.Failed, message) { Step = step, Command = command, Severity = severity };
}
