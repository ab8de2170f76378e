using Sealer.Apps;
using Sealer.Events;
using Sealer.Hosts;
using Sealer.Planning;

namespace Sealer.Delivery.Kubernetes;

/// <summary>
/// Launches applications on a control plane. What was launched is kept in the cluster, by digest and with what it has there, so that
/// whoever comes next knows; on the host its script is run to its end once, whatever becomes of the controller.
/// </summary>
internal sealed class LaunchHandler(KubernetesDelivery delivery, TimeProvider clock) : StepHandler
{
    private const int Attempts = 3;
    private const int MaxListing = 4 << 20;

    /// <inheritdoc/>
    public override string Kind => LaunchPayload.KindName;

    /// <inheritdoc/>
    public override async Task<bool> CheckAsync(StepRun run, CancellationToken cancellationToken)
    {
        var payload = (LaunchPayload)run.Step.Payload;
        delivery.LaunchOf(run, payload.Name, payload.Digest);
        return await FindAsync(run, cancellationToken).ConfigureAwait(false) is { Progress: not AppProgress.Late } record && record.Digest == payload.Digest;
    }

    /// <inheritdoc/>
    public override async Task ActAsync(StepRun run, CancellationToken cancellationToken)
    {
        var payload = (LaunchPayload)run.Step.Payload;
        var launch = delivery.LaunchOf(run, payload.Name, payload.Digest);
        var script = KubernetesScripts.Launch(delivery.Request, launch);
        var known = await FindAsync(run, cancellationToken).ConfigureAwait(false);
        if (known is { Progress: AppProgress.Late })
            (await run.Host.RunAsync(new HostCommand($"rm -f {delivery.Folder}/{script.Record}.done") { Elevated = true, Timeout = KubernetesDelivery.Patience }, cancellationToken).ConfigureAwait(false)).Require($"launch {launch.Name} again");
        var (code, words) = await RecordedScript.RunAsync(run, delivery.Folder, script, payload.TimeoutSeconds, cancellationToken).ConfigureAwait(false);
        if (code != 0)
        {
            throw new SealerException(
                "LaunchFailed", ErrorKind.ResourceUnavailable,
                $"The application {payload.Name} {(code is RecordedScript.TimedOut or RecordedScript.Killed ? $"was not launched within {payload.TimeoutSeconds} s" : $"could not be launched (exit code {code})")} on {run.Host.Name}. Mend what it says and run the same again. {words}", run.Host.Name);
        }

        var (space, objects) = await ListAsync(run, launch, cancellationToken).ConfigureAwait(false);
        // What another version of it has brought is its own still: kubectl leaves it there. Helm takes it away.
        if (launch.Type != "helm" && known?.Objects is { } before && objects is not null)
            objects = [.. objects.Concat(before).Distinct()];
        var record = new AppRecord(payload.Digest)
        {
            Type = launch.Type,
            Image = delivery.Request.Image,
            ImageDigest = delivery.Request.ImageDigest,
            Launched = clock.GetUtcNow(),
            Namespace = space,
            Objects = objects,
        };
        await AppRecords.KeepAsync(run.Host, payload.Name, record with { Progress = payload.IsWaitedFor && record.Workloads.Count > 0 ? AppProgress.Waiting : AppProgress.Done }, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<AppRecord?> FindAsync(StepRun run, CancellationToken cancellationToken) =>
        (await LiveCluster.ApplicationsAsync(run.Host, cancellationToken).ConfigureAwait(false)).GetValueOrDefault(((LaunchPayload)run.Step.Payload).Name);

    // An application that runs is not taken back because nobody can say what it has.
    private async Task<(string? Namespace, IReadOnlyList<AppObject>? Objects)> ListAsync(StepRun run, AppLaunch launch, CancellationToken cancellationToken)
    {
        if (launch.Listing is not { } listing)
            return (null, null);
        var script = $"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; KUBECONFIG={LiveCluster.AdminConfig}; export PATH KUBECONFIG\ncd {ShellText.Quote(delivery.Request.Spec.RootfsFolder)} || exit 1\n{listing}";
        for (var attempt = 1; ; attempt++)
        {
            var result = await run.Host.RunAsync(new HostCommand(script) { Elevated = true, Timeout = 2 * KubernetesDelivery.Patience, MaxOutput = MaxListing }, cancellationToken).ConfigureAwait(false);
            if (result.Succeeded && !result.Truncated)
            {
                var space = result.Output.Split('\n').FirstOrDefault(line => line.StartsWith(AppLaunches.Release, StringComparison.Ordinal))?[AppLaunches.Release.Length..].Trim();
                return (string.IsNullOrEmpty(space) ? null : space, AppObject.Read(result.Output));
            }

            if (attempt == Attempts)
            {
                run.Events?.Report(new WarningEvent($"{launch.Name} was launched on {run.Host.Name}, and what it has there cannot be said, so that nobody waits for it. {HostText.Shown(result.Error.Trim())}"));
                return (null, null);
            }
        }
    }
}
