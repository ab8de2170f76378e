using System.Globalization;
using Sealer.Planning;

namespace Sealer.Delivery.Kubernetes;

/// <summary>Runs the scripts of the image's contract, and looks whether what they start does run.</summary>
internal sealed class ImageScriptHandler(KubernetesDelivery delivery) : StepHandler
{
    private const int Patience = 60;

    /// <inheritdoc/>
    public override string Kind => ImageScriptPayload.KindName;

    /// <inheritdoc/>
    public override async Task<bool> CheckAsync(StepRun run, CancellationToken cancellationToken) =>
        await RecordedScript.WasRunAsync(run.Host, delivery.Folder, ScriptOf(run), cancellationToken).ConfigureAwait(false)
        && (Working(run) is not { } working || await KubernetesDelivery.AsksAsync(run.Host, $"{working} || exit 1", "say what runs", cancellationToken).ConfigureAwait(false));

    /// <inheritdoc/>
    public override async Task ActAsync(StepRun run, CancellationToken cancellationToken)
    {
        var payload = (ImageScriptPayload)run.Step.Payload;
        // One that was run and whose work is not there any more is run again.
        await run.Host.RunAsync(new Hosts.HostCommand($"rm -f {delivery.Folder}/{payload.Record}.done") { Elevated = true, Timeout = KubernetesDelivery.Patience }, cancellationToken).ConfigureAwait(false);
        var (code, words) = await RecordedScript.RunAsync(run, delivery.Folder, ScriptOf(run), payload.TimeoutSeconds, cancellationToken).ConfigureAwait(false);
        if (code != 0)
        {
            throw new SealerException(
                "ImageScriptFailed", ErrorKind.ResourceUnavailable,
                $"The image's {payload.Script} {(code is RecordedScript.TimedOut or RecordedScript.Killed ? $"did not end within {payload.TimeoutSeconds} s and was stopped" : $"failed (exit code {code})")} on {run.Host.Name}. Mend what it says and run the same again. {words}", run.Host.Name);
        }

        if (Working(run) is not { } working)
            return;
        var wait = await run.Host.RunAsync(
            new Hosts.HostCommand(KubernetesDelivery.WaitFor(working, Patience, $"{payload.Script} ended well, and what it starts does not run")) { Elevated = true, Timeout = 3 * KubernetesDelivery.Patience },
            cancellationToken).ConfigureAwait(false);
        wait.Require($"start what {payload.Script} starts");
    }

    private PluginScript ScriptOf(StepRun run)
    {
        var payload = (ImageScriptPayload)run.Step.Payload;
        var script = payload.Phase switch
        {
            KubernetesScripts.RuntimePhase => KubernetesScripts.Runtime(delivery.Request, delivery.Observed(run).Spec),
            KubernetesScripts.RegistryPhase => KubernetesScripts.Registry(delivery.Request, delivery.Observed(run).Spec),
            _ => KubernetesScripts.Kubelet(delivery.Request),
        };
        delivery.RequireSame(run, $"{payload.Record} {payload.Digest}", $"{script.Record} {script.Digest}");
        return script;
    }

    // What a script starts, as a question of a shell.
    private string? Working(StepRun run) => ((ImageScriptPayload)run.Step.Payload).Phase switch
    {
        KubernetesScripts.RuntimePhase => $"systemctl is-active --quiet {PlanSteps.UnitOf(delivery.Kubernetes.Image.Runtime)}",
        // Port in hexadecimal, and 0A: somebody listens.
        KubernetesScripts.RegistryPhase => $"cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -q ':{delivery.Request.Spec.Registry.Local!.Port.ToString("X4", CultureInfo.InvariantCulture)} [0-9A-F:]* 0A'",
        KubernetesScripts.KubeletPhase => "command -v kubeadm >/dev/null && command -v kubelet >/dev/null",
        _ => null,
    };
}
