using Sealer.Events;
using Sealer.Planning;

namespace Sealer.Delivery;

/// <summary>Something that happens to a step.</summary>
/// <param name="Step">The step.</param>
public abstract record StepEvent(PlanStep Step) : SealerEvent;

/// <summary>It begins.</summary>
/// <param name="Step">The step.</param>
public sealed record StepStartedEvent(PlanStep Step) : StepEvent(Step);

/// <summary>It goes on.</summary>
/// <param name="Step">The step.</param>
/// <param name="Done">Bytes so far.</param>
/// <param name="Total">Bytes in all, as planned.</param>
public sealed record StepProgressEvent(PlanStep Step, long Done, long Total) : StepEvent(Step);

/// <summary>It is over: done, failed or skipped.</summary>
/// <param name="Step">The step.</param>
/// <param name="Result">What came of it.</param>
public sealed record StepEndedEvent(PlanStep Step, StepResult Result) : StepEvent(Step);
