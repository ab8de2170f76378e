namespace Sealer.Images;

/// <summary>The media types of OCI and of Docker's second schema that are read or written.</summary>
public static class MediaType
{
    /// <summary>An image manifest of OCI.</summary>
    public const string OciManifest = "application/vnd.oci.image.manifest.v1+json";

    /// <summary>An index (several platforms under one name) of OCI.</summary>
    public const string OciIndex = "application/vnd.oci.image.index.v1+json";

    /// <summary>An image config of OCI.</summary>
    public const string OciConfig = "application/vnd.oci.image.config.v1+json";

    /// <summary>OCI's empty JSON object, the config of artifacts.</summary>
    public const string OciEmpty = "application/vnd.oci.empty.v1+json";

    /// <summary>An uncompressed layer.</summary>
    public const string OciLayer = "application/vnd.oci.image.layer.v1.tar";

    /// <summary>A gzip layer.</summary>
    public const string OciLayerGzip = "application/vnd.oci.image.layer.v1.tar+gzip";

    /// <summary>A zstd layer.</summary>
    public const string OciLayerZstd = "application/vnd.oci.image.layer.v1.tar+zstd";

    /// <summary>An image manifest of Docker.</summary>
    public const string DockerManifest = "application/vnd.docker.distribution.manifest.v2+json";

    /// <summary>A manifest list of Docker; sealer writes its multi-platform images so.</summary>
    public const string DockerManifestList = "application/vnd.docker.distribution.manifest.list.v2+json";

    /// <summary>An image config of Docker.</summary>
    public const string DockerConfig = "application/vnd.docker.container.image.v1+json";

    /// <summary>An uncompressed layer of Docker.</summary>
    public const string DockerLayer = "application/vnd.docker.image.rootfs.diff.tar";

    /// <summary>A gzip layer of Docker.</summary>
    public const string DockerLayerGzip = "application/vnd.docker.image.rootfs.diff.tar.gzip";

    /// <summary>A layer that registries refuse to serve; its content lies at the descriptor's <c>urls</c>.</summary>
    public const string DockerForeignLayer = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";

    /// <summary>True for a manifest of one image.</summary>
    public static bool IsManifest(string? mediaType) => mediaType is OciManifest or DockerManifest;

    /// <summary>True for an index or manifest list.</summary>
    public static bool IsIndex(string? mediaType) => mediaType is OciIndex or DockerManifestList;

    /// <summary>True for a layer that registries do not hold and that is therefore not copied.</summary>
    public static bool IsForeign(string? mediaType) =>
        mediaType is not null
        && (mediaType == DockerForeignLayer || mediaType.Contains(".layer.nondistributable.", StringComparison.Ordinal));
}
