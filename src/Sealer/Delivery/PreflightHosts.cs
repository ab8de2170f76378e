using System.Net;
using System.Text.Json.Nodes;
using Sealer.Clusterfiles.Documents;
using Sealer.Hosts;
using Sealer.Hosts.Checks;

namespace Sealer.Delivery;

/// <summary>What a cluster and its image ask of each of its hosts.</summary>
public static class PreflightHosts
{
    /// <summary>A host of a cluster.</summary>
    /// <param name="host">How it is reached.</param>
    /// <param name="target">What is known of it.</param>
    /// <param name="cluster">The cluster; null where none is known, and then it is asked what every node is asked.</param>
    /// <param name="image">What its image asks; null where that is not known.</param>
    public static PreflightHost Of(IHost host, HostTarget target, ClusterSpec? cluster, ImageNeeds? image)
    {
        ArgumentNullException.ThrowIfNull(target);
        var address = IPAddress.TryParse(target.Address, out var parsed) && !IPAddress.IsLoopback(parsed) ? parsed : null;
        var registry = cluster is not null && Serves(cluster, target) ? cluster.Registry.Local : null;
        var needs = new HostRequirements
        {
            Architectures = image?.Architectures ?? [],
            RootfsBytes = image is null ? 0 : image.RootfsBytes + (registry is null ? 0 : image.RegistryBytes),
            RootfsFiles = image?.Files ?? 0,
            ContainerImageBytes = image?.RegistryBytes ?? 0,
            RegistryPort = registry?.Port,
        };
        if (cluster is not null)
        {
            needs = needs with
            {
                Cluster = cluster.Name,
                DataRoot = cluster.DataRoot,
                RuntimeRoot = cluster.ContainerRuntime == "docker" ? "/var/lib/docker" : needs.RuntimeRoot,
                PodNetworks = cluster.Network.PodNetworks.Count > 0 ? cluster.Network.PodNetworks : Networks(cluster, "podSubnet"),
                ServiceNetworks = cluster.Network.ServiceNetworks.Count > 0 ? cluster.Network.ServiceNetworks : Networks(cluster, "serviceSubnet"),
            };
        }

        return new PreflightHost(host, target.Roles, needs) { Address = address };
    }

    private static bool Serves(ClusterSpec cluster, HostTarget target) => cluster.Registry.Local is { } local
        && (local.IsHighlyAvailable ? cluster.ControlPlanes : cluster.ControlPlanes.Take(1)).Any(h => h.Address.ToString() == target.Address);

    // As kubeadm has them: "10.244.0.0/16,fd00::/64".
    private static IReadOnlyList<IPNetwork> Networks(ClusterSpec cluster, string key) =>
    [
        .. cluster.KubeadmDocuments.Where(d => d.Kind == "ClusterConfiguration")
            .Select(d => d.Content["networking"] is JsonObject networking && networking[key] is JsonValue value && value.TryGetValue<string>(out var text) ? text : "")
            .SelectMany(text => text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            .Select(text => IPNetwork.TryParse(text, out var network) ? network : (IPNetwork?)null).OfType<IPNetwork>(),
    ];
}
