using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sealer.Delivery.Kubernetes;
using Sealer.Hosts;
using Sealer.Kubernetes;

namespace Sealer.Delivery.Checks;

/// <summary>What a cluster's API tells that hosts are then asked about.</summary>
internal sealed record ClusterView
{
    private const string Part = "\nsealer-part\n";
    private const int MaxOutput = 64 << 20;

    /// <summary>All nodes.</summary>
    public required IReadOnlyList<ClusterNode> Nodes { get; init; }

    /// <summary>The pods of kube-system.</summary>
    public required IReadOnlyList<SystemPod> Pods { get; init; }

    /// <summary>The address of the service of the cluster's DNS; null where there is none.</summary>
    public IPAddress? Dns { get; init; }

    /// <summary>The domain that it answers for, as <c>cluster.local</c>.</summary>
    public required string Domain { get; init; }

    /// <summary>The pods behind it.</summary>
    public required IReadOnlyList<IPAddress> DnsPods { get; init; }

    /// <summary>An image that a pod of kube-system is made of, by the name that it was pulled with.</summary>
    public string? Image { get; init; }

    /// <exception cref="SealerException">The API does not answer there, or cannot be understood.</exception>
    public static async Task<ClusterView> ReadAsync(string cluster, IHost plane, CancellationToken cancellationToken)
    {
        const string between = "printf '\\nsealer-part\\n'";
        var script = $"""
            {LiveCluster.Kubectl} get nodes -o json || exit 1
            {between}
            {LiveCluster.Kubectl} -n kube-system get pods -o json || exit 1
            {between}
            {LiveCluster.Kubectl} -n kube-system get service kube-dns -o json --ignore-not-found || exit 1
            {between}
            {LiveCluster.Kubectl} -n kube-system get endpoints kube-dns -o json --ignore-not-found || exit 1
            {between}
            {LiveCluster.Kubectl} -n kube-system get configmap kubeadm-config -o json --ignore-not-found || exit 1
            """;
        var result = await plane.RunAsync(new HostCommand(script) { Elevated = true, Timeout = 2 * KubernetesDelivery.Patience, MaxOutput = MaxOutput }, cancellationToken).ConfigureAwait(false);
        var parts = result.Require("ask the cluster's API").Output.Split(Part);
        if (parts.Length != 5 || result.Truncated)
            throw NotReadable(cluster, plane);
        try
        {
            var pods = (Node(parts[1])?["items"] as JsonArray ?? []).OfType<JsonObject>().Select(SystemPod.Of).ToList();
            return new ClusterView
            {
                Nodes = NodeReader.Read(cluster, parts[0]),
                Pods = pods,
                Dns = AddressOf(Node(parts[2])?["spec"]?["clusterIP"]),
                DnsPods =
                [
                    .. (Node(parts[3])?["subsets"] as JsonArray ?? []).SelectMany(subset => (subset?["addresses"] as JsonArray ?? []).Concat(subset?["notReadyAddresses"] as JsonArray ?? []))
                        .Select(address => AddressOf(address?["ip"])).OfType<IPAddress>(),
                ],
                Domain = DomainOf($"{Node(parts[4])?["data"]?["ClusterConfiguration"]}"),
                Image = pods.Where(pod => IsName(pod.Image)).OrderByDescending(pod => pod.App == "kube-proxy").FirstOrDefault()?.Image,
            };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or ArgumentException)
        {
            throw NotReadable(cluster, plane);
        }
    }

    private static JsonNode? Node(string text) => string.IsNullOrWhiteSpace(text) ? null : JsonNode.Parse(text);

    private static IPAddress? AddressOf(JsonNode? node) => IPAddress.TryParse($"{node}", out var address) ? address : null;

    // What becomes an argument of a command is a name and no option.
    private static bool IsName(string image) => image.Length is > 0 and < 512 && char.IsAsciiLetterOrDigit(image[0]) && image.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or '/' or ':' or '@');

    // What becomes part of a question to a name server is a name.
    private static string DomainOf(string settings)
    {
        try
        {
            var said = Sealer.Kubernetes.Kubeadm.KubeadmText.Read(settings, "kubeadm-config").FirstOrDefault()?.Content["networking"]?["dnsDomain"]?.ToString();
            return said is not null && Certificates.SubjectName.IsName(said) ? said : "cluster.local";
        }
        catch (SealerException)
        {
            return "cluster.local";
        }
    }

    private static SealerException NotReadable(string cluster, IHost plane) =>
        new("ClusterNotReadable", ErrorKind.InvalidContent, $"What the API of the cluster {cluster} says on {plane.Name} cannot be read.", plane.Name);
}

/// <summary>A pod of kube-system.</summary>
internal sealed record SystemPod(string Name, string Node, string Component, string App, string Image, bool IsReady, string State)
{
    public static SystemPod Of(JsonObject pod)
    {
        var (labels, status) = (pod["metadata"]?["labels"], pod["status"]);
        var phase = $"{status?["phase"]}";
        var isReady = phase == "Succeeded" || (status?["conditions"] as JsonArray ?? []).Any(condition => $"{condition?["type"]}" == "Ready" && $"{condition?["status"]}" == "True");
        var waiting = (status?["containerStatuses"] as JsonArray ?? []).Select(container => container?["state"]?["waiting"]?["reason"] ?? container?["state"]?["terminated"]?["reason"]).FirstOrDefault(reason => reason is not null);
        return new SystemPod(
            $"{pod["metadata"]?["name"]}", $"{pod["spec"]?["nodeName"]}", $"{labels?["component"]}", $"{labels?["k8s-app"]}",
            $"{(pod["spec"]?["containers"] as JsonArray)?.FirstOrDefault()?["image"]}", isReady, $"{waiting ?? phase}");
    }
}
