using System.Globalization;

namespace Sealer.Kubernetes.BaseImages;

/// <summary>The versions of what a base image is made of, without a leading <c>v</c>.</summary>
public sealed record BaseImageVersions
{
    /// <summary>Of containerd/containerd.</summary>
    public required string Containerd { get; init; }

    /// <summary>Of opencontainers/runc.</summary>
    public required string Runc { get; init; }

    /// <summary>Of kubernetes-sigs/cri-tools.</summary>
    public required string Crictl { get; init; }

    /// <summary>Of containernetworking/plugins.</summary>
    public required string CniPlugins { get; init; }

    /// <summary>Of helm/helm.</summary>
    public required string Helm { get; init; }

    /// <summary>Of distribution/distribution.</summary>
    public required string Registry { get; init; }

    /// <summary>
    /// What is taken for a version of Kubernetes where nothing else is asked for. containerd 1.7 speaks both versions of the CRI, which
    /// kubelets before 1.26 need (RELEASES.md of containerd); the releases are those of kubespray's checksums.yml.
    /// </summary>
    public static BaseImageVersions Of(KubernetesVersion kubernetes)
    {
        ArgumentNullException.ThrowIfNull(kubernetes);
        return new BaseImageVersions
        {
            Containerd = kubernetes.IsAtLeast(1, 33) ? "2.2.7" : "1.7.34",
            Runc = "1.3.6",
            Crictl = string.Create(CultureInfo.InvariantCulture, $"1.{Math.Min(kubernetes.Minor, 36)}.0"),
            CniPlugins = "1.8.0",
            Helm = "3.18.4",
            Registry = "2.8.3",
        };
    }
}
