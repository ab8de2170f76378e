namespace Sealer.Images.ContainerImages.Fetching;

/// <summary>What a name leads to for one platform, before its blobs are fetched: the documents on the way, as they came, and the manifest.</summary>
internal sealed record PlatformImage(
    IReadOnlyList<(Descriptor Descriptor, byte[] Content)> Documents, ImageManifest Manifest, IReadOnlyList<string> Warnings)
{
    private const int MaxIndexDepth = 4;

    private const string SchemaOne = "application/vnd.docker.distribution.manifest.v1";

    /// <summary>The config and the layers that registries hold.</summary>
    public IReadOnlyList<Descriptor> Blobs =>
        [.. Manifest.Layers.Where(layer => !MediaType.IsForeign(layer.MediaType)).Prepend(Manifest.Config).DistinctBy(blob => blob.Digest)];

    /// <summary>Reads from an index, or from a manifest, down to the image for a platform.</summary>
    /// <exception cref="SealerException">
    /// <c>PlatformNotFound</c>: the image is not offered for the platform; <c>UnsupportedImage</c>: Docker schema 1, or no
    /// image; and what reading documents throws.
    /// </exception>
    public static async Task<PlatformImage> ReadAsync(
        IImageSource source, ImageReference name, Descriptor root, Platform platform, CancellationToken cancellationToken)
    {
        var documents = new List<(Descriptor, byte[])>();
        var warnings = new List<string>();
        for (var current = root; ;)
        {
            Refuse(name, current, documents.Count);
            var content = await ImageDocument.ReadAsync(source, current, cancellationToken).ConfigureAwait(false);
            documents.Add((current, content));
            if (!ManifestKind.IsIndex(content, current))
            {
                var manifest = OciJson.ReadManifest(content);
                await CheckPlatformAsync(source, name, manifest, platform, cancellationToken).ConfigureAwait(false);
                warnings.AddRange(manifest.Layers.Where(layer => MediaType.IsForeign(layer.MediaType)).Select(layer =>
                    $"{name.ToFamiliarString()}: The layer {layer.Digest.Short} is kept by no registry and was left out."));
                return new PlatformImage(documents, manifest, warnings);
            }

            current = Choose(name, OciJson.ReadIndex(content), platform, warnings);
        }
    }

    private static void Refuse(ImageReference name, Descriptor descriptor, int depth)
    {
        if (descriptor.MediaType.StartsWith(SchemaOne, StringComparison.Ordinal))
        {
            throw new SealerException(
                "UnsupportedImage", ErrorKind.NotSupported,
                "It is of Docker's first schema, which registries and containerd no longer serve. Push it again with a current tool.", name);
        }

        if (depth > MaxIndexDepth)
        {
            throw new SealerException(
                "UnsupportedImage", ErrorKind.InvalidContent,
                $"Its index is nested more than {MaxIndexDepth} deep. The image is broken or hostile.", name);
        }
    }

    /// <summary>The entry for the platform: the one with the same variant, else the first that runs there.</summary>
    private static Descriptor Choose(ImageReference name, ImageIndex index, Platform platform, List<string> warnings)
    {
        var fitting = index.Manifests.Where(entry => platform.Accepts(entry.Platform)).ToList();
        // Where there is but one image and no platform stands at it, its config tells.
        if (fitting.Count == 0 && index.Manifests is [{ Platform: null } only])
            return only;
        if (fitting.Count == 0)
        {
            // Attestations of buildkit say unknown/unknown.
            var offered = index.Manifests.Select(entry => entry.Platform).OfType<Platform>()
                .Where(offer => offer.Os != "unknown").Select(offer => offer.ToString()).Distinct().ToList();
            throw NotFor(name, platform, offered.Count == 0 ? "nothing for any platform" : string.Join(", ", offered));
        }

        var exact = fitting.Where(entry => entry.Platform!.Variant == platform.Variant).ToList();
        var best = exact.Count > 0 ? exact : fitting;
        if (best.Count > 1)
            warnings.Add($"{name.ToFamiliarString()}: The index has {best.Count} images for {platform}; the first, {best[0].Digest.Short}, was taken.");
        return best[0];
    }

    /// <summary>containerd refuses an image whose config names another platform, so it is refused here, where it can be helped.</summary>
    private static async Task CheckPlatformAsync(
        IImageSource source, ImageReference name, ImageManifest manifest, Platform platform, CancellationToken cancellationToken)
    {
        // What is no image (a chart, a model, a signature) has no platform.
        if (manifest.Config.MediaType is not (MediaType.OciConfig or MediaType.DockerConfig))
            return;
        var config = OciJson.ReadConfig(await ImageDocument.ReadAsync(source, manifest.Config, cancellationToken).ConfigureAwait(false));
        if (!platform.Accepts(config.Platform))
            throw NotFor(name, platform, config.Platform.ToString());
    }

    private static SealerException NotFor(ImageReference name, Platform platform, string offered) => new(
        "PlatformNotFound", ErrorKind.NotFound,
        $"It is not offered for {platform}; it offers {offered}. Use a tag that has {platform}, or ignore the image.", name);
}
