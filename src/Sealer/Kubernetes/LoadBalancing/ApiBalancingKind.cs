namespace Sealer.Kubernetes.LoadBalancing;

/// <summary>How a worker reaches the API servers.</summary>
public enum ApiBalancingKind
{
    /// <summary>There is one control plane and nothing that could balance: its address.</summary>
    Direct,

    /// <summary>Rules of ipvs for the virtual address, kept by sealer's lvscare.</summary>
    Lvscare,

    /// <summary>Rules of ipvs for the virtual address, kept by keepalived.</summary>
    Keepalived,

    /// <summary>A balancer of TCP on the host's own loopback address.</summary>
    LocalProxy,

    /// <summary>Something outside of the cluster, that the user names.</summary>
    External,
}
