using Sealer.Images.Copying;

namespace Sealer.Images.Archives;

/// <summary>An image of one platform, picked out of whatever was asked for.</summary>
internal sealed record SingleImage(Descriptor Descriptor, ImageManifest Manifest, byte[] Config, IReadOnlyList<(Descriptor Layer, Digest DiffId)> Layers)
{
    public static async Task<SingleImage> PickAsync(ExportRequest request, Descriptor root, CancellationToken cancellationToken)
    {
        var graph = await ImageGraph.WalkAsync(
            request.From,
            root,
            new CopyOptions { Platforms = request.Options.Platforms },
            null,
            cancellationToken).ConfigureAwait(false);

        // Entries of BuildKit's attestations are manifests too, but hold no files.
        var manifests = graph.Documents
            .Where(d => MediaType.IsManifest(d.Descriptor.MediaType) && d.Descriptor.Platform?.Architecture != "unknown")
            .ToList();
        if (manifests is not [var picked])
        {
            var offered = string.Join(", ", manifests.Select(m => m.Descriptor.Platform?.ToString()).OfType<string>());
            throw new SealerException(
                "OnePlatformOnly",
                ErrorKind.InvalidInput,
                $"Docker's forms hold one platform an image, and this image has {manifests.Count} ({offered}). Say which one (-Platform), or use {ArchiveFormat.OciArchive}.",
                root.Digest);
        }

        var manifest = OciJson.ReadManifest(picked.Content);
        if (graph.Documents.FirstOrDefault(d => d.Descriptor.Digest == manifest.Config.Digest) is not { } config)
            throw new SealerException("NotAnImage", ErrorKind.InvalidInput, $"{root.Digest} is an artifact, not an image; Docker's forms hold images only. Use {ArchiveFormat.OciArchive}.", root.Digest);
        if (manifest.Layers.FirstOrDefault(l => MediaType.IsForeign(l.MediaType)) is { } foreign)
            throw new SealerException("ForeignLayer", ErrorKind.NotSupported, $"The layer {foreign.Digest} may only be had where it was published, so Docker's forms cannot hold the image. Use {ArchiveFormat.OciArchive}.", foreign.Digest);
        var diffIds = OciJson.ReadConfig(config.Content).Rootfs.DiffIds;
        return new SingleImage(picked.Descriptor, manifest, config.Content, [.. manifest.Layers.Zip(diffIds)]);
    }
}
