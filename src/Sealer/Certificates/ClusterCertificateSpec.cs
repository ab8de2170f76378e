using System.Net;

namespace Sealer.Certificates;

/// <summary>What the certificates of one control plane are made from; the fields of kubeadm's configuration that they depend on.</summary>
public sealed record ClusterCertificateSpec
{
    /// <summary>For example 1.20.2; what kubeadm fills in changed with 1.29.</summary>
    public required Version KubernetesVersion { get; init; }

    /// <summary><c>nodeRegistration.name</c>.</summary>
    public required string NodeName { get; init; }

    /// <summary><c>localAPIEndpoint.advertiseAddress</c>.</summary>
    public required IPAddress AdvertiseAddress { get; init; }

    /// <summary><c>localAPIEndpoint.bindPort</c>.</summary>
    public int BindPort { get; init; } = 6443;

    /// <summary><c>controlPlaneEndpoint</c>: a host or an address, with or without a port.</summary>
    public string? ControlPlaneEndpoint { get; init; }

    /// <summary><c>networking.serviceSubnet</c>, one a family; the first address of each is the API server's.</summary>
    public IReadOnlyList<string> ServiceSubnets { get; init; } = ["10.96.0.0/12"];

    /// <summary><c>networking.dnsDomain</c>.</summary>
    public string DnsDomain { get; init; } = "cluster.local";

    /// <summary><c>clusterName</c>, which the kubeconfigs name.</summary>
    public string ClusterName { get; init; } = "kubernetes";

    /// <summary><c>apiServer.certSANs</c>: the virtual address, where balancers listen, the user's.</summary>
    public IReadOnlyList<string> ApiServerSans { get; init; } = [];

    /// <summary><c>etcd.local.serverCertSANs</c>.</summary>
    public IReadOnlyList<string> EtcdServerSans { get; init; } = [];

    /// <summary><c>etcd.local.peerCertSANs</c>.</summary>
    public IReadOnlyList<string> EtcdPeerSans { get; init; } = [];

    /// <summary>etcd is elsewhere and has certificates of its own.</summary>
    public bool ExternalEtcd { get; init; }

    /// <summary>
    /// True for the control plane on which <c>kubeadm init</c> will run: it needs <c>kubelet.conf</c> and, since 1.29,
    /// <c>super-admin.conf</c> too. On others they are looked at where they stand: joining makes the first itself and fails
    /// where it is there already, and the second is meant to be deleted.
    /// </summary>
    public bool ForInit { get; init; }

    /// <summary>Where the files lie.</summary>
    public CertificatePaths Paths { get; init; } = new();
}
