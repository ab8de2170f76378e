namespace Sealer.Images.ContainerImages;

/// <summary>A place in a file that asks for a container image: what a scan of the rootfs and the lists gives. Nothing is fetched yet.</summary>
public sealed record FoundImage
{
    /// <summary>The image, normalised.</summary>
    public required ImageReference Reference { get; init; }

    /// <summary>As it was written.</summary>
    public required string Text { get; init; }

    /// <summary>
    /// The file: a path in the rootfs with <c>/</c>, of charts the template (<c>charts/web/templates/web.yaml</c>), of lists
    /// that the caller gave the path as given.
    /// </summary>
    public required string File { get; init; }

    /// <summary>Counted from 1; 0 where it is not known (what a template makes has no single line).</summary>
    public int Line { get; init; }

    /// <summary>Counted from 1; 0 where it is not known.</summary>
    public int Column { get; init; }

    /// <summary>The application that asked, or null.</summary>
    public string? AppName { get; init; }

    /// <summary>What asked.</summary>
    public required ImageOrigin Origin { get; init; }

    /// <summary>The archive it is taken from instead of its registry, or null.</summary>
    public ArchiveLocation? Archive { get; init; }

    /// <summary><c>file:line</c>, for messages.</summary>
    public string Place => Line > 0 ? $"{File}:{Line}" : File;
}
