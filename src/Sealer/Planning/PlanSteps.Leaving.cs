using Sealer.Clusterfiles.Documents;

namespace Sealer.Planning;

/// <summary>The steps that take nodes out of a cluster, and the cluster from their hosts.</summary>
internal sealed partial class PlanSteps
{
    private const string LeavingPhase = "node-removal";
    private const string CleaningPhase = "host-cleaning";
    private const int DrainTimeout = 300;
    private const int CleaningTimeout = 600;

    private static readonly TimeSpan CleaningTime = TimeSpan.FromSeconds(15);

    // Who comes is in before anybody goes, and one goes after the other: etcd keeps its majority, pods find another place.
    private void Leaving()
    {
        if (request.Kubernetes is not { Maker: { } makerName } kubernetes)
            return;
        var maker = _known.First(host => host.Name == makerName);
        foreach (var (node, host) in kubernetes.Leaving.OrderBy(leaving => leaving.Node.IsControlPlane))
        {
            var isReachable = host?.IsKnown == true;
            if (isReachable)
                CleanPlugins(host!, PluginPhase.PreCleanHost, []);
            else
                notes.Add($"{node.Name} ({node.Address}) leaves the cluster, and cannot be reached: what is on it stays there. {host?.Error?.Message}");
            Add(
                maker, LeavingPhase,
                new NodeRemovalPayload { Node = node.Name, Address = $"{node.Address}", IsControlPlane = node.IsControlPlane, IsReachable = isReachable, TimeoutSeconds = DrainTimeout },
                new Words($"Take {node.Name} out of the cluster{(node.IsControlPlane ? ", and its member out of etcd" : "")}", "the Clusterfile does not name it any more", PlanRisk.High, request.Rates.Step + CleaningTime),
                [], _kubernetesPhases, isReachable && _last.TryGetValue(host!.Name, out var prepared) ? [prepared] : []);
            if (isReachable)
                Clean(host!, "it has left the cluster", [_last[maker.Name]]);
        }
    }

    private void Clean(ObservedHost host, string why, IReadOnlyList<string> before) => Add(
        host, CleaningPhase, new HostCleaningPayload { TimeoutSeconds = CleaningTimeout },
        new Words("Take the cluster away: what runs, files, mounts, rules", why, PlanRisk.High, request.Rates.Step + CleaningTime), [], [], before);

    private void CleanPlugins(ObservedHost host, PluginPhase phase, IReadOnlyList<string> needs, IReadOnlyList<string>? after = null)
    {
        foreach (var script in PluginScript.Of(request, phase, host))
            Plugin(host, script, "its host is cleaned", needs, after ?? [], null);
    }
}
