using Sealer.Clusterfiles.Documents;
using Sealer.Delivery.Kubernetes;
using Sealer.Hosts;
using Sealer.Planning;

namespace Sealer.Delivery;

/// <summary>Writes a cluster's lines to <c>/etc/hosts</c>.</summary>
/// <param name="request">What the plan is made from: what it says is all that is written.</param>
internal sealed class HostAliasesHandler(PlanRequest request) : StepHandler
{
    /// <inheritdoc/>
    public override string Kind => HostAliasesPayload.KindName;

    /// <inheritdoc/>
    public override async Task<bool> CheckAsync(StepRun run, CancellationToken cancellationToken)
    {
        var text = await HostsFile.ReadAsync(run.Host, cancellationToken).ConfigureAwait(false);
        return HostAliasLines.Apply(text, request.Spec.Name, Aliases(run)) == text
            && (request.Kubernetes is null || await HostNetworkPods.AreCurrentAsync(run.Host, cancellationToken).ConfigureAwait(false));
    }

    /// <inheritdoc/>
    public override async Task ActAsync(StepRun run, CancellationToken cancellationToken)
    {
        await HostsFile.ChangeAsync(run.Host, text => HostAliasLines.Apply(text, request.Spec.Name, Aliases(run)), cancellationToken).ConfigureAwait(false);
        if (request.Kubernetes is not null)
            await HostNetworkPods.RefreshAsync(run.Host, cancellationToken).ConfigureAwait(false);
    }

    private IReadOnlyList<HostAlias> Aliases(StepRun run)
    {
        var lines = ((HostAliasesPayload)run.Step.Payload).Lines;
        var host = request.Hosts.First(known => known.Name == run.Step.Host);
        foreach (var joining in new[] { true, false })
        {
            var aliases = ClusterAliases.Of(request, host, joining);
            if (HostAliasLines.Of(aliases).SequenceEqual(lines, StringComparer.Ordinal))
                return aliases;
        }

        throw new SealerException(
            "KubernetesChanged", ErrorKind.Conflict,
            $"The lines of /etc/hosts on {run.Step.Host} are not those of when the plan was made. Make a new plan with Get-ClusterPlan.", run.Step.Host);
    }
}
