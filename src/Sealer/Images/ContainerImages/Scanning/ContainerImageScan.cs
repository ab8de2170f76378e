using System.Net;

namespace Sealer.Images.ContainerImages.Scanning;

/// <summary>What a scan found.</summary>
public sealed record ContainerImageScan
{
    /// <summary>Every place that asks for an image, in the order of the files; an image may be here several times.</summary>
    public required IReadOnlyList<FoundImage> Images { get; init; }

    /// <summary>What was found and then left out because the caller ignores it.</summary>
    public required IReadOnlyList<FoundImage> Ignored { get; init; }

    /// <summary>What could not be made sense of.</summary>
    public required IReadOnlyList<ScanWarning> Warnings { get; init; }

    /// <summary>
    /// The credentials that a list gave for its images. Kept apart from the images so that printing those never shows a
    /// secret.
    /// </summary>
    public IReadOnlyDictionary<ImageReference, NetworkCredential> Credentials { get; init; } =
        new Dictionary<ImageReference, NetworkCredential>();

    /// <summary>Each wanted image once, in the order found.</summary>
    public IReadOnlyList<ImageReference> Distinct() => [.. Images.Select(image => image.Reference).Distinct()];
}
