using Sealer.Images;
using Sealer.Registries;

namespace Sealer.Kubernetes.BaseImages;

/// <summary>What base image to make.</summary>
public sealed record BaseImageOptions
{
    /// <summary>The version of Kubernetes.</summary>
    public required KubernetesVersion Kubernetes { get; init; }

    /// <summary>The image's name.</summary>
    public required ImageReference Tag { get; init; }

    /// <summary>
    /// Where upstream's files are: the address of a mirror or a folder, in which each lies at its upstream address without
    /// <c>https://</c> (<c>dl.k8s.io/release/v1.31.1/bin/linux/amd64/kubeadm</c>); null for upstream itself.
    /// </summary>
    public string? Source { get; init; }

    /// <summary>What to build for; none: Linux on this machine's processor.</summary>
    public IReadOnlyList<Platform> Platforms { get; init; } = [];

    /// <summary>What connects pods.</summary>
    public BaseImageNetwork Network { get; init; }

    /// <summary>A manifest, a file on this machine, that is taken for <see cref="Network"/>, whose name it has; null for upstream's.</summary>
    public string? NetworkManifest { get; init; }

    /// <summary>The versions of all else; null for <see cref="BaseImageVersions.Of"/>.</summary>
    public BaseImageVersions? Versions { get; init; }

    /// <summary>As of a build: archives that container images are taken from.</summary>
    public IReadOnlyList<string> ImageArchives { get; init; } = [];

    /// <summary>Labels of the image.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>How registries and mirrors are talked to.</summary>
    public RegistryOptions Registries { get; init; } = new();
}
