using Sealer.Hosts;
using Sealer.Kubernetes;
using Sealer.Planning;

namespace Sealer.Delivery.Kubernetes;

/// <summary>Waits until a host's node is ready for pods, and gives it its labels, taints and roles, by a patch that loses nobody's.</summary>
internal sealed class NodeHandler(KubernetesDelivery delivery) : StepHandler
{
    private const int Attempts = 10;

    /// <inheritdoc/>
    public override string Kind => NodePayload.KindName;

    /// <inheritdoc/>
    public override async Task<bool> CheckAsync(StepRun run, CancellationToken cancellationToken)
    {
        var (plane, settings) = Of(run);
        return await FindAsync(plane, NodeOf(run), cancellationToken).ConfigureAwait(false) is { IsReady: true } node && settings.PatchOf(node.Document) is null;
    }

    /// <inheritdoc/>
    public override async Task ActAsync(StepRun run, CancellationToken cancellationToken)
    {
        var (plane, settings) = Of(run);
        var payload = (NodePayload)run.Step.Payload;
        // Its own request is as long as the wait.
        var wait = $"{LiveCluster.PatientKubectl} wait --for=condition=Ready {ShellText.Quote($"node/{payload.Node}")} --timeout={payload.TimeoutSeconds}s";
        var ready = await plane.RunAsync(new HostCommand(wait) { Elevated = true, Timeout = TimeSpan.FromSeconds(payload.TimeoutSeconds) + KubernetesDelivery.Patience }, cancellationToken).ConfigureAwait(false);
        if (!ready.Succeeded)
        {
            var node = await FindAsync(plane, payload.Node, cancellationToken).ConfigureAwait(false);
            throw new SealerException(
                "NodeNotReady", ErrorKind.ResourceUnavailable,
                $"The node {payload.Node} is not ready within {payload.TimeoutSeconds} s. {(node is null ? "The cluster does not know it." : $"Its kubelet says: {HostText.Shown(node.Message)}.")} See journalctl -u kubelet on {run.Host.Name}, and whether the image launches a network for pods.", run.Host.Name);
        }

        for (var attempt = 1; ; attempt++)
        {
            var node = await FindAsync(plane, payload.Node, cancellationToken).ConfigureAwait(false);
            if (node is null || settings.PatchOf(node.Document) is not { } patch)
                return;
            var command = $"{LiveCluster.Kubectl} patch node {ShellText.Quote(payload.Node)} --type merge -p {ShellText.Quote(patch.ToJsonString())} -o name";
            var result = await plane.RunAsync(new HostCommand(command) { Elevated = true, Timeout = KubernetesDelivery.Patience }, cancellationToken).ConfigureAwait(false);
            // Somebody changed it meanwhile, as its kubelet does: it is read again.
            if (result.Succeeded || attempt == Attempts || !result.Error.Contains("Conflict", StringComparison.Ordinal))
            {
                result.Require($"give the node {payload.Node} its labels and taints");
                return;
            }
        }
    }

    private (IHost Plane, NodeSettings Settings) Of(StepRun run)
    {
        var payload = (NodePayload)run.Step.Payload;
        var settings = NodeSettings.Of(delivery.Observed(run).Spec);
        delivery.RequireSame(run, payload.Digest, HostFingerprint.Digest(settings.ToString()));
        return (delivery[payload.From], settings);
    }

    private static string NodeOf(StepRun run) => ((NodePayload)run.Step.Payload).Node;

    private async Task<ClusterNode?> FindAsync(IHost plane, string name, CancellationToken cancellationToken)
    {
        var command = $"{LiveCluster.Kubectl} get nodes --field-selector {ShellText.Quote($"metadata.name={name}")} -o json";
        var result = await plane.RunAsync(new HostCommand(command) { Elevated = true, Timeout = KubernetesDelivery.Patience, MaxOutput = 8 << 20 }, cancellationToken).ConfigureAwait(false);
        return NodeReader.Read(delivery.Request.Spec.Name, result.Require($"ask for the node {name}").Output).FirstOrDefault();
    }
}
