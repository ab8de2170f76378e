namespace Sealer.Images;

/// <summary>Names of images among others.</summary>
public static class ImageNames
{
    private const int Most = 5;

    /// <summary>Those that were probably meant: of the same image another tag or registry, else the nearest by spelling.</summary>
    /// <param name="wanted">What was written.</param>
    /// <param name="there">The names that there are.</param>
    /// <returns>As users write them, at most five, sorted; empty where none is near.</returns>
    public static IReadOnlyList<string> Near(ImageReference wanted, IEnumerable<ImageReference> there)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        var all = there.ToList();
        var same = all.Where(name => name.Name == wanted.Name || Last(name) == Last(wanted)).Select(name => name.ToFamiliarString());
        var near = same.Distinct().Order(StringComparer.Ordinal).Take(Most).ToArray();
        if (near.Length > 0)
            return near;
        return Spelling.Nearest(wanted.ToFamiliarString(), all.Select(name => name.ToFamiliarString())) is { } nearest ? new[] { nearest } : near;
    }

    private static string Last(ImageReference name) => name.Repository.Split('/')[^1];
}
