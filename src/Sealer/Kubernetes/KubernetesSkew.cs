namespace Sealer.Kubernetes;

/// <summary>
/// Which versions of Kubernetes' parts may work together. From Kubernetes' version skew policy
/// (kubernetes/website content/en/releases/version-skew-policy.md) and <c>MinimumKubeletVersion</c> of
/// cmd/kubeadm/app/constants/constants.go, which is 3 minors since v1.28.0 and was 2 (v1.27.0: -1 for kubeadm itself).
/// </summary>
public static class KubernetesSkew
{
    /// <summary>Why a kubelet cannot work with an API server, as a clause; null where it can.</summary>
    public static string? WhyNotKubelet(KubernetesVersion apiServer, KubernetesVersion kubelet)
    {
        ArgumentNullException.ThrowIfNull(apiServer);
        ArgumentNullException.ThrowIfNull(kubelet);
        var behind = KubernetesRelease.Of(apiServer).OldestKubeletBehind;
        if (kubelet.Major != apiServer.Major || kubelet.Minor > apiServer.Minor)
            return $"a kubelet {kubelet} is newer than the API server {apiServer}";
        return apiServer.Minor - kubelet.Minor > behind
            ? $"a kubelet {kubelet} is more than {behind} minor versions behind the API server {apiServer}"
            : null;
    }

    /// <summary>Why kubeadm cannot make or join a cluster of a version, as a clause; null where it can: of its own minor version, or of the one before.</summary>
    public static string? WhyNotKubeadm(KubernetesVersion kubeadm, KubernetesVersion cluster)
    {
        ArgumentNullException.ThrowIfNull(kubeadm);
        ArgumentNullException.ThrowIfNull(cluster);
        return kubeadm.Major == cluster.Major && kubeadm.Minor - cluster.Minor is 0 or 1
            ? null
            : $"kubeadm {kubeadm} handles Kubernetes {kubeadm.Release} and the minor version before it, not {cluster}";
    }

    /// <summary>Why a cluster cannot go from one version to another in one step, as a clause; null where it can, also where there is nothing to do.</summary>
    public static string? WhyNotUpgrade(KubernetesVersion from, KubernetesVersion to)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(to);
        if (to < from)
            return $"{to} is older than {from}, and Kubernetes does not go back";
        return to.Major != from.Major || to.Minor - from.Minor > 1
            ? $"from {from} to {to} is more than one minor version; go by way of {from.Major}.{from.Minor + 1}"
            : null;
    }
}
