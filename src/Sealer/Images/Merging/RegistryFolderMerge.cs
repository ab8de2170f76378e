using System.Text;
using Sealer.Images.ContainerImages.RegistryFolder;
using Sealer.Images.Layers;

namespace Sealer.Images.Merging;

/// <summary>
/// Watches which container image lies where in the merged registry: an image whose place a later one takes moves under its
/// domain, and one that would not be whole any more is refused.
/// </summary>
/// <param name="report">Told name, earlier image, later image and resolution of every collision.</param>
internal sealed class RegistryFolderMerge(Action<string, string, string, string> report)
{
    private readonly Dictionary<ImageReference, Place> _known = [];
    private readonly Dictionary<ImageReference, Place> _moved = [];
    private readonly Dictionary<ImageReference, string> _served = [];
    private readonly HashSet<ImageReference> _gone = [];

    /// <summary>Where images lie elsewhere than by rule.</summary>
    public SortedDictionary<string, string> Paths => new(
        _known.Where(k => k.Value.Repository != RegistryFolderPath.Of(k.Key)).ToDictionary(k => k.Key.ToString(), k => k.Value.Repository),
        StringComparer.Ordinal);

    /// <summary>The links of images that were moved, for a layer on top.</summary>
    public SortedDictionary<string, Digest> Links()
    {
        var links = new SortedDictionary<string, Digest>(StringComparer.Ordinal);
        foreach (var (path, digest) in _moved.SelectMany(m => LinksOf(m.Key, m.Value)))
            links[path] = digest;
        return links;
    }

    /// <summary>A link as the registry wants it: a file with a digest.</summary>
    public static LayerEntry Link(string path, Digest digest)
    {
        var content = Encoding.ASCII.GetBytes(digest.ToString());
        return new LayerEntry
        {
            Path = path,
            Kind = LayerEntryKind.File,
            Mode = 0b110_100_100,
            Size = content.Length,
            Open = () => new MemoryStream(content, writable: false),
        };
    }

    /// <summary>Takes in the container images of the next image.</summary>
    /// <param name="image">The image.</param>
    /// <param name="registry">What it holds by itself.</param>
    /// <param name="files">Its files, and those of the merged image without it.</param>
    /// <param name="ownerOf">The earlier image that has a path.</param>
    public void Add(ClusterImage image, ScannedRegistryFolder registry, MergedImageFiles files, Func<string, string> ownerOf)
    {
        var claims = Claims(image, registry, files);
        foreach (var (reference, claim) in claims)
        {
            if (_known.TryGetValue(reference, out var earlier) && earlier.Digest != claim.Digest)
                report(reference.ToString(), earlier.Owner, image.Name, $"It is {claim.Digest.Short}, not {earlier.Digest.Short}.");
        }

        foreach (var (path, file) in files.Own)
        {
            if (file.Link is { } link && RegistryFolderLayout.TagAt(path) is { } place)
                MakeRoom(image, place.Repository, place.Tag, link, claims, files, ownerOf);
        }

        ForgetRemoved(files, claims);
        foreach (var (reference, claim) in claims)
        {
            _known[reference] = claim;
            _moved.Remove(reference);
            _gone.Remove(reference);
        }

        foreach (var reference in References(image))
        {
            if (registry.Resolve(reference) is { } digest && !registry.Missing(digest, image.Platforms[0]).Any())
                _served[reference] = image.Name;
        }
    }

    /// <summary>True where a later image rightly removes a container image that it and the earlier one were built from.</summary>
    public bool IsGone(ContainerImageEntry image) => ImageReference.TryParse(image.Image, out var reference, out _) && _gone.Contains(reference);

    /// <summary>Refuses a merged image that would not serve what its parts served.</summary>
    /// <exception cref="SealerException"><c>ContainerImageLost</c>.</exception>
    public void CheckServed(ScannedRegistryFolder merged, Platform platform)
    {
        foreach (var (reference, owner) in _served.OrderBy(s => s.Key.ToString(), StringComparer.Ordinal))
        {
            var digest = merged.Resolve(reference);
            var problem = digest is null || (_known.TryGetValue(reference, out var known) && known.Digest != digest)
                ? "its name is gone"
                : merged.Missing(digest.Value, platform).FirstOrDefault();
            if (problem is null)
                continue;
            throw new SealerException(
                "ContainerImageLost",
                ErrorKind.Conflict,
                $"The container image {reference} of {owner} would not be whole in the merged image: {problem}. The layers of a later image hide or replace it; name {owner} after that image, or build it anew.",
                reference.ToString());
        }
    }

