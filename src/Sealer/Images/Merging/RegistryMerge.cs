using System.Text;
using Sealer.Images.ContainerImages;
using Sealer.Images.Layers;
using Sealer.Images.Scanning;

namespace Sealer.Images.Merging;

/// <summary>
/// Watches which container image of which name lies where in the merged registry, and gives a place under its domain to an
/// image whose place a later one takes.
/// </summary>
/// <param name="report">Told name, earlier image, later image and resolution of every collision.</param>
internal sealed class RegistryMerge(Action<string, string, string, string> report)
{
    private readonly Dictionary<(string Repository, string Tag), (ImageReference Reference, Digest Digest, string Owner)> _claims = [];
    private readonly Dictionary<string, LayerEntry> _links = new(StringComparer.Ordinal);
    private readonly Dictionary<Digest, ContainedRegistry> _registries = [];

    /// <summary>Where images lie elsewhere than by rule.</summary>
    public SortedDictionary<string, string> Paths { get; } = new(StringComparer.Ordinal);

    /// <summary>The links of images that were moved, for a layer on top.</summary>
    public IReadOnlyCollection<LayerEntry> Links => _links.Values;

    /// <summary>Takes in the container images of the next image.</summary>
    /// <param name="image">The image.</param>
    /// <param name="registry">What it holds by itself.</param>
    /// <param name="ownFiles">The files of those of its layers that are new to the merged image.</param>
    public void Add(ClusterImage image, ContainedRegistry registry, IReadOnlyDictionary<string, ScannedFile> ownFiles)
    {
        foreach (var name in image.ContainerImages.Select(i => i.Image).Distinct(StringComparer.Ordinal))
        {
            if (!ImageReference.TryParse(name, out var reference, out _) || reference.Tag is null || reference.Digest is not null)
                continue;
            if (registry.Resolve(reference) is not { } digest)
                continue;
            var repository = image.ContainerImagePaths.GetValueOrDefault(reference.ToString()) ?? reference.Repository;
            // What it has from what both were built from is not its claim.
            if (_claims.ContainsKey((repository, reference.Tag)) && !ownFiles.ContainsKey(RegistryFiles.TagLink(repository, reference.Tag)))
                continue;
            Claim(image, reference, repository, digest, registry);
        }
    }

    private void Claim(ClusterImage image, ImageReference reference, string repository, Digest digest, ContainedRegistry registry)
    {
        var key = (repository, reference.Tag!);
        if (_claims.TryGetValue(key, out var earlier))
        {
            if (earlier.Reference == reference && earlier.Digest != digest)
                report(reference.ToString(), earlier.Owner, image.Name, $"It is {digest.Short}, not {earlier.Digest.Short}.");
            else if (earlier.Reference != reference && earlier.Digest != digest)
                MoveAway(earlier.Reference, earlier.Digest, earlier.Owner, image, reference);
        }

        if (repository != reference.Repository)
            Paths[reference.ToString()] = repository;
        else if (earlier.Reference != reference)
            Paths.Remove(reference.ToString());
        _claims[key] = (reference, digest, image.Name);
        _registries[digest] = registry;
    }

    private void MoveAway(ImageReference moved, Digest digest, string owner, ClusterImage later, ImageReference taker)
    {
        var repository = RegistryPath.UnderDomain(moved);
        foreach (var manifest in _registries[digest].ManifestsOf(digest))
        {
            Link(RegistryLayout.Revision(repository, manifest.Digest), manifest.Digest);
            foreach (var blob in manifest.Blobs)
                Link(RegistryLayout.Layer(repository, blob), blob);
        }

        Link(RegistryLayout.Tag(repository, moved.Tag!), digest);
        Link(RegistryLayout.TagIndex(repository, moved.Tag!, digest), digest);
        Paths[moved.ToString()] = repository;
        _claims[(repository, moved.Tag!)] = (moved, digest, owner);
        report(moved.ToString(), owner, later.Name, $"Both are inside: {taker} has the path {taker.Repository}, {moved} lies under {repository}.");
    }

    private void Link(string path, Digest digest)
    {
        var content = Encoding.UTF8.GetBytes(digest.ToString());
        _links[path] = new LayerEntry
        {
            Path = path,
            Kind = LayerEntryKind.File,
            Mode = 0b110_000_000,
            Size = content.Length,
            Open = () => new MemoryStream(content, writable: false),
        };
    }
}
