namespace Sealer.Images.Archives;

/// <summary>
/// Old <c>docker save</c> writes a layer once and links to it from the other images, symbolically or hard. A link is
/// followed inside the archive only.
/// </summary>
internal static class TarLinks
{
    private const int MaxLinks = 8;

    /// <param name="name">Where to begin.</param>
    /// <param name="linkAt">The link at a name, or null where there is something else or nothing.</param>
    /// <returns>The name at the end.</returns>
    public static string Follow(string name, Func<string, (bool IsHard, string Target)?> linkAt)
    {
        var from = name;
        for (var i = 0; linkAt(name) is { } link; i++)
        {
            if (i == MaxLinks)
                throw ArchiveErrors.Invalid($"the links from '{from}' have no end");

            // Hard links are named from the root of the tar, symbolic ones from where they lie.
            name = Inside(link.IsHard ? "" : name, link.Target);
        }

        return name;
    }

    private static string Inside(string from, string link)
    {
        var parts = from.Split('/').SkipLast(1).ToList();
        if (link.StartsWith('/'))
            throw ArchiveErrors.Invalid($"the link '{from}' leads out of it");
        foreach (var part in link.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(p => p != "."))
        {
            if (part != "..")
                parts.Add(part);
            else if (parts.Count == 0)
                throw ArchiveErrors.Invalid($"the link '{from}' leads out of it");
            else
                parts.RemoveAt(parts.Count - 1);
        }

        return string.Join('/', parts);
    }
}
