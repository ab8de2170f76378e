using Sealer.Planning;

namespace Sealer.Delivery.Kubernetes;

/// <summary>Fills a registry that is there already with the image's container images. What it is asked for is the registry's own answer, never a record.</summary>
internal sealed class RegistryContentHandler(IRegistryContent content) : StepHandler
{
    /// <inheritdoc/>
    public override string Kind => RegistryContentPayload.KindName;

    /// <inheritdoc/>
    public override async Task<bool> CheckAsync(StepRun run, CancellationToken cancellationToken)
    {
        var planned = (RegistryContentPayload)run.Step.Payload;
        var now = await content.InspectAsync(cancellationToken).ConfigureAwait(false);
        if ((planned.Registry, planned.Digest) != (now.Endpoint, now.Digest))
        {
            throw new SealerException(
                "ContentChanged", ErrorKind.Conflict,
                $"What {now.Endpoint} shall have of the image is not what it was when the plan was made. Make a new plan with Get-ClusterPlan.", now.Endpoint);
        }

        return now.Missing.Count == 0;
    }

    /// <inheritdoc/>
    public override Task ActAsync(StepRun run, CancellationToken cancellationToken) => content.FillAsync(run.Progress, run.Events, cancellationToken);
}
