using Sealer.Events;
using Sealer.Images.Building;
using Sealer.Images.Storage;

namespace Sealer.Images.Merging;

/// <summary>
/// Makes one cluster image of several: their layers lie one over the other in the order given, without being copied, and what
/// they begin with in common lies there once. What several claim is settled by one rule, the later image wins, and every such
/// case is in the result:
/// <list type="bullet">
/// <item>Files: the later image's file, unless it has it unchanged from what both were built from.</item>
/// <item>Applications of one name: the later definition and its files alone, in the earlier one's place.</item>
/// <item>Container images of one name: the later. Of one path at two registries: both stay, the earlier moves under its
/// domain. One that would not be whole any more is refused.</item>
/// <item>Labels, annotations, ENV and settings of one name: the later value.</item>
/// <item>LAUNCH: the applications of all in order, each once. CMDS: the commands of all in order, each once. Applications here
/// and commands there cannot both be: what the later image launches holds.</item>
/// <item>The type is kube-installer where any image's is.</item>
/// </list>
/// </summary>
public static class ImageMerger
{
    /// <summary>Merges images that are in the store.</summary>
    /// <param name="store">Where the images are and the merged one is written.</param>
    /// <param name="reference">The name of the merged image; what had it before loses it.</param>
    /// <param name="images">At least two cluster images for the same platforms, in order; a later one wins.</param>
    /// <param name="options">What is merged of them; null is everything.</param>
    /// <param name="progress">Told the bytes read of each layer; may be null.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="SealerException">
    /// <c>NotAClusterImage</c>; <c>TooFewImages</c>; <c>PlatformMismatch</c>: the images are not for the same platforms;
    /// <c>PlatformNotFound</c>; <c>ContainerImageConflict</c>, <c>ContainerImageLost</c>: container images that cannot all be
    /// served; <c>DigestMismatch</c> and the like: a layer is not what it should be.
    /// </exception>
    public static async Task<MergeResult> MergeAsync(
        ImageStore store,
        ImageReference reference,
        IReadOnlyList<ClusterImage> images,
        MergeOptions? options,
        IProgress<SealerEvent>? progress,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(reference);
        using var lease = await store.LeaseAsync(cancellationToken).ConfigureAwait(false);
        var merges = await ReadAsync(store, images, options, progress, cancellationToken).ConfigureAwait(false);
        var merged = new List<ClusterImage>();
        foreach (var merge in merges)
        {
            var descriptor = await merge.WriteAsync(cancellationToken).ConfigureAwait(false);
            merged.Add(await ClusterImages.LoadAsync(store, reference, descriptor, cancellationToken).ConfigureAwait(false));
        }

        List<MergeCollision> collisions = [.. merges.SelectMany(m => m.Collisions)];
        if (merged.Count > 1)
        {
            var index = await ImageIndexBuilder.CreateAsync(store, reference, merged, null, cancellationToken).ConfigureAwait(false);
            return new MergeResult(index, collisions);
        }

        await store.TagAsync(reference, merged[0].Descriptor, cancellationToken).ConfigureAwait(false);
        return new MergeResult(merged[0], collisions);
    }

    /// <summary>Reads the images and tells what they claim in common; writes nothing.</summary>
    /// <returns>Everything that two images claim, and what would become of it.</returns>
    /// <inheritdoc cref="MergeAsync"/>
    public static async Task<IReadOnlyList<MergeCollision>> PreviewAsync(
        ImageStore store,
        IReadOnlyList<ClusterImage> images,
        MergeOptions? options,
        IProgress<SealerEvent>? progress,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        using var lease = await store.LeaseAsync(cancellationToken).ConfigureAwait(false);
        var merges = await ReadAsync(store, images, options, progress, cancellationToken).ConfigureAwait(false);
        return [.. merges.SelectMany(m => m.Collisions)];
    }

    private static async Task<IReadOnlyList<PlatformMerge>> ReadAsync(
        ImageStore store,
        IReadOnlyList<ClusterImage> images,
        MergeOptions? options,
        IProgress<SealerEvent>? progress,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (images.Count < 2)
        {
            throw new SealerException(
                "TooFewImages",
                ErrorKind.InvalidInput,
                $"Merging takes two or more images; {(images.Count == 0 ? "none" : images[0].Name + " alone")} was given. Name all of them, in order.",
                images.Count > 0 ? images[0].Name : null);
        }

        foreach (var image in images)
            image.RequireClusterImage();
        var merges = new List<PlatformMerge>();
        foreach (var platform in options?.Platforms is { Count: > 0 } wanted ? wanted.Distinct() : CommonPlatforms(images))
        {
            var merge = new PlatformMerge(store, [.. images.Select(i => Member(i, platform))], progress);
            await merge.ReadAsync(cancellationToken).ConfigureAwait(false);
            merges.Add(merge);
        }

        return merges;
    }

    private static IReadOnlyList<Platform> CommonPlatforms(IReadOnlyList<ClusterImage> images)
    {
        var first = images[0];
        foreach (var other in images.Skip(1))
        {
            // linux/arm64 and linux/arm64/v8 are two ways to say the same.
            if (other.Platforms.Count != first.Platforms.Count || !first.Platforms.All(p => other.Platforms.Any(p.Accepts)))
            {
                throw new SealerException(
                    "PlatformMismatch",
                    ErrorKind.InvalidInput,
                    $"{first.Name} is for {string.Join(", ", first.Platforms)}, {other.Name} for {string.Join(", ", other.Platforms)}; only images for the same platforms can be merged. Build or receive them for the same ones, or name the platforms that all of them have.",
                    other.Name);
            }
        }

        return first.Platforms;
    }

    /// <summary>An index's member carries the index's name, so that a collision is told in the user's words.</summary>
    private static ClusterImage Member(ClusterImage image, Platform platform) =>
        image.ForPlatform(platform).RequireClusterImage() with { Reference = image.Reference };
}
