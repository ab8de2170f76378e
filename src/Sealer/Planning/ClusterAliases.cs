using System.Net;
using Sealer.Clusterfiles.Documents;
using Sealer.Kubernetes.LoadBalancing;

namespace Sealer.Planning;

/// <summary>The cluster's names in a host's <c>/etc/hosts</c>: the user's, that of the registry, and that of the API.</summary>
internal static class ClusterAliases
{
    /// <summary>The lines of a host.</summary>
    /// <param name="request">The plan's request.</param>
    /// <param name="host">The host.</param>
    /// <param name="joining">
    /// The lines for a host that is not in the cluster yet: what balances there is started by the kubelet, so until then API and
    /// registry are those of one control plane.
    /// </param>
    public static IReadOnlyList<HostAlias> Of(PlanRequest request, ObservedHost host, bool joining)
    {
        var spec = request.Spec;
        if (request.Kubernetes is not { Maker: { } maker } kubernetes)
            return spec.HostAliases;
        var aliases = new List<HostAlias>(spec.HostAliases);
        var balancing = host.Spec.IsControlPlane ? null : kubernetes.BalancingOf(host);
        if (spec.Registry is { Local: { } local, External: null } && !IPAddress.TryParse(local.Domain, out _) && KubernetesRequest.RegistryHosts(spec) is { Count: > 0 } servers)
        {
            var address = servers.Contains(host.Spec.Address) ? host.Spec.Address
                : !joining && servers.Count > 1 && balancing is { Image: not null, Address: { } balanced } ? balanced
                : servers.FirstOrDefault(server => server.ToString() == maker) ?? servers[0];
            aliases.Add(new HostAlias(address, [local.Domain]));
        }

        if (kubernetes.Balancing.ExternalEndpoint is null)
        {
            var own = host.Spec.IsControlPlane && (!joining || host.Name == maker) ? host.Spec.Address : null;
            aliases.Add(new HostAlias(own ?? (joining ? null : balancing?.Address) ?? IPAddress.Parse(maker), [ApiBalancing.DefaultDomain]));
        }

        return aliases;
    }
}
