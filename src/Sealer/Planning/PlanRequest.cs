using Sealer.Certificates;
using Sealer.Clusterfiles;
using Sealer.Clusterfiles.Documents;

namespace Sealer.Planning;

/// <summary>All that a plan is made from.</summary>
public sealed record PlanRequest
{
    /// <summary>How long a plugin may run unless told otherwise.</summary>
    public static readonly TimeSpan DefaultPluginTimeout = TimeSpan.FromMinutes(30);

    /// <summary>How long what an application starts may take until it is ready, unless told otherwise: as long as helm waits.</summary>
    public static readonly TimeSpan DefaultAppTimeout = TimeSpan.FromMinutes(5);

    /// <summary>The cluster as it shall be.</summary>
    public required ClusterSpec Spec { get; init; }

    /// <summary>Where it was read, or null.</summary>
    public string? Clusterfile { get; init; }

    /// <summary>Digest of what was read.</summary>
    public required string ClusterfileDigest { get; init; }

    /// <summary>The image's name, or null where no content is delivered.</summary>
    public string? Image { get; init; }

    /// <summary>Digest of its manifest or index.</summary>
    public string? ImageDigest { get; init; }

    /// <summary>Plugins of the Clusterfile and of the image.</summary>
    public IReadOnlyList<PluginSpec> Plugins { get; init; } = [];

    /// <summary>The variables of a host's plugins.</summary>
    public Func<HostSpec, IReadOnlyList<EnvironmentVariable>> Environment { get; init; } = _ => [];

    /// <summary>The Kubernetes that the image has; null where it has none, or none is wanted.</summary>
    public KubernetesRequest? Kubernetes { get; init; }

    /// <summary>What a registry that is there already has of the image; null where none is filled, or it was not asked.</summary>
    public ObservedRegistry? Registry { get; init; }

    /// <summary>What the cluster shall keep of itself; null where it keeps nothing.</summary>
    internal ClusterState? State { get; init; }

    /// <summary>Only certificates are meant, and this of them; null where all that differs is.</summary>
    public CertificateRenewal? Renewal { get; init; }

    /// <summary>Names of API servers' certificates that kubeadm knows, in the cluster; null where nobody could ask.</summary>
    public IReadOnlyList<string>? ListedNames { get; init => field = value is null ? null : Listed.Of(value); }

    /// <summary>The hosts as they were found, in the order of the Clusterfile.</summary>
    public required IReadOnlyList<ObservedHost> Hosts { get; init; }

    /// <summary>How long a plugin may run.</summary>
    public TimeSpan PluginTimeout { get; init; } = DefaultPluginTimeout;

    /// <summary>How long what an application starts may take until it is ready; null: nobody waits for it.</summary>
    public TimeSpan? AppTimeout { get; init; } = DefaultAppTimeout;

    /// <summary>What estimates are made with.</summary>
    public PlanRates Rates { get; init; } = new();

    /// <summary>When the hosts were asked.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>What else should be known, in whole sentences.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}
