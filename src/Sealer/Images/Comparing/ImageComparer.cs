using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Sealer.Events;
using Sealer.Images.ContainerImages.RegistryFolder;
using Sealer.Images.Layers;
using Sealer.Images.LayerScans;

namespace Sealer.Images.Comparing;

/// <summary>
/// Tells in what two images differ: platforms, settings, labels, environment, applications, container images, and every file
/// with its mode, owner, size and content. Times are no difference. Layers are read once, those that both images share too;
/// memory holds the names of the files and no content.
/// </summary>
public static class ImageComparer
{
    /// <summary>
    /// Compares, platform by platform. What the documents say is told at once, files after the layers were read.
    /// </summary>
    /// <param name="beforeSource">Where the first image is.</param>
    /// <param name="before">The first image.</param>
    /// <param name="afterSource">Where the second image is.</param>
    /// <param name="after">The second image.</param>
    /// <param name="options">What is compared; null for everything.</param>
    /// <param name="progress">Told the bytes read of each layer; may be null.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="SealerException">
    /// A layer is not what its digest says or cannot be read; <c>PlatformNotFound</c>: an image has none of the wanted platforms.
    /// </exception>
    public static async IAsyncEnumerable<ImageDifference> CompareAsync(
        IImageSource beforeSource,
        ClusterImage before,
        IImageSource afterSource,
        ClusterImage after,
        CompareOptions? options,
        IProgress<SealerEvent>? progress,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        options ??= new CompareOptions();
        var pairs = new List<(ClusterImage Before, ClusterImage After)>();
        foreach (var difference in Pair(before, after, options.Platforms, pairs))
            yield return difference;

        foreach (var (old, now) in pairs)
        {
            var platform = now.Platforms.Count > 0 ? now.Platforms[0] : null;
            if (old.Digest == now.Digest)
                continue;
            foreach (var difference in SettingsComparison.Between(old, now, platform))
                yield return difference;
            // The uncompressed content is what counts: the same layers packed anew are the same files.
            if (!options.Files || SameContent(old, now))
                continue;
            var scans = await ScanAsync([(beforeSource, old), (afterSource, now)], progress, cancellationToken).ConfigureAwait(false);
            foreach (var difference in Files(old, Scans(old, scans), now, Scans(now, scans)))
            {
                cancellationToken.ThrowIfCancellationRequested();
                yield return difference with { Platform = platform };
            }
        }
    }

    private static IEnumerable<ImageDifference> Pair(
        ClusterImage before, ClusterImage after, IReadOnlyList<Platform>? platforms, List<(ClusterImage Before, ClusterImage After)> pairs)
    {
        if (platforms is not null)
        {
            foreach (var platform in platforms)
                pairs.Add((before.ForPlatform(platform), after.ForPlatform(platform)));
            yield break;
        }

        if (before.Platforms.Count == 0 || after.Platforms.Count == 0)
        {
            pairs.Add((before, after));
            yield break;
        }

        foreach (var platform in before.Platforms.Union(after.Platforms))
        {
            var (old, now) = (before.Platforms.Contains(platform), after.Platforms.Contains(platform));
            if (old && now)
                pairs.Add((before.ForPlatform(platform), after.ForPlatform(platform)));
            else
                yield return new ImageDifference(DifferenceArea.Platform, old ? DifferenceKind.Removed : DifferenceKind.Added, platform.ToString(), old ? "there" : null, now ? "there" : null, null);
        }
    }

    private static bool SameContent(ClusterImage before, ClusterImage after) =>
        before.Layers.Count == after.Layers.Count
        && before.Layers.All(l => l.DiffId is not null)
        && before.Layers.Select(l => l.DiffId).SequenceEqual(after.Layers.Select(l => l.DiffId));

