namespace Sealer.Images;

/// <summary>The names under which sealer keeps its data in a manifest's annotations and a config's labels.</summary>
public static class SealerAnnotations
{
    /// <summary>Manifest annotation: JSON of <see cref="ImageExtension"/>. Without it an image is not a cluster image.</summary>
    public const string Extension = "sealer.image.extension";

    /// <summary>Manifest annotation: JSON array of <see cref="ContainerImageEntry"/>; absent when there are none.</summary>
    public const string ContainerImages = "sealer.image.container.images";

    /// <summary>
    /// Manifest annotation of ours: JSON object of the container images that lie elsewhere in <c>registry/</c> than under their
    /// path without the domain, name to repository; absent when there are none.
    /// </summary>
    public const string ContainerImagePaths = "sealer.image.container.images.paths";

    /// <summary>Label: version of the sealer that built the image.</summary>
    public const string VersionLabel = "io.sealer.version";

    /// <summary>Label: <c>kubernetes</c> (default), <c>k0s</c> or <c>k3s</c>.</summary>
    public const string RuntimeTypeLabel = "cluster.alpha.sealer.io/cluster-runtime-type";

    /// <summary>Label: version of Kubernetes in the image.</summary>
    public const string RuntimeVersionLabel = "cluster.alpha.sealer.io/cluster-runtime-version";

    /// <summary>Label: <c>docker</c> (default) or <c>containerd</c>.</summary>
    public const string ContainerRuntimeTypeLabel = "cluster.alpha.sealer.io/container-runtime-type";

    /// <summary>Label: version of the container runtime in the image.</summary>
    public const string ContainerRuntimeVersionLabel = "cluster.alpha.sealer.io/container-runtime-version";

    /// <summary>Label prefix, followed by the application's name, of a CNI.</summary>
    public const string CniLabelPrefix = "cluster.alpha.sealer.io/kube-cni-";

    /// <summary>Label prefix, followed by the application's name, of a CSI.</summary>
    public const string CsiLabelPrefix = "cluster.alpha.sealer.io/kube-csi-";

    /// <summary>Label: the Kubernetes versions that KUBEVERSION allows.</summary>
    public const string SupportedKubeVersionLabel = "app.alpha.sealer.io/supported-kube-version";
}
