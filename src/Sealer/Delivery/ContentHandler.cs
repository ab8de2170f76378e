using Sealer.Events;
using Sealer.Planning;

namespace Sealer.Delivery;

/// <summary>Brings the image's files to all hosts together.</summary>
/// <param name="content">The files.</param>
/// <param name="host">What is known of a step's host.</param>
/// <param name="events">Told what happens.</param>
internal sealed class ContentHandler(IPlanContent content, Func<StepRun, ContentHost> host, IProgress<SealerEvent>? events) : StepHandler
{
    /// <inheritdoc/>
    public override string Kind => ContentPayload.KindName;

    /// <inheritdoc/>
    public override bool ActsTogether => true;

    /// <inheritdoc/>
    public override async Task<bool> CheckAsync(StepRun run, CancellationToken cancellationToken)
    {
        var answers = await content.InspectAsync([host(run)], cancellationToken).ConfigureAwait(false);
        var answer = answers[run.Step.Host];
        if (answer.Error is { } error)
            throw error;
        var planned = (ContentPayload)run.Step.Payload;
        var now = answer.Content!.Desired;
        if ((planned.Folder, planned.Manifest, planned.Platform, planned.RenderedDigest, planned.WithRegistry) != (now.Folder, now.Manifest, now.Platform, now.RenderedDigest, now.WithRegistry))
        {
            throw new SealerException(
                "ContentChanged", ErrorKind.Conflict,
                $"What {run.Step.Host} shall have of {content.Image} is not what it was when the plan was made. Make a new plan with Get-ClusterPlan.", run.Step.Host);
        }

        return answer.Content.Lacking == 0;
    }

    /// <inheritdoc/>
    public override Task ActAsync(StepRun run, CancellationToken cancellationToken) => throw new NotSupportedException("Content goes to all hosts together.");

    /// <inheritdoc/>
    public override Task<IReadOnlyDictionary<string, Exception>> ActTogetherAsync(IReadOnlyList<StepRun> runs, CancellationToken cancellationToken) =>
        content.DeliverAsync(runs, events, cancellationToken);
}
