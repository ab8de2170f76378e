using Sealer.Planning;

namespace Sealer.Delivery;

/// <summary>Runs plugins (<see cref="RecordedScript"/>): each once, and to its end whatever becomes of the controller.</summary>
/// <param name="cluster">The cluster's name.</param>
/// <param name="scripts">The script of a step.</param>
internal sealed class PluginHandler(string cluster, Func<PlanStep, PluginScript?> scripts) : StepHandler
{
    /// <inheritdoc/>
    public override string Kind => PluginPayload.KindName;

    /// <inheritdoc/>
    public override Task<bool> CheckAsync(StepRun run, CancellationToken cancellationToken) =>
        RecordedScript.WasRunAsync(run.Host, DeliveryPaths.Plugins(cluster), ScriptOf(run), cancellationToken);

    /// <inheritdoc/>
    public override async Task ActAsync(StepRun run, CancellationToken cancellationToken)
    {
        var payload = (PluginPayload)run.Step.Payload;
        var script = ScriptOf(run);
        var (code, words) = await RecordedScript.RunAsync(run, DeliveryPaths.Plugins(cluster), script, payload.TimeoutSeconds, cancellationToken).ConfigureAwait(false);
        if (code == 0)
            return;
        throw code is RecordedScript.TimedOut or RecordedScript.Killed
            ? new SealerException(
                "PluginTimedOut", ErrorKind.ResourceUnavailable,
                $"The plugin {script.Name} ({script.Phase}) on {run.Host.Name} did not end within {payload.TimeoutSeconds} s and was stopped. See what it waits for, or allow more with Get-ClusterPlan -PluginTimeout. {words}", run.Host.Name)
            : new SealerException(
                "PluginFailed", ErrorKind.ResourceUnavailable,
                $"The plugin {script.Name} ({script.Phase}) failed on {run.Host.Name} (exit code {code}). Mend what it says and run the same again. {words}", run.Host.Name);
    }

    private PluginScript ScriptOf(StepRun run)
    {
        var payload = (PluginPayload)run.Step.Payload;
        if (scripts(run.Step) is { } script && script.Digest == payload.Digest && script.Record == payload.Record)
            return script;
        throw new SealerException(
            "PluginChanged", ErrorKind.Conflict,
            $"The plugin {payload.Name} ({payload.Phase}) is not what it was when the plan was made. Make a new plan with Get-ClusterPlan.", payload.Name);
    }
}
