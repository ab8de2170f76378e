namespace Sealer.Kubernetes.BaseImages;

/// <summary>What connects a cluster's pods.</summary>
public enum BaseImageNetwork
{
    /// <summary>Calico's manifest: Kubernetes 1.21 and later.</summary>
    Calico,

    /// <summary>Flannel's manifest.</summary>
    Flannel,

    /// <summary>Nothing: the image that is built on this one brings it.</summary>
    None,
}
