namespace Sealer.Images.Layers;

/// <summary>The paths of a layer: what they mean, and what none may say.</summary>
internal static class LayerPath
{
    /// <summary>
    /// Makes a path relative to the root of the image: <c>./</c>, leading, double and trailing slashes go, because a layer
    /// begins at the root; what would lead out of it is refused.
    /// </summary>
    public static string Normalise(string raw, LayerReadOptions options)
    {
        if (raw.Length > options.MaxPathLength)
            throw LayerErrors.Limit("LayerPathTooLong", $"a path has {raw.Length} characters, and {options.MaxPathLength} is the most");
        if (raw.Length == 0)
            throw LayerErrors.Unsafe(raw, "it is empty");
        if (raw.Contains('\0', StringComparison.Ordinal))
            throw LayerErrors.Unsafe(raw, "it holds NUL");
        var parts = raw.Split('/');
        var depth = 0;
        var clean = true;
        for (var i = 0; i < parts.Length; i++)
        {
            if (parts[i] == "..")
                throw LayerErrors.Unsafe(raw, "it leads out of its folder");
            if (parts[i] is "" or ".")
                clean = false;
            else
                depth++;
        }

        if (depth > options.MaxPathDepth + 1)
            throw LayerErrors.Limit("LayerPathTooDeep", $"a path goes through {depth - 1} folders, and {options.MaxPathDepth} is the most");
        return clean ? raw : string.Join('/', parts.Where(p => p is not ("" or ".")));
    }

    /// <summary>The entry as the removal that its name says it is; null where the name means nothing.</summary>
    public static LayerEntry? AsWhiteout(LayerEntry entry)
    {
        var slash = entry.Path.LastIndexOf('/');
        var name = entry.Path[(slash + 1)..];
        if (!name.StartsWith(Whiteouts.Prefix, StringComparison.Ordinal))
        {
            return entry.Path.Contains("/" + Whiteouts.Prefix, StringComparison.Ordinal)
                || entry.Path.StartsWith(Whiteouts.Prefix, StringComparison.Ordinal)
                ? throw LayerErrors.Unsafe(entry.Path, "it lies inside what is a removal")
                : entry;
        }

        var folder = slash < 0 ? "" : entry.Path[..slash];
        if (name == Whiteouts.Opaque)
            return entry with { Path = folder, Kind = LayerEntryKind.OpaqueFolder, LinkTarget = null };
        if (name.StartsWith(Whiteouts.AufsPrefix, StringComparison.Ordinal))
            return null;
        var removed = name[Whiteouts.Prefix.Length..];
        if (removed is "" or "." or "..")
            throw LayerErrors.Unsafe(entry.Path, "it would remove a folder that holds it");
        return entry with
        {
            Path = folder.Length == 0 ? removed : folder + "/" + removed,
            Kind = LayerEntryKind.Whiteout,
            LinkTarget = null,
        };
    }

    /// <summary>The folder that holds a path; <c>""</c> is the root.</summary>
    public static string Parent(string path) => path.LastIndexOf('/') is var slash and >= 0 ? path[..slash] : "";

    /// <summary>Puts a name or path below a folder.</summary>
    public static string Join(string folder, string path) => folder.Length == 0 ? path : folder + "/" + path;
}
