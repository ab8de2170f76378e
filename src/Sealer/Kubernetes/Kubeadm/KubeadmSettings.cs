using Sealer.Certificates;
using Sealer.Clusterfiles.Documents;

namespace Sealer.Kubernetes.Kubeadm;

/// <summary>All that kubeadm's documents are made from.</summary>
public sealed record KubeadmSettings
{
    /// <summary>The cluster as it shall be; its own documents of kubeadm win over everything else.</summary>
    public required ClusterSpec Spec { get; init; }

    /// <summary>The version of Kubernetes that the image holds.</summary>
    public required KubernetesVersion Version { get; init; }

    /// <summary>The hosts, in the order of the Clusterfile; the first control plane is where the cluster is made.</summary>
    public required IReadOnlyList<KubeadmNode> Nodes { get; init; }

    /// <summary><c>containerd</c>, <c>docker</c> or another name of a script.</summary>
    public string Runtime { get; init; } = "containerd";

    /// <summary>The cluster's variables (<see cref="Sealer.Clusterfiles.ClusterEnvironment.OfCluster"/>), of which the networks and the names of the certificate are.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>What the image itself says, in <c>etc/kubeadm.yml</c>: wins over the defaults.</summary>
    public IReadOnlyList<KubeadmDocument> ImageDocuments { get; init; } = [];

    /// <summary>Whether the image's registry has a repository, as <c>coredns/coredns</c>; null where that is not known.</summary>
    public Func<string, bool>? HasRepository { get; init; }

    /// <summary>The image has <c>statics/audit-policy.yml</c>, so that the API server keeps an audit log.</summary>
    public bool HasAuditPolicy { get; init; }

    /// <summary>kube-proxy's mode; see <see cref="ProxyMode"/>.</summary>
    public string ProxyMode { get; init; } = LoadBalancing.ProxyMode.Ipvs;

    /// <summary>For how long certificates are signed, also those of kubelets that renew themselves.</summary>
    public TimeSpan CertificateLifetime { get; init; } = CertificatePolicy.HundredYears;
}
