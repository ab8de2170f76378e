using System.Text.Json.Nodes;

namespace Sealer.Apps;

/// <summary>Why a pod is not ready, as its kubelet and the scheduler tell it.</summary>
/// <param name="Pod">Its name.</param>
/// <param name="Node">Where it is; empty where no node has it.</param>
/// <param name="Reason">As <c>ImagePullBackOff: Back-off pulling image "x"</c>.</param>
internal sealed record PodTrouble(string Pod, string Node, string Reason)
{
    // The worst is told first: what will not mend itself before what only takes its time.
    private enum Weight
    {
        Creating,
        NotReady,
        Pending,
        Waiting,
    }

    /// <summary>The container that is in trouble, where it has said something; null of others.</summary>
    public string? Container { get; init; }

    /// <summary>That container was started more than once: its last words are those of the one before.</summary>
    public bool WasRestarted { get; init; }

    private Weight Rank { get; init; }

    /// <summary>The one of some pods that is worth telling of; null where all are ready.</summary>
    public static PodTrouble? Worst(IEnumerable<JsonObject> pods) => pods.Select(Of).OfType<PodTrouble>().OrderByDescending(trouble => trouble.Rank).FirstOrDefault();

    private static PodTrouble? Of(JsonObject pod)
    {
        var (name, node, status) = ($"{pod["metadata"]?["name"]}", $"{pod["spec"]?["nodeName"]}", pod["status"]);
        var conditions = (status?["conditions"] as JsonArray ?? []).OfType<JsonObject>().ToList();
        if ($"{status?["phase"]}" == "Succeeded" || conditions.Exists(condition => $"{condition["type"]}" == "Ready" && $"{condition["status"]}" == "True") || pod["metadata"]?["deletionTimestamp"] is not null)
            return null;
        if (conditions.Find(condition => $"{condition["type"]}" == "PodScheduled" && $"{condition["status"]}" == "False") is { } unscheduled)
            return new PodTrouble(name, node, $"Pending: {Said(unscheduled)}") { Rank = Weight.Pending };
        if (status?["reason"] is not null)
            return new PodTrouble(name, node, Said(status)) { Rank = Weight.Waiting };
        var containers = new[] { "initContainerStatuses", "containerStatuses" }.SelectMany(list => (status?[list] as JsonArray ?? []).OfType<JsonObject>()).ToList();
        return containers.Select(container => OfContainer(name, node, container)).OfType<PodTrouble>().OrderByDescending(trouble => trouble.Rank).FirstOrDefault()
            ?? new PodTrouble(name, node, $"{status?["phase"] ?? "its kubelet has not said anything"}") { Rank = Weight.Creating };
    }

    private static PodTrouble? OfContainer(string pod, string node, JsonObject container)
    {
        var (name, state) = ($"{container["name"]}", container["state"]);
        var restarts = container["restartCount"] is JsonValue count && count.TryGetValue<int>(out var number) ? number : 0;
        if (state?["waiting"] is { } waiting)
        {
            var isBeginning = $"{waiting["reason"]}" is "ContainerCreating" or "PodInitializing";
            var exit = container["lastState"]?["terminated"]?["exitCode"] is { } code ? $" (it ended with exit code {code})" : "";
            return new PodTrouble(pod, node, Said(waiting) + exit) { Container = restarts > 0 ? name : null, WasRestarted = restarts > 0, Rank = isBeginning ? Weight.Creating : Weight.Waiting };
        }

        if (state?["terminated"] is { } ended)
            return $"{ended["exitCode"]}" == "0" ? null : new PodTrouble(pod, node, $"{Said(ended)} (exit code {ended["exitCode"]})") { Container = name, Rank = Weight.Waiting };
        return $"{container["ready"]}" == "true" ? null : new PodTrouble(pod, node, $"its container {name} runs{(restarts > 0 ? $" (started {restarts + 1} times)" : "")} and is not ready") { Container = name, Rank = Weight.NotReady };
    }

    private static string Said(JsonNode node) => string.Join(": ", new[] { $"{node["reason"]}", $"{node["message"]}" }.Where(word => word.Length > 0));
}