    private static IEnumerable<ImageReference> References(ClusterImage image)
    {
        foreach (var name in image.ContainerImages.Select(i => i.Image).Distinct(StringComparer.Ordinal))
        {
            if (ImageReference.TryParse(name, out var reference, out _))
                yield return reference;
        }
    }

    private Dictionary<ImageReference, Place> Claims(ClusterImage image, ScannedRegistryFolder registry, MergedImageFiles files)
    {
        var claims = new Dictionary<ImageReference, Place>();
        foreach (var reference in References(image).Where(r => r is { Tag: not null, Digest: null }))
        {
            if (registry.Resolve(reference) is not { } digest)
                continue;
            var repository = registry.PathOf(reference);
            // What it has from what both were built from is not its claim.
            if (_known.ContainsKey(reference) && !files.Own.ContainsKey(RegistryFolderLayout.Tag(repository, reference.Tag!)))
                continue;
            claims[reference] = new Place(repository, digest, image.Name, registry);
        }

        return claims;
    }

    /// <summary>Moves those away whose place a tag of the next image takes.</summary>
    private void MakeRoom(
        ClusterImage image,
        string repository,
        string tag,
        Digest link,
        Dictionary<ImageReference, Place> claims,
        MergedImageFiles files,
        Func<string, string> ownerOf)
    {
        var path = RegistryFolderLayout.Tag(repository, tag);
        var before = files.Before.GetValueOrDefault(path)?.Link;
        var there = _known.Where(k => k.Value.Repository == repository && k.Key.Tag == tag).ToList();
        // An image that lists no names (sealer 0.9.1) has tags all the same.
        if (there.Count == 0 && before is not null && before != link && files.Common.GetValueOrDefault(path)?.Link != before)
            report($"{repository}:{tag}", ownerOf(path), image.Name, $"It is {link.Short}, not {before.Value.Short}.");
        var taker = claims.Where(c => c.Value.Repository == repository && c.Key.Tag == tag).Select(c => c.Key.ToString()).FirstOrDefault()
            ?? $"a container image of {image.Name}";
        foreach (var (reference, place) in there.Where(k => k.Value.Digest != link && !claims.ContainsKey(k.Key)))
            MoveAway(reference, place, image, taker, files);
    }

    private void MoveAway(ImageReference reference, Place place, ClusterImage later, string taker, MergedImageFiles files)
    {
        var repository = RegistryFolderPath.UnderDomain(reference);
        var path = RegistryFolderLayout.Tag(repository, reference.Tag!);
        var taken = files.Own.GetValueOrDefault(path)?.Link ?? files.Before.GetValueOrDefault(path)?.Link;
        if (repository == place.Repository || (taken is not null && taken != place.Digest))
        {
            throw new SealerException(
                "ContainerImageConflict",
                ErrorKind.Conflict,
                $"The container image {reference} of {place.Owner} finds no place in the merged image: {taker} lies at {place.Repository}, and another image at {repository} with the same tag. Build {later.Name} without one of them.",
                reference.ToString());
        }

        var moved = place with { Repository = repository };
        _known[reference] = _moved[reference] = moved;
        report(reference.ToString(), place.Owner, later.Name, $"Both are inside: {taker} has the path {place.Repository}, {reference} lies under {repository}.");
    }

    /// <summary>What both were built from and the later image removes is nobody's claim.</summary>
    private void ForgetRemoved(MergedImageFiles files, Dictionary<ImageReference, Place> claims)
    {
        foreach (var (reference, place) in _known.ToList())
        {
            var path = RegistryFolderLayout.Tag(place.Repository, reference.Tag!);
            if (claims.ContainsKey(reference) || files.Whole.ContainsKey(path) || files.Common.GetValueOrDefault(path)?.Link != place.Digest)
                continue;
            _known.Remove(reference);
            _served.Remove(reference);
            _gone.Add(reference);
        }
    }

    private static IEnumerable<(string Path, Digest Digest)> LinksOf(ImageReference reference, Place place)
    {
        foreach (var manifest in place.Registry.ManifestsOf(place.Digest))
        {
            yield return (RegistryFolderLayout.Revision(place.Repository, manifest.Digest), manifest.Digest);
            foreach (var blob in manifest.Blobs)
                yield return (RegistryFolderLayout.Layer(place.Repository, blob), blob);
        }

        yield return (RegistryFolderLayout.Tag(place.Repository, reference.Tag!), place.Digest);
        yield return (RegistryFolderLayout.TagIndex(place.Repository, reference.Tag!, place.Digest), place.Digest);
    }

    private sealed record Place(string Repository, Digest Digest, string Owner, ScannedRegistryFolder Registry);
}
