using System.Text.Json;
using System.Text.Json.Nodes;

namespace Sealer.Apps;

/// <summary>How something with pods is: what <c>kubectl rollout status</c> and <c>kubectl wait</c> would say of it.</summary>
/// <param name="Object">What it is.</param>
/// <param name="Ready">How many of its pods are ready, of a job: have succeeded.</param>
/// <param name="Wanted">How many shall be.</param>
/// <param name="IsReady">All of it is as it shall be.</param>
internal sealed record Workload(AppObject Object, int Ready, int Wanted, bool IsReady)
{
    /// <summary>It will never be ready, as it is: a job that has failed.</summary>
    public bool HasFailed { get; init; }

    /// <summary>What the API says is wrong with it; empty where it says nothing.</summary>
    public string Message { get; init; } = "";

    /// <summary>What selects its pods, for kubectl; null of a pod, and where nothing does.</summary>
    public string? Selector { get; init; }

    /// <summary>Reads those of a list, or one.</summary>
    /// <exception cref="FormatException">It is no such list.</exception>
    public static IReadOnlyList<Workload> Read(string json)
    {
        if (string.IsNullOrWhiteSpace(json))
            return [];
        try
        {
            var node = JsonNode.Parse(json) as JsonObject ?? throw new FormatException();
            return [.. (node["items"] is JsonArray items ? items.OfType<JsonObject>() : [node]).Select(Of)];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException or OverflowException)
        {
            throw new FormatException("What the API says of workloads cannot be read.", e);
        }
    }

    private static Workload Of(JsonObject node)
    {
        var (meta, spec, status) = (node["metadata"], node["spec"], node["status"]);
        var each = AppObject.Of($"{node["apiVersion"]} {node["kind"]} {meta?["namespace"] ?? "<none>"} {meta?["name"]}") ?? throw new FormatException();
        var isSeen = Number(status?["observedGeneration"]) >= Number(meta?["generation"]);
        var wanted = Number(spec?["replicas"], 1);
        var made = each.Kind switch
        {
            "Deployment" => new Workload(
                each, Number(status?["readyReplicas"]), wanted,
                isSeen && Number(status?["updatedReplicas"]) >= wanted && Number(status?["replicas"]) <= Number(status?["updatedReplicas"]) && Number(status?["availableReplicas"]) >= Number(status?["updatedReplicas"])),
            "StatefulSet" => new Workload(each, Number(status?["readyReplicas"]), wanted, isSeen && Number(status?["readyReplicas"]) >= wanted && IsUpdated(spec, status, wanted)),
            "DaemonSet" => OfDaemons(each, spec, status, isSeen),
            "Job" => OfJob(each, spec, status),
            "Pod" => Condition(status, "Ready") is "True" || $"{status?["phase"]}" == "Succeeded" ? new Workload(each, 1, 1, true) : new Workload(each, 0, 1, false),
            _ => new Workload(each, Number(status?["readyReplicas"]), wanted, isSeen && Number(status?["readyReplicas"]) >= wanted),
        };
        return made with { Message = made.IsReady ? "" : Wrong(status), Selector = SelectorOf(spec?["selector"]) };
    }

    // Who updates pods only when somebody deletes them has no new ones to wait for; nor has who keeps the first ones as they are.
    private static bool IsUpdated(JsonNode? spec, JsonNode? status, int wanted)
    {
        if ($"{spec?["updateStrategy"]?["type"]}" == "OnDelete")
            return true;
        var kept = Number(spec?["updateStrategy"]?["rollingUpdate"]?["partition"]);
        return kept > 0 ? Number(status?["updatedReplicas"]) >= wanted - kept : $"{status?["updateRevision"]}" == $"{status?["currentRevision"]}";
    }

    private static Workload OfDaemons(AppObject each, JsonNode? spec, JsonNode? status, bool isSeen)
    {
        var wanted = Number(status?["desiredNumberScheduled"]);
        var isUpdated = $"{spec?["updateStrategy"]?["type"]}" == "OnDelete" || Number(status?["updatedNumberScheduled"]) >= wanted;
        return new Workload(each, Number(status?["numberReady"]), wanted, isSeen && isUpdated && Number(status?["numberAvailable"]) >= wanted);
    }

    // A job that somebody has stopped waits for him.
    private static Workload OfJob(AppObject each, JsonNode? spec, JsonNode? status) =>
        new(each, Number(status?["succeeded"]), Number(spec?["completions"], 1), Condition(status, "Complete") == "True" || $"{spec?["suspend"]}" == "true") { HasFailed = Condition(status, "Failed") == "True" };

    private static string Wrong(JsonNode? status) => string.Join("; ", Conditions(status)
        .Where(condition => ($"{condition["type"]}", $"{condition["status"]}") is ("ReplicaFailure" or "Failed", "True") or ("Progressing", "False"))
        .Select(condition => $"{condition["reason"]}: {condition["message"]}"));

    private static string? Condition(JsonNode? status, string type) => Conditions(status).Where(condition => $"{condition["type"]}" == type).Select(condition => $"{condition["status"]}").FirstOrDefault();

    private static IEnumerable<JsonObject> Conditions(JsonNode? status) => (status?["conditions"] as JsonArray ?? []).OfType<JsonObject>();

    private static string? SelectorOf(JsonNode? selector)
    {
        var parts = (selector?["matchLabels"] as JsonObject ?? []).Select(pair => $"{pair.Key}={pair.Value}").Concat(
            (selector?["matchExpressions"] as JsonArray ?? []).OfType<JsonObject>().Select(each => $"{each["operator"]}" switch
            {
                "Exists" => $"{each["key"]}",
                "DoesNotExist" => $"!{each["key"]}",
                "NotIn" => $"{each["key"]} notin ({Values(each)})",
                _ => $"{each["key"]} in ({Values(each)})",
            })).ToList();
        return parts.Count == 0 ? null : string.Join(',', parts);

        static string Values(JsonObject each) => string.Join(',', (each["values"] as JsonArray ?? []).Select(value => $"{value}"));
    }

    private static int Number(JsonNode? node, int otherwise = 0) => node is JsonValue value && value.TryGetValue<int>(out var number) ? number : otherwise;
}
