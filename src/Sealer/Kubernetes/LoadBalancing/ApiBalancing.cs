using System.Net;
using System.Net.Sockets;

namespace Sealer.Kubernetes.LoadBalancing;

/// <summary>How one worker reaches the API servers, and why so.</summary>
/// <param name="Kind">How.</param>
/// <param name="Address">What <see cref="DefaultDomain"/> stands for in <c>/etc/hosts</c> there; null where the user's own name is used.</param>
/// <param name="Image">The image of what balances; null where nothing of ours does.</param>
/// <param name="Reason">Why, for people: a clause.</param>
public sealed record ApiBalancing(ApiBalancingKind Kind, IPAddress? Address, string? Image, string Reason)
{
    /// <summary>The API's name inside of the cluster: sealer's.</summary>
    public const string DefaultDomain = "apiserver.cluster.local";

    /// <summary>The API's port.</summary>
    public const int DefaultPort = 6443;

    private static readonly IPAddress Four = IPAddress.Parse("10.103.97.2");
    private static readonly IPAddress Six = IPAddress.Parse("1248:4003:10bb:6a01:83b9:6360:c66d:2");

    /// <summary>The virtual address of the API and of the registry: sealer's, or that of the variables <c>IPvsVIPv4</c> and <c>IPvsVIPv6</c>.</summary>
    /// <param name="family">The hosts' family.</param>
    /// <param name="environment">The cluster's variables.</param>
    public static IPAddress VirtualAddress(AddressFamily family, IReadOnlyDictionary<string, string> environment)
    {
        ArgumentNullException.ThrowIfNull(environment);
        var (variable, usual) = family == AddressFamily.InterNetworkV6 ? ("IPvsVIPv6", Six) : ("IPvsVIPv4", Four);
        return IPAddress.TryParse(environment.GetValueOrDefault(variable), out var address) && address.AddressFamily == family ? address : usual;
    }

    /// <summary>Decides for one worker.</summary>
    /// <param name="facts">What is known of cluster and image.</param>
    /// <param name="hasIpvs">The worker's kernel has ipvs, loaded or to be loaded.</param>
    /// <exception cref="SealerException"><c>NoApiBalancer</c>: there are several control planes, and the image has nothing that could balance them there.</exception>
    public static ApiBalancing Of(ApiBalancingFacts facts, bool hasIpvs)
    {
        ArgumentNullException.ThrowIfNull(facts);
        if (facts.ExternalEndpoint is { } external)
            return new ApiBalancing(ApiBalancingKind.External, null, null, $"the Clusterfile names {external} as controlPlaneEndpoint");
        if (hasIpvs && facts.Images.Lvscare is { } lvscare)
            return new ApiBalancing(ApiBalancingKind.Lvscare, facts.VirtualAddress, lvscare, "the kernel has ipvs, and the image has sealer's lvscare");
        if (hasIpvs && facts.Images.Keepalived is { } keepalived)
            return new ApiBalancing(ApiBalancingKind.Keepalived, facts.VirtualAddress, keepalived, "the kernel has ipvs, and the image has keepalived");
        if (facts.Images.Proxy is { } proxy)
        {
            var loopback = facts.VirtualAddress.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Loopback : IPAddress.Loopback;
            return new ApiBalancing(ApiBalancingKind.LocalProxy, loopback, proxy, hasIpvs ? "the image has nothing that keeps rules of ipvs" : "the kernel has no ipvs");
        }

        if (facts.ControlPlanes is [var only])
            return new ApiBalancing(ApiBalancingKind.Direct, only, null, "there is one control plane, and the image has nothing that balances more");
        throw new SealerException(
            "NoApiBalancer", ErrorKind.NotSupported,
            hasIpvs
                ? $"The image has nothing that balances {facts.ControlPlanes.Count} control planes for a worker: neither {BalancerImages.Names}. Build it on a base image that has one of them, or name a balancer of your own as controlPlaneEndpoint in a ClusterConfiguration."
                : $"The kernel of a worker has no ipvs, and the image has no balancer of TCP ({BalancerImages.ProxyRepositories[0]}) for {facts.ControlPlanes.Count} control planes. Build it on a base image that has one, give the worker a kernel with ipvs, or name a balancer of your own as controlPlaneEndpoint in a ClusterConfiguration.");
    }
}

/// <summary>What the decision is made from, the same for all workers.</summary>
public sealed record ApiBalancingFacts
{
    /// <summary>The addresses of the control planes.</summary>
    public required IReadOnlyList<IPAddress> ControlPlanes { get; init => field = Listed.Of(value); }

    /// <summary>The address that balancers with ipvs serve.</summary>
    public required IPAddress VirtualAddress { get; init; }

    /// <summary>What the image has.</summary>
    public required BalancerImages Images { get; init; }

    /// <summary>What the user names, or null.</summary>
    public string? ExternalEndpoint { get; init; }
}
