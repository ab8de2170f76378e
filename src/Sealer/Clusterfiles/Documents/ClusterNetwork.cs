using System.Net;

namespace Sealer.Clusterfiles.Documents;

/// <summary>The networks of a cluster, as the variables <c>PodCIDR</c> and <c>SvcCIDR</c> say.</summary>
public sealed record ClusterNetwork
{
    /// <summary>The networks of pods, one a family; empty: the image's.</summary>
    public IReadOnlyList<IPNetwork> PodNetworks { get; init => field = Listed.Of(value); } = [];

    /// <summary>The networks of services, one a family; empty: the image's.</summary>
    public IReadOnlyList<IPNetwork> ServiceNetworks { get; init => field = Listed.Of(value); } = [];

    /// <summary>Address of the API inside of the cluster: the first of the first service network.</summary>
    public IPAddress? KubernetesServiceAddress { get; init; }

    /// <summary>Address of the DNS inside of the cluster: the tenth of the first service network.</summary>
    public IPAddress? DnsServiceAddress { get; init; }

    /// <summary>True with <c>IPv6DualStack=true</c>, or where pods or services have networks of both families.</summary>
    public bool IsDualStack { get; init; }
}
