namespace Sealer.Images.ContainerImages.Fetching;

/// <summary>A wanted name after fetching: its content for one platform is in the store, or in the parent's <c>registry/</c>.</summary>
public sealed record FetchedImage
{
    /// <summary>The name it is known by.</summary>
    public required ImageReference Reference { get; init; }

    /// <summary>What it was taken for.</summary>
    public required Platform Platform { get; init; }

    /// <summary>What the name stands for: an index, or the manifest itself.</summary>
    public required Descriptor Root { get; init; }

    /// <summary>The documents from <see cref="Root"/> down to the manifest of the platform, that one last.</summary>
    public required IReadOnlyList<Descriptor> Documents { get; init; }

    /// <summary>The config and the layers; layers that registries do not hold are not among them.</summary>
    public required IReadOnlyList<Descriptor> Blobs { get; init; }

    /// <summary>True where the parent image brought it whole, and nothing was fetched.</summary>
    public bool IsHeld { get; init; }

    /// <summary>Of its content, what this fetch wrote into the store, and so verified.</summary>
    internal IReadOnlySet<Digest> Verified { get; init; } = new HashSet<Digest>();

    /// <summary>Bytes of all its content.</summary>
    public long Size => Documents.Sum(document => document.Size) + Blobs.Sum(blob => blob.Size);
}
