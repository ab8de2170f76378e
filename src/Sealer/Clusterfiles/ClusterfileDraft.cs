using Sealer.Clusterfiles.Documents;

namespace Sealer.Clusterfiles;

/// <summary>The few things that a new Clusterfile begins with; <see cref="Clusterfile.Create"/> makes a checked cluster of it.</summary>
public sealed record ClusterfileDraft
{
    /// <summary>The cluster's name.</summary>
    public string Name { get; init; } = "my-cluster";

    /// <summary>The cluster image's name, or null.</summary>
    public string? Image { get; init; }

    /// <summary>Addresses and ranges (<c>10.0.0.2-10.0.0.4</c>) of control planes.</summary>
    public IReadOnlyList<string> ControlPlanes { get; init => field = Listed.Of(value); } = [];

    /// <summary>Addresses and ranges of workers.</summary>
    public IReadOnlyList<string> Workers { get; init => field = Listed.Of(value); } = [];

    /// <summary>Hosts that are known already, with roles and ways to reach them of their own; after the others.</summary>
    public IReadOnlyList<HostSpec> Hosts { get; init => field = Listed.Of(value); } = [];

    /// <summary>How all other hosts are reached.</summary>
    public SshSettings Ssh { get; init; } = new();

    /// <summary>Lines more in every host's <c>/etc/hosts</c>.</summary>
    public IReadOnlyList<HostAlias> HostAliases { get; init => field = Listed.Of(value); } = [];

    /// <summary>Variables.</summary>
    public IReadOnlyList<EnvironmentVariable> Environment { get; init => field = Listed.Of(value); } = [];

    /// <summary>The networks of pods, for example <c>100.64.0.0/10</c>; null: the image's.</summary>
    public string? PodNetwork { get; init; }

    /// <summary>The networks of services, for example <c>10.96.0.0/22</c>; null: the image's.</summary>
    public string? ServiceNetwork { get; init; }

    /// <summary><c>docker</c> or <c>containerd</c>; null: what the image says.</summary>
    public string? ContainerRuntime { get; init; }

    /// <summary>Where nodes fetch images.</summary>
    public RegistrySpec Registry { get; init; } = new(new LocalRegistrySpec(), null);

    /// <summary>Where clusters lie on hosts.</summary>
    public string DataRoot { get; init; } = ClusterSpec.DefaultDataRoot;

    /// <summary>Configurations of kubeadm, kubelet and kube-proxy, which win over all else.</summary>
    public IReadOnlyList<KubeadmDocument> KubeadmDocuments { get; init => field = Listed.Of(value); } = [];

    /// <summary>What is launched; null: what the image says; empty: nothing.</summary>
    public IReadOnlyList<string>? ApplicationNames { get; init => field = Listed.Of(value); }
}
