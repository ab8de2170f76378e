using System.Net;

namespace Sealer.Kubernetes.Kubeadm;

/// <summary>A host as kubeadm's documents need to know it.</summary>
public sealed record KubeadmNode
{
    /// <summary>Its address in the cluster.</summary>
    public required IPAddress Address { get; init; }

    /// <summary>What it calls itself; the node's name is made of it, unless <c>UseIPasNodeName</c> says otherwise.</summary>
    public required string HostName { get; init; }

    /// <summary>It runs an API server.</summary>
    public required bool IsControlPlane { get; init; }

    /// <summary>Its kernel's control groups are of version 1.</summary>
    public bool HasCgroupV1 { get; init; }

    /// <summary>A path that stands in <c>/etc/sealerio/cri/socket-path</c> there, or null.</summary>
    public string? CustomSocket { get; init; }
}
