using Sealer.Planning;

namespace Sealer.Delivery;

/// <summary>What came of a plan.</summary>
public sealed record PlanResult
{
    /// <summary>The plan.</summary>
    public required Plan Plan { get; init; }

    /// <summary>A result for each step, in the plan's order.</summary>
    public required IReadOnlyList<StepResult> Steps { get; init => field = Listed.Of(value); }

    /// <summary>Some of it had been done before.</summary>
    public bool IsResumed { get; init; }

    /// <summary>When all of it had been done already; null where something was left.</summary>
    public DateTimeOffset? FinishedBefore { get; init; }

    /// <summary>Who was pushed aside by force, or null.</summary>
    public LockOwner? PushedAside { get; init; }

    /// <summary>Every step is done.</summary>
    public bool Succeeded => Steps.All(step => step.Status is StepStatus.Done or StepStatus.Unchanged or StepStatus.DoneBefore);
}
