namespace Sealer.Images.ContainerImages;

/// <summary>What asked for a container image.</summary>
public enum ImageOrigin
{
    /// <summary>A manifest under <c>manifests/</c>.</summary>
    Manifest,

    /// <summary>The list <c>manifests/imageList</c> in the image.</summary>
    ImageList,

    /// <summary>A chart under <c>charts/</c>, as helm rendered it.</summary>
    Chart,

    /// <summary>A file or chart of an application under <c>application/apps/</c>.</summary>
    Application,

    /// <summary>A list that the caller gave.</summary>
    ExplicitList,

    /// <summary>A list with credentials that the caller gave.</summary>
    CredentialList,

    /// <summary>An archive or folder that a list names.</summary>
    Archive,
}
