using Sealer.Apps;
using Sealer.Hosts;
using Sealer.Planning;

namespace Sealer.Delivery.Kubernetes;

/// <summary>Waits until what an application has started is ready, and says of what is not why: the pod, its events and its last words.</summary>
internal sealed class ReadinessHandler(KubernetesDelivery delivery, TimeProvider clock) : StepHandler
{
    private const int Told = 3;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    /// <inheritdoc/>
    public override string Kind => ReadinessPayload.KindName;

    /// <inheritdoc/>
    public override async Task<bool> CheckAsync(StepRun run, CancellationToken cancellationToken)
    {
        var payload = (ReadinessPayload)run.Step.Payload;
        delivery.LaunchOf(run, payload.Name, payload.Digest);
        return await FindAsync(run, cancellationToken).ConfigureAwait(false) is { Progress: AppProgress.Done };
    }

    /// <inheritdoc/>
    public override async Task ActAsync(StepRun run, CancellationToken cancellationToken)
    {
        var payload = (ReadinessPayload)run.Step.Payload;
        var record = await FindAsync(run, cancellationToken).ConfigureAwait(false) ?? throw new SealerException(
            "AppNotLaunched", ErrorKind.Conflict, $"The application {payload.Name} is not there as it was launched: somebody has changed it meanwhile. Run the same again.", run.Host.Name);
        var begun = clock.GetTimestamp();
        var limit = TimeSpan.FromSeconds(payload.TimeoutSeconds);
        while (true)
        {
            var (late, silence) = await LookAsync(run.Host, record.Workloads, cancellationToken).ConfigureAwait(false);
            if (silence is null && late.Count == 0)
                break;
            if (clock.GetElapsedTime(begun) >= limit || late.Any(each => each.HasFailed))
            {
                // The next time it is launched again: what was taken away meanwhile comes back.
                await AppRecords.KeepAsync(run.Host, payload.Name, record with { Progress = AppProgress.Late }, cancellationToken).ConfigureAwait(false);
                throw await LateAsync(run, payload, record, late, silence, cancellationToken).ConfigureAwait(false);
            }

            await Task.Delay(Pause, clock, cancellationToken).ConfigureAwait(false);
        }

        await AppRecords.KeepAsync(run.Host, payload.Name, record with { Progress = AppProgress.Done }, cancellationToken).ConfigureAwait(false);
        run.Output = $"{record.Workloads.Count} ready";
    }

    private static async Task<AppRecord?> FindAsync(StepRun run, CancellationToken cancellationToken)
    {
        var payload = (ReadinessPayload)run.Step.Payload;
        var record = (await LiveCluster.ApplicationsAsync(run.Host, cancellationToken).ConfigureAwait(false)).GetValueOrDefault(payload.Name);
        return record?.Digest == payload.Digest ? record : null;
    }

    // An API that does not answer for a moment, as when a control plane joins, is asked again.
    private static async Task<(IReadOnlyList<Workload> Late, SealerException? Silence)> LookAsync(IHost plane, IReadOnlyList<AppObject> workloads, CancellationToken cancellationToken)
    {
        try
        {
            var found = await AppWatch.LookAsync(plane, workloads, cancellationToken).ConfigureAwait(false);
            // A job may take itself away once it is done.
            var gone = workloads.Where(each => each.Kind is not ("Job" or "Pod") && found.All(seen => (seen.Object.Kind, seen.Object.Namespace, seen.Object.Name) != (each.Kind, each.Namespace, each.Name)))
                .Select(each => new Workload(each, 0, 1, false) { Message = "it is not there" });
            return ([.. found.Where(each => !each.IsReady), .. gone], null);
        }
        catch (SealerException e) when (e.Id == "HostCommandFailed")
        {
            return ([], e);
        }
    }

    private static async Task<SealerException> LateAsync(StepRun run, ReadinessPayload payload, AppRecord record, IReadOnlyList<Workload> late, SealerException? silence, CancellationToken cancellationToken)
    {
        var why = new List<string>();
        foreach (var each in late.OrderByDescending(each => each.HasFailed).Take(Told))
            why.Add(await AppWatch.WhyAsync(run.Host, each, cancellationToken).ConfigureAwait(false));
        if (late.Count > Told)
            why.Add($"{late.Count - Told} more are not ready.");
        if (silence is not null)
            why.Add(silence.Message);
        var how = late.Any(each => each.HasFailed) ? "has failed" : $"is not ready within {payload.TimeoutSeconds} s";
        return new SealerException(
            "AppNotReady", ErrorKind.ResourceUnavailable,
            $"The application {payload.Name} was launched and {how} ({record.Workloads.Count - late.Count} of {record.Workloads.Count} ready). {string.Join(' ', why)} Mend it and run the same again; with -AppTimeout it gets more time, and with -NoWait nobody waits for it.", run.Host.Name);
    }
}
