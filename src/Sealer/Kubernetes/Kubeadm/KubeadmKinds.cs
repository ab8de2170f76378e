namespace Sealer.Kubernetes.Kubeadm;

/// <summary>The kinds of documents that kubeadm reads.</summary>
public static class KubeadmKinds
{
    /// <summary>What is of the first control plane only.</summary>
    public const string Init = "InitConfiguration";

    /// <summary>What is of a host that joins.</summary>
    public const string Join = "JoinConfiguration";

    /// <summary>What is of the whole cluster.</summary>
    public const string Cluster = "ClusterConfiguration";

    /// <summary>Every kubelet's.</summary>
    public const string Kubelet = "KubeletConfiguration";

    /// <summary>Every kube-proxy's.</summary>
    public const string Proxy = "KubeProxyConfiguration";

    /// <summary>Those of kubeadm itself, whose version is that of its API.</summary>
    internal static bool IsKubeadms(string kind) => kind is Init or Join or Cluster;
}
