using System.Text.Json.Nodes;
using Sealer.Apps;
using Sealer.Hosts;

namespace Sealer.Delivery.Kubernetes;

/// <summary>Writes what a cluster keeps of applications. Each has a key of its own: who writes another's at the same time takes nothing from it.</summary>
internal static class AppRecords
{
    /// <summary>Keeps one.</summary>
    public static Task KeepAsync(IHost plane, string name, AppRecord record, CancellationToken cancellationToken) => PatchAsync(plane, name, $"{record}", $"keep that {name} was launched", cancellationToken);

    /// <summary>Forgets one.</summary>
    public static Task ForgetAsync(IHost plane, string name, CancellationToken cancellationToken) => PatchAsync(plane, name, null, $"forget that {name} was launched", cancellationToken);

    private static async Task PatchAsync(IHost plane, string name, string? text, string what, CancellationToken cancellationToken)
    {
        var patch = new JsonObject { ["data"] = new JsonObject { [name] = text } };
        var keep = $"""
            {LiveCluster.Kubectl} -n kube-system get configmap {LiveCluster.Applications} -o name >/dev/null 2>&1 || {LiveCluster.Kubectl} -n kube-system create configmap {LiveCluster.Applications} >/dev/null 2>&1
            {LiveCluster.Kubectl} -n kube-system patch configmap {LiveCluster.Applications} --type merge -p {ShellText.Quote(patch.ToJsonString())} -o name
            """;
        var kept = await plane.RunAsync(new HostCommand(keep) { Elevated = true, Timeout = 2 * KubernetesDelivery.Patience }, cancellationToken).ConfigureAwait(false);
        kept.Require(what);
    }
}
