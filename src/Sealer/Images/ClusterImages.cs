using System.Collections.Immutable;
using System.Text.Json;

namespace Sealer.Images;

/// <summary>Describes images, wherever they are, as <see cref="ClusterImage"/>.</summary>
public static class ClusterImages
{
    private const int MaxIndexDepth = 4;
    private const int MaxIndexMembers = 256;

    /// <summary>Describes the image that a name stands for.</summary>
    /// <exception cref="SealerException"><c>ImageNotFound</c>: the source does not know the name.</exception>
    public static async Task<ClusterImage> LoadAsync(IImageSource source, ImageReference reference, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(reference);
        var descriptor = await source.ResolveAsync(reference, cancellationToken).ConfigureAwait(false)
            ?? throw new SealerException(
                "ImageNotFound",
                ErrorKind.NotFound,
                $"There is no image {reference.ToFamiliarString()}. Get-ClusterImage lists those in the local store; Receive-ClusterImage and Import-ClusterImage bring others.",
                reference);
        return await LoadAsync(source, reference, descriptor, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Describes an image. Manifests and configs are read once each and verified; layers are not opened.
    /// </summary>
    /// <param name="source">Where the image is.</param>
    /// <param name="reference">Its name, or null.</param>
    /// <param name="descriptor">Its manifest or index.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="SealerException">
    /// <c>BlobNotFound</c>, <c>DigestMismatch</c>, <c>SizeMismatch</c>, <c>InvalidManifest</c>, <c>ManifestTooLarge</c>.
    /// </exception>
    public static async Task<ClusterImage> LoadAsync(
        IImageSource source, ImageReference? reference, Descriptor descriptor, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(descriptor);
        var json = await ImageDocument.ReadAsync(source, descriptor, cancellationToken).ConfigureAwait(false);
        return ManifestKind.IsIndex(json, descriptor)
            ? await LoadIndexAsync(source, reference, descriptor, json, cancellationToken).ConfigureAwait(false)
            : await LoadManifestAsync(source, reference, descriptor, json, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<ClusterImage> LoadIndexAsync(
        IImageSource source, ImageReference? reference, Descriptor descriptor, byte[] json, CancellationToken cancellationToken)
    {
        var members = new List<ClusterImage>();
        var absent = new List<Platform>();
        var blobs = new Dictionary<Digest, long> { [descriptor.Digest] = descriptor.Size };
        await CollectAsync(OciJson.ReadIndex(json), 1).ConfigureAwait(false);

        if (members.Count == 0)
        {
            throw new SealerException(
                "ImageIncomplete",
                ErrorKind.NotFound,
                $"None of the images that {reference?.ToFamiliarString() ?? descriptor.Digest.ToString()} stands for is here. Receive or import it again.",
                reference?.ToString() ?? descriptor.Digest.ToString());
        }

        // What an index says of itself is what its member for this machine says; the table shows one line a name.
        var shown = members.FirstOrDefault(m => m.IsClusterImage && m.Platforms.Any(Platform.Default.Accepts))
            ?? members.FirstOrDefault(m => m.IsClusterImage)
            ?? members[0];
        foreach (var member in members)
            AddBlobs(blobs, member.Descriptor, member.Manifest!);
        return new ClusterImage
        {
            Reference = reference,
            Descriptor = descriptor,
            Id = descriptor.Digest,
            Platforms = members.SelectMany(m => m.Platforms).Distinct().ToArray(),
            AbsentPlatforms = absent.Distinct().ToArray(),
            Images = members,
            Created = members.Max(m => m.Created),
            Size = blobs.Values.Sum(),
            IsLegacy = shown.IsLegacy,
            Extension = shown.Extension,
            ContainerImageEntries = [.. members.SelectMany(m => m.ContainerImageEntries).Distinct()],
            Labels = shown.Labels,
        };

        async Task CollectAsync(ImageIndex index, int depth)
        {
            foreach (var entry in index.Manifests)
            {
                // Attestations of buildkit say unknown/unknown; they are not images of a platform.
                if (entry.Platform is { Os: "unknown" } || blobs.ContainsKey(entry.Digest))
                    continue;
                if (depth > MaxIndexDepth || blobs.Count > MaxIndexMembers)
                {
                    throw new SealerException(
                        "InvalidManifest",
                        ErrorKind.InvalidContent,
                        $"The index {descriptor.Digest} nests more than {MaxIndexDepth} deep or names more than {MaxIndexMembers} images; that is refused. The image is broken or hostile.",
                        descriptor.Digest);
                }

                byte[] document;
                try
                {
                    document = await ImageDocument.ReadAsync(source, entry, cancellationToken).ConfigureAwait(false);
                }
                catch (SealerException e) when (e.Kind == ErrorKind.NotFound)
                {
                    if (entry.Platform is not null)
                        absent.Add(entry.Platform);
                    continue;
                }

                blobs[entry.Digest] = entry.Size;
                if (ManifestKind.IsIndex(document, entry))
                    await CollectAsync(OciJson.ReadIndex(document), depth + 1).ConfigureAwait(false);
                else
                    members.Add(await LoadManifestAsync(source, reference, entry, document, cancellationToken).ConfigureAwait(false));
            }
        }
    }

    private static async Task<ClusterImage> LoadManifestAsync(
        IImageSource source, ImageReference? reference, Descriptor descriptor, byte[] json, CancellationToken cancellationToken)
    {
        var manifest = OciJson.ReadManifest(json);
        var blobs = new Dictionary<Digest, long>();
        AddBlobs(blobs, descriptor, manifest);
        var image = new ClusterImage
        {
            Reference = reference,
            Descriptor = descriptor,
            Id = manifest.Config.Digest,
            Platforms = descriptor.Platform is null ? Array.Empty<Platform>() : new[] { descriptor.Platform },
            Size = blobs.Values.Sum(),
            Manifest = manifest,
            ManifestJson = json,
            Layers = manifest.Layers.Select(l => new ClusterImageLayer(l, null, null)).ToArray(),
        };
        // A Helm chart or a signature has a manifest too, but a config of its own kind.
        if (manifest.Config.MediaType is not (MediaType.OciConfig or MediaType.DockerConfig) || manifest.ArtifactType is not null)
            return image;

        var configJson = await ImageDocument.ReadAsync(source, manifest.Config, cancellationToken).ConfigureAwait(false);
        if (IsLegacy(configJson))
            return image with { IsLegacy = true };
        return Describe(image, manifest, OciJson.ReadConfig(configJson)) with { ConfigJson = configJson };
    }

    private static ClusterImage Describe(ClusterImage image, ImageManifest manifest, ImageConfig config)
    {
        var labels = config.Settings?.Labels ?? ImmutableDictionary<string, string>.Empty;
        var extensionJson = Data(SealerAnnotations.Extension);
        var containerImagesJson = Data(SealerAnnotations.ContainerImages);
        var pathsJson = Data(SealerAnnotations.ContainerImagePaths);
        return image with
        {
            Config = config,
            Platforms = new[] { config.Platform },
            Created = config.Created,
            Extension = extensionJson is null ? null : SealerAnnotationReader.ReadExtension(extensionJson),
            ContainerImageEntries = containerImagesJson is null ? [] : SealerAnnotationReader.ReadContainerImages(containerImagesJson),
            ContainerImagePaths = pathsJson is null ? ImmutableSortedDictionary<string, string>.Empty : ContainerImages.RegistryFolder.ContainerImagePaths.Read(pathsJson),
            Labels = labels
                .Where(l => l.Key is not (SealerAnnotations.Extension or SealerAnnotations.ContainerImages or SealerAnnotations.ContainerImagePaths))
                .ToImmutableSortedDictionary(l => l.Key, l => l.Value ?? "", StringComparer.Ordinal),
            Layers = LayersOf(manifest, config),
        };

        // Docker's manifests have no annotations, so docker archives of ours carry the same JSON in labels.
        string? Data(string name) => manifest.Annotations?.GetValueOrDefault(name) ?? labels.GetValueOrDefault(name);
    }

    private static ImmutableArray<ClusterImageLayer> LayersOf(ImageManifest manifest, ImageConfig config)
    {
        var diffIds = config.Rootfs.DiffIds;
        var made = config.History?.Where(h => !h.EmptyLayer).ToList() ?? [];
        // A history that does not match the layers tells of none of them, rather than of the wrong ones.
        var told = made.Count == manifest.Layers.Count;
        return
        [
            .. manifest.Layers.Select((l, i) => new ClusterImageLayer(
                l, i < diffIds.Count ? diffIds[i] : null, told ? made[i].CreatedBy : null)),
        ];
    }

    private static void AddBlobs(Dictionary<Digest, long> blobs, Descriptor descriptor, ImageManifest manifest)
    {
        foreach (var blob in manifest.Layers.Append(manifest.Config).Append(descriptor))
            blobs[blob.Digest] = blob.Size;
    }

    /// <summary>sealer 0.1 to 0.8 pushed its Image document (kind Image, spec.layers) in the place of the config.</summary>
    private static bool IsLegacy(byte[] configJson)
    {
        try
        {
            using var document = JsonDocument.Parse(configJson, new JsonDocumentOptions { MaxDepth = 32 });
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("spec", out var spec)
                && spec.ValueKind == JsonValueKind.Object
                && spec.TryGetProperty("layers", out _)
                && !document.RootElement.TryGetProperty("rootfs", out _);
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
