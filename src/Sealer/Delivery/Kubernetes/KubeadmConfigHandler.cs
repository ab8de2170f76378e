using Sealer.Certificates;
using Sealer.Hosts;
using Sealer.Planning;

namespace Sealer.Delivery.Kubernetes;

/// <summary>Adds names of the API servers to what kubeadm keeps in the cluster, and loses nothing of what else stands there.</summary>
internal sealed class KubeadmConfigHandler(KubernetesDelivery delivery) : StepHandler
{
    private const int Attempts = 10;

    /// <inheritdoc/>
    public override string Kind => KubeadmConfigPayload.KindName;

    /// <inheritdoc/>
    public override async Task<bool> CheckAsync(StepRun run, CancellationToken cancellationToken)
    {
        var settings = await KubeadmConfigMap.ReadAsync(run.Host, cancellationToken).ConfigureAwait(false);
        return SubjectName.Missing(NamesOf(run, settings), settings.Names).Count == 0;
    }

    /// <inheritdoc/>
    public override async Task ActAsync(StepRun run, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var settings = await KubeadmConfigMap.ReadAsync(run.Host, cancellationToken).ConfigureAwait(false);
            var result = await run.Host.RunAsync(new HostCommand(settings.CommandToAdd(NamesOf(run, settings))) { Elevated = true, Timeout = KubernetesDelivery.Patience }, cancellationToken).ConfigureAwait(false);
            if (result.Succeeded || attempt == Attempts || !result.Error.Contains("Conflict", StringComparison.Ordinal))
            {
                result.Require("add names to kubeadm's settings in the cluster");
                return;
            }
        }
    }

    private IReadOnlyList<string> NamesOf(StepRun run, KubeadmConfigMap settings)
    {
        var names = ((KubeadmConfigPayload)run.Step.Payload).Names;
        delivery.RequireNames(run, names, settings.Names);
        return names;
    }
}
