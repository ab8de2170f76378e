using Sealer.Events;
using Sealer.Hosts;
using Sealer.Planning;

namespace Sealer.Delivery;

/// <summary>Knows how steps of one kind are done. A step is checked, done, and verified; each of the three may be asked again.</summary>
public abstract class StepHandler
{
    /// <summary>The kind, as <see cref="StepPayload.Kind"/>.</summary>
    public abstract string Kind { get; }

    /// <summary>Steps on several hosts are done together, by <see cref="ActTogetherAsync"/>.</summary>
    public virtual bool ActsTogether => false;

    /// <summary>True where the host is as the step would make it.</summary>
    public abstract Task<bool> CheckAsync(StepRun run, CancellationToken cancellationToken);

    /// <summary>Does it.</summary>
    public abstract Task ActAsync(StepRun run, CancellationToken cancellationToken);

    /// <summary>Does several, on hosts that help each other. What fails on one host is said with it, and is no exception.</summary>
    /// <returns>The errors by step; those that are not named succeeded.</returns>
    public virtual Task<IReadOnlyDictionary<string, Exception>> ActTogetherAsync(IReadOnlyList<StepRun> runs, CancellationToken cancellationToken) =>
        throw new NotSupportedException($"Steps of {Kind} are not done together.");

    /// <summary>Makes sure that it is done; as the check, unless a kind knows better.</summary>
    /// <exception cref="SealerException"><c>StepNotVerified</c>.</exception>
    public virtual async Task VerifyAsync(StepRun run, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        if (!await CheckAsync(run, cancellationToken).ConfigureAwait(false))
        {
            throw new SealerException(
                "StepNotVerified", ErrorKind.InvalidContent,
                $"{run.Host.Name} is not as it should be after the step '{run.Step.What}', though nothing failed. Look whether something there undoes it, then make a new plan.", run.Host.Name);
        }
    }
}

/// <summary>A step that is being done.</summary>
/// <param name="Step">The step.</param>
/// <param name="Host">Its host; refuses once another controller has taken over.</param>
/// <param name="Progress">Told bytes done; null where nobody listens.</param>
/// <param name="Events">Told what else should be known; null where nobody listens.</param>
public sealed record StepRun(PlanStep Step, IHost Host, IProgress<long>? Progress, IProgress<SealerEvent>? Events)
{
    /// <summary>What the host said, for people: bounded, and harmless to print.</summary>
    public string Output { get; set; } = "";

    /// <summary>Bytes that the host got; null where only the plan says it.</summary>
    public long? Bytes { get; set; }
}
