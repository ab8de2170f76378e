namespace Sealer.Images.ContainerImages;

/// <summary>Makes the annotation <c>sealer.image.container.images</c>.</summary>
public static class ContainerImageList
{
    /// <summary>
    /// Each image once for each application that asked for it, after what the parent holds: its registry is part of the
    /// image, found again or not.
    /// </summary>
    /// <param name="images">What a scan found.</param>
    /// <param name="platform">What the images were taken for.</param>
    /// <param name="held">What the parent image brings.</param>
    public static IReadOnlyList<ContainerImage> Of(IReadOnlyList<FoundImage> images, Platform platform, RegistryTree held) =>
        [.. held.Images.Concat(images.Select(image => new ContainerImage
        {
            Image = image.Reference.ToString(),
            AppName = image.AppName,
            Platform = platform,
        })).Distinct()];
}
