namespace Sealer.Images.Layers;

/// <summary>An image whose files lie in a folder, to be looked at and changed there.</summary>
public sealed record ImageMount
{
    /// <summary>The folder, complete.</summary>
    public required string Path { get; init; }

    /// <summary>The image's name, or its digest where it has none.</summary>
    public required string Image { get; init; }

    /// <summary>The digest of the image's manifest.</summary>
    public required Digest Digest { get; init; }

    /// <summary>True where the layers are laid over each other by the kernel; false where they were extracted to the folder.</summary>
    public bool IsOverlay { get; init; }

    /// <summary>False while the files are being extracted, and of a mount that was broken off: it can only be dismounted.</summary>
    public bool IsReady { get; init; }

    /// <summary>When it was mounted.</summary>
    public DateTimeOffset Created { get; init; }

    /// <summary>True where the folder did not exist before, and goes when it is dismounted.</summary>
    internal bool MadeFolder { get; init; }

    /// <summary>Of an overlay, the name of its folder for what is changed.</summary>
    internal string? Changes { get; init; }

    /// <summary>Of an overlay, its layers, lowest first.</summary>
    internal IReadOnlyList<Digest> Layers { get; init; } = [];

    /// <inheritdoc/>
    public override string ToString() => Path;
}

/// <summary>How an image is mounted.</summary>
public sealed record MountOptions
{
    /// <summary>
    /// Lay the layers over each other instead of extracting them together, so that mounts share them: as root on Linux.
    /// Null: where that can be, else extracted; true: or an error.
    /// </summary>
    public bool? Overlay { get; init; }

    /// <summary>How the layers are extracted. As root their owners are kept by an overlay, whatever this says.</summary>
    public ExtractOptions Extract { get; init; } = new();
}
