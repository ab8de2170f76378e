using System.Text.Json.Nodes;
using Sealer.Hosts;
using Sealer.Planning;

namespace Sealer.Delivery.Kubernetes;

/// <summary>
/// Launches applications on a control plane. What was launched is kept in the cluster, by digest, so that whoever comes next knows;
/// on the host its script is run to its end once, whatever becomes of the controller.
/// </summary>
internal sealed class LaunchHandler(KubernetesDelivery delivery) : StepHandler
{
    /// <inheritdoc/>
    public override string Kind => LaunchPayload.KindName;

    /// <inheritdoc/>
    public override async Task<bool> CheckAsync(StepRun run, CancellationToken cancellationToken)
    {
        var payload = (LaunchPayload)run.Step.Payload;
        ScriptOf(run);
        var command = $"{LiveCluster.Kubectl} -n kube-system get configmap {LiveCluster.Applications} -o json --ignore-not-found";
        var result = await run.Host.RunAsync(new HostCommand(command) { Elevated = true, Timeout = KubernetesDelivery.Patience }, cancellationToken).ConfigureAwait(false);
        return LiveCluster.ApplicationsOf(result.Require("ask what was launched").Output).GetValueOrDefault(payload.Name) == payload.Digest;
    }

    /// <inheritdoc/>
    public override async Task ActAsync(StepRun run, CancellationToken cancellationToken)
    {
        var payload = (LaunchPayload)run.Step.Payload;
        var (code, words) = await RecordedScript.RunAsync(run, delivery.Folder, ScriptOf(run), payload.TimeoutSeconds, cancellationToken).ConfigureAwait(false);
        if (code != 0)
        {
            throw new SealerException(
                "LaunchFailed", ErrorKind.ResourceUnavailable,
                $"The application {payload.Name} {(code is RecordedScript.TimedOut or RecordedScript.Killed ? $"was not launched within {payload.TimeoutSeconds} s" : $"could not be launched (exit code {code})")} on {run.Host.Name}. Mend what it says and run the same again. {words}", run.Host.Name);
        }

        var patch = new JsonObject { ["data"] = new JsonObject { [payload.Name] = payload.Digest } };
        var keep = $"""
            {LiveCluster.Kubectl} -n kube-system get configmap {LiveCluster.Applications} -o name >/dev/null 2>&1 || {LiveCluster.Kubectl} -n kube-system create configmap {LiveCluster.Applications} >/dev/null 2>&1
            {LiveCluster.Kubectl} -n kube-system patch configmap {LiveCluster.Applications} --type merge -p {ShellText.Quote(patch.ToJsonString())} -o name
            """;
        var kept = await run.Host.RunAsync(new HostCommand(keep) { Elevated = true, Timeout = 2 * KubernetesDelivery.Patience }, cancellationToken).ConfigureAwait(false);
        kept.Require($"keep that {payload.Name} was launched");
    }

    private PluginScript ScriptOf(StepRun run)
    {
        var payload = (LaunchPayload)run.Step.Payload;
        var launch = delivery.Kubernetes.Image.Launches.FirstOrDefault(known => known.Name == payload.Name);
        delivery.RequireSame(run, payload.Digest, launch?.Digest ?? "");
        return KubernetesScripts.Launch(delivery.Request, launch!);
    }
}
