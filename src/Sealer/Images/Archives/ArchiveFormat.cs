namespace Sealer.Images.Archives;

/// <summary>The forms in which images lie outside a store or registry.</summary>
public enum ArchiveFormat
{
    /// <summary>One tar in OCI's layout; keeps everything, several platforms too. What sealer saves by default.</summary>
    OciArchive,

    /// <summary>The same as a folder.</summary>
    OciFolder,

    /// <summary>One tar as <c>docker save</c> writes it; one platform an image, layers plain or gzip.</summary>
    DockerArchive,

    /// <summary>A folder as skopeo's <c>dir:</c> and sealer's <c>docker-dir</c> write it; one image, one platform.</summary>
    DockerFolder,

    /// <summary>sealer's bundle of a multi-platform image: a tar of one archive a platform. Read only.</summary>
    SealerBundle,
}
