using System.Net;
using Sealer.Clusterfiles;
using Sealer.Clusterfiles.Documents;
using Sealer.Kubernetes;
using Sealer.Kubernetes.Kubeadm;
using Sealer.Kubernetes.LoadBalancing;

namespace Sealer.Planning;

/// <summary>What a plan needs to know to make a Kubernetes of an image, or to change one.</summary>
public sealed record KubernetesRequest
{
    /// <summary>The image's part.</summary>
    public required KubernetesImage Image { get; init; }

    /// <summary>kubeadm's documents.</summary>
    public required KubeadmConfiguration Kubeadm { get; init; }

    /// <summary>The hosts as kubeadm knows them, by address.</summary>
    public required IReadOnlyDictionary<string, KubeadmNode> Nodes { get; init; }

    /// <summary>How workers may reach the API servers.</summary>
    public required ApiBalancingFacts Balancing { get; init; }

    /// <summary>The cluster's variables.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>The control plane that the cluster is made on, or that others join by: one that is in it already, else the first; null where none answers.</summary>
    public string? Maker { get; init; }

    /// <summary>The maker has a cluster already.</summary>
    public bool Exists { get; init; }

    /// <summary>What the cluster's API tells; null where there is none, or where nobody asked.</summary>
    public ClusterStatus? State { get; init; }

    /// <summary>What the cluster keeps of itself; null where it keeps nothing, or where nobody asked.</summary>
    internal ClusterState? Kept { get; init; }

    /// <summary>Nodes that go.</summary>
    public IReadOnlyList<LeavingNode> Leaving { get; init => field = Listed.Of(value); } = [];

    /// <summary>Why the API of a cluster that exists could not be asked; null where it was, or need not be.</summary>
    public string? Silence { get; init; }

    /// <summary>Puts it together.</summary>
    /// <param name="spec">The cluster.</param>
    /// <param name="image">The image's part.</param>
    /// <param name="hosts">The hosts as they were found.</param>
    /// <param name="environment">The cluster's variables.</param>
    /// <exception cref="SealerException">Those of <see cref="KubeadmConfiguration.Create"/>.</exception>
    public static KubernetesRequest Of(ClusterSpec spec, KubernetesImage image, IReadOnlyList<ObservedHost> hosts, IReadOnlyDictionary<string, string> environment)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(hosts);
        // A plan knows of all hosts, and who carries it out asks only those that answered then: what is made of them must be the same.
        var all = spec.Hosts.Select(host => hosts.FirstOrDefault(known => known.Spec.Address.Equals(host.Address)) ?? new ObservedHost { Spec = host }).ToList();
        var planes = all.Where(host => host.Spec.IsControlPlane).ToList();
        var member = planes.Find(host => host is { IsKnown: true, State.Kubernetes.IsControlPlane: true });
        // Only the first makes one: where it does not answer, somebody might have made one there.
        var maker = member ?? planes.Take(1).FirstOrDefault(host => host.IsKnown);
        var nodes = all.OrderByDescending(host => host == maker).Select(NodeOf).ToList();
        var known = all.Where(host => host.IsKnown).ToList();
        var settings = new KubeadmSettings
        {
            Spec = spec,
            Version = image.Version,
            Nodes = nodes,
            Runtime = image.Runtime,
            Environment = environment,
            ImageDocuments = image.Documents,
            HasRepository = name => image.TagsOf(name).Count > 0,
            HasAuditPolicy = image.HasAuditPolicy,
            ProxyMode = ProxyMode.Choose(KubernetesRelease.Of(image.Version), known.Select(host => host.Facts!.HasIpvs)),
        };
        var kubeadm = KubeadmConfiguration.Create(settings);
        return new KubernetesRequest
        {
            Image = image,
            Kubeadm = kubeadm,
            Nodes = nodes.ToDictionary(node => node.Address.ToString(), StringComparer.Ordinal),
            Environment = environment,
            Maker = maker?.Name,
            Exists = member is not null,
            Balancing = new ApiBalancingFacts
            {
                ControlPlanes = [.. planes.Select(host => host.Spec.Address)],
                VirtualAddress = ApiBalancing.VirtualAddress(spec.AddressFamily, environment),
                Images = BalancerImages.Find(image.TagsOf, spec.Registry.Endpoint),
                ExternalEndpoint = kubeadm.HasExternalEndpoint ? kubeadm.ControlPlaneEndpoint : null,
            },
        };
    }

    /// <summary>How a worker reaches the API servers.</summary>
    /// <exception cref="SealerException"><c>NoApiBalancer</c>.</exception>
    public ApiBalancing BalancingOf(ObservedHost worker)
    {
        ArgumentNullException.ThrowIfNull(worker);
        return ApiBalancing.Of(Balancing, worker.Facts?.HasIpvs ?? false);
    }

    /// <summary>What is balanced on a worker, where something of ours does it.</summary>
    public IReadOnlyList<BalancedService> ServicesOn(ClusterSpec spec, ApiBalancing balancing)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(balancing);
        if (balancing is not { Image: not null, Address: { } address })
            return [];
        var services = new List<BalancedService> { BalancedService.Api(address, Balancing.ControlPlanes) };
        if (RegistryHosts(spec) is { Count: > 1 } servers && spec.Registry.Local is { } local)
            services.Add(BalancedService.Registry(address, local.Port, servers, !local.IsInsecure));
        return services;
    }

    /// <summary>The hosts that serve the local registry.</summary>
    public static IReadOnlyList<IPAddress> RegistryHosts(ClusterSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return [.. spec.Hosts.Where(host => Planner.ServesRegistry(spec, host)).Select(host => host.Address)];
    }

    private static KubeadmNode NodeOf(ObservedHost host) => new()
    {
        Address = host.Spec.Address,
        HostName = host.Facts?.HostName ?? host.Name,
        IsControlPlane = host.Spec.IsControlPlane,
        HasCgroupV1 = host.Facts?.CgroupVersion == 1,
    };
}
