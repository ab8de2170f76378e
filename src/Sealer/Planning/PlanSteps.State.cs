using Sealer.Clusterfiles;

namespace Sealer.Planning;

/// <summary>The step that keeps in the cluster what it shall be.</summary>
internal sealed partial class PlanSteps
{
    // It needs nothing but an API: who takes a cluster over that is half made, or one of whose applications does not start, has to know most of all.
    private void State()
    {
        if (request is not { Kubernetes: { Maker: { } maker } kubernetes, State: { } state })
            return;
        var why = kubernetes.Kept is null ? kubernetes.Silence is null ? "it keeps nothing yet" : "the API does not answer"
            : kubernetes.Kept.Text != state.Text ? "it keeps another one"
            : !state.IsSame(kubernetes.Kept) ? "of its secrets it keeps others"
            : null;
        if (why is null)
            return;
        var payload = new ClusterStatePayload { Digest = HostFingerprint.Digest(state.Text) };
        var begun = _steps.Find(step => step.Phase == InitPhase)?.Id;
        _steps.Add(new PlanStep
        {
            Id = PlanFile.StepId(maker, payload),
            Host = maker,
            What = $"Keep the Clusterfile in the cluster (kube-system, {ClusterState.Name})",
            Why = why,
            Risk = PlanRisk.None,
            Estimate = request.Rates.Step,
            Phase = ClusterStatePayload.KindName,
            DependsOn = begun is null ? [] : [begun],
            AfterPhases = [.. _steps.Select(step => step.Phase).Distinct(StringComparer.Ordinal)],
            Payload = payload,
        });
    }
}