    /// <summary>Reads every layer of both once; by its uncompressed digest, as far as that is known.</summary>
    private static async Task<ConcurrentDictionary<Digest, LayerScan>> ScanAsync(
        IEnumerable<(IImageSource Source, ClusterImage Image)> images, IProgress<SealerEvent>? progress, CancellationToken cancellationToken)
    {
        var scans = new ConcurrentDictionary<Digest, LayerScan>();
        var layers = images
            .SelectMany(i => i.Image.Layers.Select(l => (i.Source, Layer: l)))
            .Where(l => !MediaType.IsForeign(l.Layer.MediaType))
            .DistinctBy(l => Key(l.Layer));
        var parallel = new ParallelOptions { CancellationToken = cancellationToken, MaxDegreeOfParallelism = Math.Clamp(Environment.ProcessorCount, 1, 4) };
        await Parallel.ForEachAsync(layers, parallel, async (l, token) =>
            scans[Key(l.Layer)] = await LayerScan.ReadAsync(
                l.Source,
                l.Layer.Descriptor,
                l.Layer.DiffId,
                new LayerScanOptions(HashFiles: true, HashBlobs: false),
                ItemProgress.Of(progress, "Comparing", l.Layer.Digest.Short, l.Layer.Descriptor.Size),
                token).ConfigureAwait(false)).ConfigureAwait(false);
        return scans;
    }

    private static Digest Key(ClusterImageLayer layer) => layer.DiffId ?? layer.Digest;

    private static List<LayerScan> Scans(ClusterImage image, ConcurrentDictionary<Digest, LayerScan> scans) =>
        [.. image.Layers.Select(l => scans.GetValueOrDefault(Key(l))).OfType<LayerScan>()];

    private static IEnumerable<ImageDifference> Files(ClusterImage before, List<LayerScan> beforeLayers, ClusterImage after, List<LayerScan> afterLayers)
    {
        var (old, now) = (MergedFiles.Of(beforeLayers), MergedFiles.Of(afterLayers));
        return ContainerImages(before, new ScannedRegistryFolder(old, beforeLayers, before.ContainerImagePaths), after, new ScannedRegistryFolder(now, afterLayers, after.ContainerImagePaths))
            .Concat(Ordered(old, now));
    }

    /// <summary>Images of one name that are not the same image; blobs and links of the registry are not told file by file.</summary>
    private static IEnumerable<ImageDifference> ContainerImages(
        ClusterImage before, ScannedRegistryFolder old, ClusterImage after, ScannedRegistryFolder now)
    {
        foreach (var name in before.ContainerImages.Select(i => i.Image).Intersect(after.ContainerImages.Select(i => i.Image)).Order(StringComparer.Ordinal))
        {
            if (!ImageReference.TryParse(name, out var reference, out _))
                continue;
            var (was, isNow) = (old.Resolve(reference), now.Resolve(reference));
            if (was != isNow)
                yield return new ImageDifference(DifferenceArea.ContainerImage, DifferenceKind.Changed, name, was?.ToString() ?? "not inside", isNow?.ToString() ?? "not inside", null);
        }
    }

    private static IEnumerable<ImageDifference> Ordered(SortedDictionary<string, ScannedFile> before, SortedDictionary<string, ScannedFile> after)
    {
        // Both are in order, so that one walk over the two finds every difference.
        using var old = before.Values.Where(f => !RegistryFolderLayout.IsStorage(f.Path)).GetEnumerator();
        using var now = after.Values.Where(f => !RegistryFolderLayout.IsStorage(f.Path)).GetEnumerator();
        var (hasOld, hasNow) = (old.MoveNext(), now.MoveNext());
        while (hasOld || hasNow)
        {
            var order = !hasOld ? 1 : !hasNow ? -1 : string.CompareOrdinal(old.Current.Path, now.Current.Path);
            var (a, b) = (order <= 0 ? Compared(old.Current) : null, order >= 0 ? Compared(now.Current) : null);
            var path = order <= 0 ? old.Current.Path : now.Current.Path;
            if (a != b)
            {
                yield return new ImageDifference(
                    DifferenceArea.File,
                    a is null ? DifferenceKind.Added : b is null ? DifferenceKind.Removed : DifferenceKind.Changed,
                    path, a?.ToString(), b?.ToString(), null)
                {
                    FileBefore = a,
                    FileAfter = b,
                };
            }

            if (order <= 0)
                hasOld = old.MoveNext();
            if (order >= 0)
                hasNow = now.MoveNext();
        }
    }

    // Modes of links mean nothing, and tools write what they like.
    private static ComparedFile Compared(ScannedFile file) => new(
        file.Kind, file.Kind == LayerEntryKind.SymbolicLink ? 0 : file.Mode, file.Uid, file.Gid, file.Size, file.Content, file.LinkTarget);
}
