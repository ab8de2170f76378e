using Sealer.Images.ContainerImages.RegistryFolder;

namespace Sealer.Images.ContainerImages;

/// <summary>Makes the annotation <c>sealer.image.container.images</c>.</summary>
public static class ContainerImageEntries
{
    /// <summary>
    /// Each image once for each application that asked for it, and once without one where something else did, as in sealer;
    /// after what the parent holds: its registry is part of the image, found again or not.
    /// </summary>
    /// <param name="images">What a scan found.</param>
    /// <param name="platform">What the images were taken for.</param>
    /// <param name="held">What the parent image brings.</param>
    public static IReadOnlyList<ContainerImageEntry> Of(IReadOnlyList<FoundImage> images, Platform platform, RegistryFolderSource held)
    {
        // A parent of sealer's says arm64 of variant v8 where we say arm64.
        var known = held.Images
            .Where(entry => entry.Platform is null || platform.Accepts(entry.Platform))
            .Select(entry => (entry.Image, entry.AppName ?? ""))
            .ToHashSet();
        return
        [
            .. held.Images.Distinct(),
            .. images.Where(image => known.Add((image.Reference.ToString(), image.AppName ?? ""))).Select(image => new ContainerImageEntry
            {
                Image = image.Reference.ToString(),
                AppName = image.AppName,
                Platform = platform,
            }),
        ];
    }
}
