using Sealer.Images.ContainerImages.Fetching;

namespace Sealer.Images.ContainerImages.RegistryFolder;

/// <summary>Decides which image lies at which path where several claim one.</summary>
internal sealed class RegistryFolderClaims
{
    private readonly RegistryFolderSource _held;
    private readonly Dictionary<(string Repository, string Tag), Digest> _claims = [];

    private RegistryFolderClaims(RegistryFolderSource held) => _held = held;

    /// <summary>
    /// The repository of each image. Whoever is held keeps its place; of the others the first by name gets the path without
    /// the domain, another image with the same path and tag lies under its domain.
    /// </summary>
    public static async Task<IReadOnlyDictionary<ImageReference, string>> AssignAsync(
        IReadOnlyList<FetchedImage> images, RegistryFolderSource held, CancellationToken cancellationToken)
    {
        var claims = new RegistryFolderClaims(held);
        var result = new Dictionary<ImageReference, string>();
        foreach (var image in images.OrderByDescending(image => image.IsHeld).ThenBy(image => image.Reference.ToString(), StringComparer.Ordinal))
            result[image.Reference] = await claims.ClaimAsync(image, cancellationToken).ConfigureAwait(false);
        return result;
    }

    private async Task<string> ClaimAsync(FetchedImage image, CancellationToken cancellationToken)
    {
        var reference = image.Reference;
        if (image.IsHeld)
        {
            var path = _held.PathOf(reference);
            if (reference is { Digest: null, Tag: { } heldTag })
                _claims[(path, heldTag)] = image.Root.Digest;
            return path;
        }

        // By digest nobody can be in the way: the same digest is the same content.
        if (reference is not { Digest: null, Tag: { } tag })
            return RegistryFolderPath.Of(reference);
        foreach (var path in new[] { RegistryFolderPath.Of(reference), RegistryFolderPath.UnderDomain(reference) })
        {
            var taken = await TakenByAsync(path, tag, reference, cancellationToken).ConfigureAwait(false);
            if (taken is { } other && other != image.Root.Digest)
                continue;
            _claims[(path, tag)] = image.Root.Digest;
            return path;
        }

        throw new SealerException(
            "ContainerImageConflict", ErrorKind.Conflict,
            $"{reference.ToFamiliarString()} cannot be laid into the cluster image: other images lie at {RegistryFolderPath.Of(reference)} and at {RegistryFolderPath.UnderDomain(reference)} with the same tag. Ignore one of them.",
            reference.ToString());
    }

    /// <summary>What is at a place already, of this build or of the parent; a tag of the image's own that has moved is not in its way.</summary>
    private async Task<Digest?> TakenByAsync(string path, string tag, ImageReference reference, CancellationToken cancellationToken)
    {
        if (_claims.TryGetValue((path, tag), out var claimed))
            return claimed;
        var isOwn = _held.Images.Any(image =>
            ImageReference.TryParse(image.Image, out var name, out _) && name == reference && _held.PathOf(name) == path);
        return isOwn ? null : await _held.ReadTagAsync(path, tag, cancellationToken).ConfigureAwait(false);
    }
}
