using System.Text;
using System.Text.Json.Nodes;
using Sealer.Clusterfiles;
using Sealer.Hosts;
using Sealer.Planning;

namespace Sealer.Delivery.Kubernetes;

/// <summary>Writes what a cluster keeps of itself: a ConfigMap that sealer reads too, and a Secret with all of it.</summary>
internal sealed class ClusterStateHandler(KubernetesDelivery delivery) : StepHandler
{
    /// <inheritdoc/>
    public override string Kind => ClusterStatePayload.KindName;

    /// <inheritdoc/>
    public override async Task<bool> CheckAsync(StepRun run, CancellationToken cancellationToken) =>
        StateOf(run).IsSame(await LiveCluster.KeptAsync(run.Host, cancellationToken).ConfigureAwait(false));

    /// <inheritdoc/>
    public override async Task ActAsync(StepRun run, CancellationToken cancellationToken)
    {
        var state = StateOf(run);
        // The Secret first: where the other half is missing it is seen, and written again.
        var objects = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "List",
            ["items"] = new JsonArray(
                Object("Secret", "data", state.Secrets.Select(pair => KeyValuePair.Create(pair.Key, Convert.ToBase64String(Encoding.UTF8.GetBytes(pair.Value))))),
                Object("ConfigMap", "data", [KeyValuePair.Create(ClusterState.Key, state.Text)])),
        };
        using var input = new MemoryStream(Encoding.UTF8.GetBytes(objects.ToJsonString()));
        // By the server itself: kubectl's own way leaves a copy of all in an annotation. What it says goes nowhere, since it may quote what it was given.
        var command = $"{LiveCluster.Kubectl} apply --server-side --force-conflicts --field-manager sealer -f - -o name >/dev/null";
        var result = await run.Host.RunAsync(new HostCommand(command) { Elevated = true, Input = input, Timeout = KubernetesDelivery.Patience }, cancellationToken).ConfigureAwait(false);
        var secrets = state.Secrets.Values.Where(value => value.Length > 3).OrderByDescending(value => value.Length).Select(Secret.Of);
        (result with { Error = secrets.Aggregate(result.Error, (text, secret) => secret.HideIn(text)) }).Require($"keep the Clusterfile in the cluster (kube-system, {ClusterState.Name})");
    }

    private static JsonObject Object(string kind, string part, IEnumerable<KeyValuePair<string, string>> data) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = kind,
        ["metadata"] = new JsonObject { ["name"] = ClusterState.Name, ["namespace"] = "kube-system" },
        [part] = new JsonObject(data.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)JsonValue.Create(pair.Value)))),
    };

    private ClusterState StateOf(StepRun run)
    {
        var state = delivery.Request.State!;
        delivery.RequireSame(run, ((ClusterStatePayload)run.Step.Payload).Digest, HostFingerprint.Digest(state.Text));
        return state;
    }
}
