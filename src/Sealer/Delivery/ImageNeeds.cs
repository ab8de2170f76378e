using Sealer.Images;
using Sealer.Images.Layers;
using Sealer.Images.Storage;

namespace Sealer.Delivery;

/// <summary>What a cluster image asks of hosts. Of several platforms what the largest asks.</summary>
/// <param name="Name">The image's name.</param>
/// <param name="Architectures">Architectures of Linux that it is for.</param>
/// <param name="RootfsBytes">Bytes of its files but those of the registry.</param>
/// <param name="RegistryBytes">Bytes of its container images as a registry keeps them.</param>
/// <param name="Files">How many files it has.</param>
public sealed record ImageNeeds(string Name, IReadOnlyList<string> Architectures, long RootfsBytes, long RegistryBytes, long Files)
{
    private const string Registry = "registry/";

    /// <summary>Looks into an image of the store.</summary>
    /// <param name="store">Where its layers are.</param>
    /// <param name="image">The image; of an index every platform is looked at.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="SealerException">Those of <see cref="ImageFileSystem.LoadAsync"/>.</exception>
    public static async Task<ImageNeeds> OfAsync(ImageStore store, ClusterImage image, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        var needs = new ImageNeeds(image.Name, [.. image.Platforms.Where(p => p.Os == "linux").Select(p => p.Architecture).Distinct()], 0, 0, 0);
        foreach (var one in image.IsIndex ? image.Images : [image])
        {
            var files = await ImageFileSystem.LoadAsync(store, [.. one.Layers.Select(layer => layer.Descriptor)], cancellationToken).ConfigureAwait(false);
            var registry = files.Files.Where(f => f.Path.StartsWith(Registry, StringComparison.Ordinal)).Sum(f => f.Size);
            needs = needs with
            {
                RootfsBytes = Math.Max(needs.RootfsBytes, files.Files.Sum(f => f.Size) - registry),
                RegistryBytes = Math.Max(needs.RegistryBytes, registry),
                Files = Math.Max(needs.Files, files.Files.Count),
            };
        }

        return needs;
    }
}
