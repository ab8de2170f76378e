using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Sealer.Kubernetes;

/// <summary>Reads nodes from the API's JSON.</summary>
internal static class NodeReader
{
    private const string RolePrefix = "node-role.kubernetes.io/";

    /// <summary>The nodes of a list.</summary>
    /// <param name="cluster">The cluster's name.</param>
    /// <param name="json">What <c>kubectl get nodes -o json</c> prints.</param>
    /// <exception cref="SealerException"><c>NodesNotReadable</c>.</exception>
    public static IReadOnlyList<ClusterNode> Read(string cluster, string json)
    {
        try
        {
            if (JsonNode.Parse(json)?["items"] is JsonArray items)
                return [.. items.OfType<JsonObject>().Select(item => Of(cluster, item))];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or ArgumentException)
        {
            // Said below.
        }

        throw new SealerException("NodesNotReadable", ErrorKind.InvalidContent, $"What the API of the cluster {cluster} says of its nodes cannot be read.", cluster);
    }

    /// <summary>One node.</summary>
    /// <param name="cluster">The cluster's name.</param>
    /// <param name="node">The node as the API gives it.</param>
    public static ClusterNode Of(string cluster, JsonObject node)
    {
        ArgumentNullException.ThrowIfNull(node);
        var labels = (node["metadata"]?["labels"] as JsonObject ?? []).ToDictionary(label => label.Key, label => $"{label.Value}", StringComparer.Ordinal);
        var ready = (node["status"]?["conditions"] as JsonArray ?? []).FirstOrDefault(condition => $"{condition?["type"]}" == "Ready");
        return new ClusterNode
        {
            Cluster = cluster,
            Name = $"{node["metadata"]?["name"]}",
            Address = (node["status"]?["addresses"] as JsonArray ?? []).Where(address => $"{address?["type"]}" == "InternalIP")
                .Select(address => IPAddress.TryParse($"{address?["address"]}", out var parsed) ? parsed : null).FirstOrDefault(),
            Roles = [.. labels.Keys.Where(label => label.StartsWith(RolePrefix, StringComparison.Ordinal)).Select(label => label[RolePrefix.Length..]).Order(StringComparer.Ordinal)],
            IsReady = $"{ready?["status"]}" == "True",
            Message = $"{ready?["status"]}" == "True" ? "" : $"{ready?["message"]}",
            IsCordoned = node["spec"]?["unschedulable"]?.GetValue<bool>() == true,
            Version = $"{node["status"]?["nodeInfo"]?["kubeletVersion"]}",
            Runtime = $"{node["status"]?["nodeInfo"]?["containerRuntimeVersion"]}",
            Labels = labels,
            Taints = [.. (node["spec"]?["taints"] as JsonArray ?? []).OfType<JsonObject>().Select(TaintText)],
            Created = DateTimeOffset.TryParse($"{node["metadata"]?["creationTimestamp"]}", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var created) ? created : null,
            Document = node,
        };
    }

    /// <summary>A taint as it is written.</summary>
    public static string TaintText(JsonObject taint) =>
        $"{taint["key"]}{($"{taint["value"]}" is { Length: > 0 } value ? $"={value}" : "")}:{taint["effect"]}";
}
