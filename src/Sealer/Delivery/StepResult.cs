using Sealer.Planning;

namespace Sealer.Delivery;

/// <summary>What came of a step.</summary>
public enum StepStatus
{
    /// <summary>It was done, and verified.</summary>
    Done,

    /// <summary>The host was already as it should be.</summary>
    Unchanged,

    /// <summary>It was done when the plan was carried out before.</summary>
    DoneBefore,

    /// <summary>It failed.</summary>
    Failed,

    /// <summary>It was not begun, because something that it needs failed.</summary>
    Skipped,
}

/// <summary>What came of a step on a host.</summary>
public sealed record StepResult
{
    /// <summary>The cluster.</summary>
    public required string Cluster { get; init; }

    /// <summary>The step.</summary>
    public required PlanStep Step { get; init; }

    /// <summary>The host.</summary>
    public string Host => Step.Host;

    /// <summary>The kind of step.</summary>
    public string Kind => Step.Kind;

    /// <summary>What was to be done.</summary>
    public string What => Step.What;

    /// <summary>What came of it.</summary>
    public required StepStatus Status { get; init; }

    /// <summary>When it was begun, by the controller's clock; null where it was not.</summary>
    public DateTimeOffset? Began { get; init; }

    /// <summary>How long it took.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>Bytes that the host got.</summary>
    public long Bytes { get; init; }

    /// <summary>Why it failed, or was not begun; null elsewhere.</summary>
    public Exception? Error { get; init; }

    /// <summary>What the host said, bounded and harmless to print.</summary>
    public string Output { get; init; } = "";

    /// <summary>In one sentence, for people.</summary>
    public string Message => Error?.Message ?? "";

    /// <inheritdoc/>
    public override string ToString() => $"{Host}: {What}: {Status}";
}
