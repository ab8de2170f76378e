using System.Globalization;
using Sealer.Hosts;
using Sealer.Kubernetes;
using Sealer.Kubernetes.LoadBalancing;
using Sealer.Planning;

namespace Sealer.Delivery.Kubernetes;

/// <summary>
/// Waits until a host's node is ready for pods, of a control plane also until what kubeadm runs there is, and gives it its labels,
/// taints and roles, by a patch that loses nobody's.
/// </summary>
internal sealed class NodeHandler(KubernetesDelivery delivery) : StepHandler
{
    private const int Attempts = 10;

    /// <inheritdoc/>
    public override string Kind => NodePayload.KindName;

    /// <inheritdoc/>
    public override async Task<bool> CheckAsync(StepRun run, CancellationToken cancellationToken)
    {
        var (plane, settings) = Of(run);
        return await FindAsync(plane, NodeOf(run), cancellationToken).ConfigureAwait(false) is { IsReady: true } node && settings.PatchOf(node.Document) is null
            && (!IsControlPlane(run) || await KubernetesDelivery.AsksAsync(run.Host, $"{Components(run)}\nwell || exit 1", "say whether what kubeadm runs there is ready", cancellationToken).ConfigureAwait(false));
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

        if (IsControlPlane(run))
            await SeeComponentsAsync(run, payload.TimeoutSeconds, cancellationToken).ConfigureAwait(false);
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

    private bool IsControlPlane(StepRun run) => delivery.Observed(run).Spec.IsControlPlane;

    // A kubelet tells the API of static pods some time after they run, and of their readiness after that. What has no manifest there,
    // as etcd where it is elsewhere, is nobody's to wait for.
    private static string Components(StepRun run) => $$"""
        well() {
            w=
            r=$({{LiveCluster.Kubectl}} -n kube-system get pods -l tier=control-plane --field-selector {{ShellText.Quote($"spec.nodeName={NodeOf(run)}")}} -o 'jsonpath={range .items[*]}{.metadata.labels.component}={.status.conditions[?(@.type=="Ready")].status} {end}' 2>&1) || { w=" (${r%%
        *})"; return 1; }
            for c in etcd kube-apiserver kube-controller-manager kube-scheduler; do
                [ ! -e {{BalancerFiles.ManifestFolder}}/$c.yaml ] || case " $r" in *" $c=True "*) ;; *) w="$w $c";; esac
            done
            [ -z "$w" ]
        }
        """;

    private static async Task SeeComponentsAsync(StepRun run, int seconds, CancellationToken cancellationToken)
    {
        var script = $"{Components(run)}\ne=$(($(date +%s) + {seconds.ToString(CultureInfo.InvariantCulture)}))\nuntil well; do [ \"$(date +%s)\" -lt $e ] || {{ echo \"$w\" >&2; exit 1; }}; sleep 1; done";
        var result = await run.Host.RunAsync(new HostCommand(script) { Elevated = true, Timeout = TimeSpan.FromSeconds(seconds) + KubernetesDelivery.Patience }, cancellationToken).ConfigureAwait(false);
        if (result.Succeeded)
            return;
        throw new SealerException(
            "ControlPlaneNotReady", ErrorKind.ResourceUnavailable,
            $"The control plane {run.Host.Name} is in the cluster, and not all that kubeadm runs there is ready within {seconds} s: {HostText.Shown(result.Error.Trim())}. Look at it there, as root: crictl ps -a; crictl logs ID; journalctl -u kubelet. Then run the same again.", run.Host.Name);
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
