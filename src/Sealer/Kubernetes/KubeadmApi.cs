namespace Sealer.Kubernetes;

/// <summary>A version of kubeadm's configuration.</summary>
public enum KubeadmApi
{
    /// <summary><c>v1beta2</c>.</summary>
    V1Beta2,

    /// <summary><c>v1beta3</c>.</summary>
    V1Beta3,

    /// <summary><c>v1beta4</c>: arguments are lists.</summary>
    V1Beta4,
}
