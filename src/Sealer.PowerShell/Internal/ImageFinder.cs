using System.Management.Automation;
using Sealer.Images;
using Sealer.Images.Storage;

namespace Sealer.PowerShell;

/// <summary>
/// What users mean by a name: a reference as Docker completes it, a wildcard pattern over the names as written and complete,
/// or a digest or its beginning.
/// </summary>
internal sealed class ImageFinder(ImageStore store)
{
    // Fewer digits would be taken for a digest where a name was meant.
    private const int ShortestDigest = 6;

    /// <summary>The images; of a pattern perhaps none.</summary>
    /// <exception cref="SealerException"><c>ImageNotFound</c>, <c>InvalidImageReference</c>, <c>AmbiguousDigest</c>.</exception>
    public IReadOnlyList<StoredImage> Find(string name)
    {
        var all = store.List();
        if (WildcardPattern.ContainsWildcardCharacters(name))
        {
            var pattern = WildcardPattern.Get(name, WildcardOptions.IgnoreCase | WildcardOptions.CultureInvariant);
            return
            [
                .. all.Where(image => image.Reference is { } reference
                    && (pattern.IsMatch(reference.ToFamiliarString()) || pattern.IsMatch(reference.ToString()))),
            ];
        }

        var byDigest = ByDigest(all, name);
        if (byDigest.Count > 0)
            return byDigest;
        if (Digest.TryParse(name, out _))
            throw NotFound(name, "Get-ClusterImage lists the digests that there are.");
        var wanted = ImageReference.Parse(name);
        var found = all.FirstOrDefault(image => image.Reference == wanted)
            ?? (wanted.Digest is { } digest ? all.FirstOrDefault(image => image.Descriptor.Digest == digest && image.Reference?.Name == wanted.Name) : null);
        return found is not null ? [found] : throw NotFound(wanted.ToFamiliarString(), Advice(all, wanted));
    }

    private static SealerException NotFound(string name, string advice) => new(
        "ImageNotFound", ErrorKind.NotFound, $"There is no image {name} in the local store. {advice}", name);

    private static string Advice(IReadOnlyList<StoredImage> all, ImageReference wanted)
    {
        var near = ImageNames.Near(wanted, all.Select(image => image.Reference).OfType<ImageReference>());
        return near.Count > 0
            ? $"There is {string.Join(", ", near)}."
            : "Get-ClusterImage lists those that there are; Receive-ClusterImage and Import-ClusterImage bring others.";
    }

    private static List<StoredImage> ByDigest(IReadOnlyList<StoredImage> all, string name)
    {
        var prefix = Digest.Sha256 + ":";
        var hex = name.StartsWith(prefix, StringComparison.Ordinal) ? name[prefix.Length..] : name;
        if (hex.Length < ShortestDigest || !hex.All(char.IsAsciiHexDigitLower))
            return [];
        var found = all.Where(image => image.Descriptor.Digest.Hex.StartsWith(hex, StringComparison.Ordinal)).ToList();
        return found.Select(image => image.Descriptor.Digest).Distinct().Count() < 2
            ? found
            : throw new SealerException(
                "AmbiguousDigest",
                ErrorKind.InvalidInput,
                $"'{name}' begins the digests of several images: {string.Join(", ", found.Select(image => image.Reference?.ToFamiliarString() ?? image.Descriptor.Digest.ToString()))}. Give more of it.",
                name);
    }
}
