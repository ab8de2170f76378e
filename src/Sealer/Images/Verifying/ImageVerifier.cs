using System.Collections.Concurrent;
using Sealer.Events;
using Sealer.Images.ContainerImages.RegistryFolder;
using Sealer.Images.LayerScans;

namespace Sealer.Images.Verifying;

/// <summary>
/// Verifies an image wherever it is: every document and layer is read once and hashed, nothing that a document says is
/// believed, and every container image that is listed is looked for inside, down to its last blob. Findings are collected;
/// a broken image ends nothing. Memory is independent of the image's size, except for the names of its files.
/// </summary>
public sealed class ImageVerifier
{
    private const int MaxIndexDepth = 4;
    private const int MaxMembers = 256;
    private readonly IImageSource _source;
    private readonly IProgress<SealerEvent>? _progress;
    private readonly ConcurrentBag<VerificationFinding> _findings = [];
    private readonly Dictionary<Digest, long> _blobs = [];
    private int _containerImages;

    private ImageVerifier(IImageSource source, IProgress<SealerEvent>? progress)
    {
        _source = source;
        _progress = progress;
    }

    /// <summary>Verifies an image.</summary>
    /// <param name="source">Where it is.</param>
    /// <param name="reference">Its name, or null.</param>
    /// <param name="root">Its manifest or index.</param>
    /// <param name="progress">Told the bytes read of each layer; may be null.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public static async Task<ImageVerification> VerifyAsync(
        IImageSource source, ImageReference? reference, Descriptor root, IProgress<SealerEvent>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(root);
        var verifier = new ImageVerifier(source, progress);
        var members = new List<Member>();
        await verifier.CollectAsync(root, members, [], 0, cancellationToken).ConfigureAwait(false);
        var scans = await verifier.ScanAsync(members, cancellationToken).ConfigureAwait(false);
        foreach (var member in members)
            verifier.CheckContent(member, scans);
        return new ImageVerification
        {
            Name = reference?.ToFamiliarString() ?? root.Digest.ToString(),
            Digest = root.Digest,
            Findings = verifier._findings.Distinct()
                .OrderByDescending(f => f.Severity)
                .ThenBy(f => f.Id, StringComparer.Ordinal)
                .ThenBy(f => f.Message, StringComparer.Ordinal)
                .ToArray(),
            Platforms = members.Select(m => m.Platform).OfType<Platform>().Distinct().ToArray(),
            Blobs = verifier._blobs.Count,
            Bytes = verifier._blobs.Values.Sum(),
            ContainerImages = verifier._containerImages,
        };
    }

    private async Task CollectAsync(Descriptor descriptor, List<Member> members, HashSet<Digest> seen, int depth, CancellationToken cancellationToken)
    {
        if (!seen.Add(descriptor.Digest))
            return;
        if (depth > MaxIndexDepth || seen.Count > MaxMembers)
        {
            Report(FindingSeverity.Error, "IndexTooDeep", $"The index nests more than {MaxIndexDepth} deep or names more than {MaxMembers} images.", null, descriptor.Digest);
            return;
        }

        try
        {
            var json = await ImageDocument.ReadAsync(_source, descriptor, cancellationToken).ConfigureAwait(false);
            _blobs[descriptor.Digest] = descriptor.Size;
            if (!ManifestKind.IsIndex(json, descriptor))
            {
                members.Add(await ReadMemberAsync(descriptor, json, cancellationToken).ConfigureAwait(false));
                return;
            }

            var index = OciJson.ReadIndex(json);
            CheckMediaType(descriptor, index.MediaType);
            var platforms = new HashSet<Platform>();
            foreach (var entry in index.Manifests)
            {
                if (entry.Platform is { Os: not "unknown" } platform && !platforms.Add(platform))
                    Report(FindingSeverity.Error, "DuplicatePlatform", $"The index names {platform} more than once.", platform, entry.Digest);
                await CollectAsync(entry, members, seen, depth + 1, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (SealerException e) when (e.Kind == ErrorKind.NotFound && depth > 0)
        {
            Report(
                FindingSeverity.Warning, "PlatformAbsent",
                $"The name stands for {descriptor.Platform?.ToString() ?? "another image"} too, whose content is not here.", descriptor.Platform, descriptor.Digest);
        }
        catch (SealerException e)
        {
            Report(FindingSeverity.Error, e.Id, e.Message, descriptor.Platform, descriptor.Digest);
        }
    }

    private async Task<Member> ReadMemberAsync(Descriptor descriptor, byte[] json, CancellationToken cancellationToken)
    {
        var manifest = OciJson.ReadManifest(json);
        CheckMediaType(descriptor, manifest.MediaType);
        ClusterImage? image = null;
        try
        {
            image = await ClusterImages.LoadAsync(_source, null, descriptor, cancellationToken).ConfigureAwait(false);
            _blobs[manifest.Config.Digest] = manifest.Config.Size;
        }
        catch (SealerException e)
        {
            // The layers are still worth reading.
            Report(FindingSeverity.Error, e.Id, e.Message, descriptor.Platform, manifest.Config.Digest);
        }

        var platform = image?.Config?.Platform ?? descriptor.Platform;
        if (image is not null)
        {
            foreach (var finding in ImageDataCheck.Check(image, descriptor))
                _findings.Add(finding with { Platform = platform });
        }

        return new Member(manifest, image, platform);
    }

    private async Task<ConcurrentDictionary<Digest, LayerScan>> ScanAsync(List<Member> members, CancellationToken cancellationToken)
    {
        var scans = new ConcurrentDictionary<Digest, LayerScan>();
        var options = new ParallelOptions { CancellationToken = cancellationToken, MaxDegreeOfParallelism = Math.Clamp(Environment.ProcessorCount, 1, 4) };
        await Parallel.ForEachAsync(LayersOf(members), options, async (work, token) =>
        {
            var (layer, diffId, member) = work;
            try
            {
                scans[layer.Digest] = await LayerScan.ReadAsync(
                    _source, layer, diffId, new LayerScanOptions(HashFiles: false, HashBlobs: true),
                    ItemProgress.Of(_progress, "Verifying", layer.Digest.Short, layer.Size), token).ConfigureAwait(false);
                lock (_blobs)
                    _blobs[layer.Digest] = layer.Size;
            }
            catch (SealerException e)
            {
                Report(FindingSeverity.Error, e.Id, $"The layer {layer.Digest.Short}: {e.Message}", member.Platform, layer.Digest);
            }
        }).ConfigureAwait(false);
        return scans;
    }

    /// <summary>Every layer once, whichever platforms share it.</summary>
    private IEnumerable<(Descriptor Layer, Digest? DiffId, Member Member)> LayersOf(List<Member> members)
    {
        var layers = new Dictionary<Digest, (Descriptor Layer, Digest? DiffId, Member Member)>();
        foreach (var member in members)
        {
            var diffIds = member.Image?.Config?.Rootfs.DiffIds;
            foreach (var (layer, i) in member.Manifest.Layers.Select((l, i) => (l, i)))
            {
                Digest? diffId = diffIds is not null && i < diffIds.Count ? diffIds[i] : null;
                if (MediaType.IsForeign(layer.MediaType))
                    Report(FindingSeverity.Warning, "ForeignLayer", $"The layer {layer.Digest.Short} lies elsewhere ({string.Join(", ", layer.Urls ?? [])}) and was not verified.", member.Platform, layer.Digest);
                else if (!layers.TryAdd(layer.Digest, (layer, diffId, member)) && layers[layer.Digest].DiffId is { } other && diffId is not null && other != diffId)
                    Report(FindingSeverity.Error, "DiffIdMismatch", $"The layer {layer.Digest.Short} is said to be two different ones uncompressed: {other.Short} and {diffId.Value.Short}.", member.Platform, layer.Digest);
            }
        }

        return layers.Values;
    }

    private void CheckContent(Member member, ConcurrentDictionary<Digest, LayerScan> scans)
    {
        if (member.Image is not { IsClusterImage: true } image)
            return;
        var layers = member.Manifest.Layers.Select(l => scans.GetValueOrDefault(l.Digest)).OfType<LayerScan>().ToList();
        // Where a layer could not be read, what it holds is not known to be missing; the layer itself is reported.
        if (layers.Count < member.Manifest.Layers.Count)
            return;
        var files = MergedFiles.Of(layers);
        foreach (var app in image.Applications)
        {
            foreach (var file in app.Type is "kube" or "shell" ? app.Files?.OfType<string>() ?? [] : [])
            {
                var path = $"application/apps/{app.Name}/{file.TrimStart('/')}";
                if (!files.ContainsKey(path))
                    Report(FindingSeverity.Error, "ApplicationFileMissing", $"The application {app.Name} needs /{path}, which is not in the image.", member.Platform, app.Name);
            }
        }

        CheckContainerImages(member, image, new ScannedRegistryFolder(files, layers, image.ContainerImagePaths), files);
    }

    private void CheckContainerImages(Member member, ClusterImage image, ScannedRegistryFolder registry, SortedDictionary<string, ScannedFile> files)
    {
        foreach (var file in files.Values)
        {
            if (RegistryFolderLayout.BlobAt(file.Path) is { } named && file.Content != named)
                Report(FindingSeverity.Error, "DigestMismatch", $"The blob {named.Short} of a container image inside has been changed: its content is {file.Content?.Short}.", member.Platform, named);
            if (RegistryFolderLayout.IsLink(file.Path) && file.Link is null)
                Report(FindingSeverity.Error, "InvalidRegistry", $"The file /{file.Path} should hold a digest and does not.", member.Platform, file.Path);
        }

        if (!registry.IsThere)
        {
            if (image.ContainerImages.Count > 0)
                Report(FindingSeverity.Warning, "NoRegistry", $"{image.ContainerImages.Count} container images are listed, and the image holds no registry: hosts have to pull them from elsewhere.", member.Platform, image.Name);
            return;
        }

        foreach (var (name, platform) in image.ContainerImages.Select(i => (i.Image, i.Platform)))
        {
            if (!ImageReference.TryParse(name, out var reference, out _))
                continue;
            if (registry.Resolve(reference) is not { } digest)
            {
                Report(FindingSeverity.Error, "ContainerImageMissing", $"The container image {name} is listed, and is not inside.", member.Platform, name);
                continue;
            }

            var missing = registry.Missing(digest, platform ?? member.Platform).ToList();
            if (missing.Count == 0)
                _containerImages++;
            else
                Report(FindingSeverity.Error, "ContainerImageIncomplete", $"The container image {name} is not whole: {string.Join(", ", missing)}.", member.Platform, name);
        }
    }

    private void CheckMediaType(Descriptor descriptor, string? own)
    {
        if (own is not null && own != descriptor.MediaType)
            Report(FindingSeverity.Error, "MediaTypeMismatch", $"{descriptor.Digest.Short} is announced as {descriptor.MediaType}, and calls itself {own}.", descriptor.Platform, descriptor.Digest);
    }

    private void Report(FindingSeverity severity, string id, string message, Platform? platform, object subject) =>
        _findings.Add(new VerificationFinding(severity, id, message, platform, subject.ToString()!));

    private sealed record Member(ImageManifest Manifest, ClusterImage? Image, Platform? Platform);
}
