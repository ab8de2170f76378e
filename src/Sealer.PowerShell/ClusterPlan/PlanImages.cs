using Sealer.Delivery;
using Sealer.Images;
using Sealer.Images.Storage;
using Sealer.Registries;

namespace Sealer.PowerShell;

/// <summary>The image whose files a plan is about, from the local store.</summary>
internal static class PlanImages
{
    /// <exception cref="SealerException"><c>NoImage</c>, <c>ImageNotFound</c>, <c>NotOneImage</c>, and those of <see cref="ImageContent.LoadAsync"/>.</exception>
    public static async Task<ImageContent> LoadAsync(Cluster cluster, string? given, ImageContentOptions options, CancellationToken cancellationToken)
    {
        var name = given ?? cluster.Spec.Image ?? throw new SealerException(
            "NoImage", ErrorKind.InvalidInput, $"The Clusterfile of {cluster.Name} names no image. Write spec.image into it, or give -Image.", cluster.Name);
        var home = SealerHome.FromEnvironment();
        var store = ImageStore.Open(home.ImageStore);
        var found = new ImageFinder(store).Find(name);
        if (found.Count == 0)
        {
            throw new SealerException(
                "ImageNotFound", ErrorKind.NotFound,
                $"The local store has no image '{name}'. Bring it there with Receive-ClusterImage or Import-ClusterImage, or name another with -Image.", name);
        }

        if (found.DistinctBy(image => image.Descriptor.Digest).Count() != 1)
            throw new SealerException("NotOneImage", ErrorKind.InvalidInput, $"'{name}' stands for {found.Count} images. Name one.", name);
        var image = await ClusterImages.LoadAsync(store, found[0].Reference, found[0].Descriptor, cancellationToken);
        return await ImageContent.LoadAsync(cluster.Spec, store, image, options with { Registries = options.Registries with { Credentials = CredentialStore.Open(home) } }, cancellationToken);
    }
}
