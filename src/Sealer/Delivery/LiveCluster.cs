using System.Text.Json;
using System.Text.Json.Nodes;
using Sealer.Delivery.Kubernetes;
using Sealer.Hosts;
using Sealer.Kubernetes;

namespace Sealer.Delivery;

/// <summary>Asks a cluster's API how it is, over SSH on its control planes: the controller need not reach the API.</summary>
public static class LiveCluster
{
    /// <summary>Where a cluster keeps what was launched on it: a configmap in <c>kube-system</c>.</summary>
    internal const string Applications = "sealer-applications";

    /// <summary>kubectl with all rights, on a control plane.</summary>
    internal const string Kubectl = "kubectl --kubeconfig " + AdminConfig + " --request-timeout 20s";

    /// <summary>The same, whose requests last as long as they do.</summary>
    internal const string PatientKubectl = "kubectl --kubeconfig " + AdminConfig + " --request-timeout 0";

    /// <summary>The kubeconfig with all rights that every control plane has.</summary>
    internal const string AdminConfig = "/etc/kubernetes/admin.conf";

    private const string Between = "\nsealer-applications\n";
    private const int MaxOutput = 64 << 20;

    /// <summary>The first control plane whose API answers tells of them all.</summary>
    /// <param name="cluster">The cluster's name.</param>
    /// <param name="planes">Its control planes.</param>
    /// <param name="clock">Says when; null for this machine's.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="SealerException"><c>ClusterSilent</c>: none answers, with what the first one says.</exception>
    public static async Task<ClusterStatus> LookAsync(string cluster, IEnumerable<IHost> planes, TimeProvider? clock = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(planes);
        SealerException? first = null;
        foreach (var plane in planes)
        {
            try
            {
                return await ReadAsync(plane, cluster, clock ?? TimeProvider.System, cancellationToken).ConfigureAwait(false);
            }
            catch (SealerException e)
            {
                first ??= e;
            }
        }

        throw new SealerException(
            "ClusterSilent", ErrorKind.ResourceUnavailable,
            $"No control plane of the cluster {cluster} tells how it is. {first?.Message ?? "It has none."}", cluster, first);
    }

    /// <summary>Digests by name, of the configmap's JSON; none of none.</summary>
    internal static IReadOnlyDictionary<string, string> ApplicationsOf(string json)
    {
        try
        {
            return (json.Trim().Length == 0 ? [] : JsonNode.Parse(json)?["data"] as JsonObject ?? []).ToDictionary(pair => pair.Key, pair => $"{pair.Value}", StringComparer.Ordinal);
        }
        catch (JsonException)
        {
            // Somebody wrote there: nothing is known to have been launched.
            return new Dictionary<string, string>();
        }
    }

    private static async Task<ClusterStatus> ReadAsync(IHost plane, string cluster, TimeProvider clock, CancellationToken cancellationToken)
    {
        var script = $"{Kubectl} get nodes -o json || exit 1\nprintf '{Between.Replace("\n", "\\n", StringComparison.Ordinal)}'\n{Kubectl} -n kube-system get configmap {Applications} -o json --ignore-not-found";
        var result = await plane.RunAsync(new HostCommand(script) { Elevated = true, Timeout = KubernetesDelivery.Patience, MaxOutput = MaxOutput }, cancellationToken).ConfigureAwait(false);
        var text = result.Require("ask the cluster's API").Output;
        var middle = text.IndexOf(Between, StringComparison.Ordinal);
        if (middle < 0 || result.Truncated)
            throw new SealerException("NodesNotReadable", ErrorKind.InvalidContent, $"What {plane.Name} says of the nodes of {cluster} cannot be read.", plane.Name);
        return new ClusterStatus(clock.GetUtcNow()) { Nodes = NodeReader.Read(cluster, text[..middle]), Applications = ApplicationsOf(text[(middle + Between.Length)..]) };
    }
}
