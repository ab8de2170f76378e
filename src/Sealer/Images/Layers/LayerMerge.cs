namespace Sealer.Images.Layers;

/// <summary>Lays layers over each other, as an overlay file system would show them.</summary>
internal static class LayerMerge
{
    private static readonly LayerCatalogEntry Unnamed = new("", LayerEntryKind.Folder, 0b111_101_101, 0, 0, 0, 0, null, 0, null);

    /// <summary>What is at every path, the root included.</summary>
    public static Dictionary<string, ImageFile> Merge(IReadOnlyList<LayerCatalog> layers)
    {
        var own = layers.Select(ByPath).ToList();
        var merged = Merge(
            [.. layers.Select((layer, i) => new LayerToMerge<LayerCatalogEntry>(own[i], Removals(layer, LayerEntryKind.Whiteout), Removals(layer, LayerEntryKind.OpaqueFolder)))],
            entry => entry.Kind);
        return merged.ToDictionary(
            p => p.Key,
            p => p.Value is var (layer, entry)
                ? new ImageFile(entry, layer, ContentOf(entry, own[layer]))
                : new ImageFile(Unnamed with { Path = p.Key }, -1, null),
            StringComparer.Ordinal);
    }

    /// <summary>The entry that is seen at every path and the number of its layer; null of folders that no layer names, the root among them.</summary>
    /// <param name="layers">Lowest first.</param>
    /// <param name="kindOf">What an entry is.</param>
    public static Dictionary<string, (int Layer, T Entry)?> Merge<T>(IReadOnlyList<LayerToMerge<T>> layers, Func<T, LayerEntryKind> kindOf)
    {
        // From the top down: what is there already stays, and what an upper layer removed or put something else in the place
        // of is not looked at below. Null is a folder that was only implied: a lower layer may say more of it.
        var merged = new Dictionary<string, (int Layer, T Entry)?>(StringComparer.Ordinal);
        var hidden = new HashSet<string>(StringComparer.Ordinal);
        var hiddenInside = new HashSet<string>(StringComparer.Ordinal);
        for (var number = layers.Count - 1; number >= 0; number--)
        {
            var layer = layers[number];
            var seen = layer.Entries
                .Where(e => !merged.TryGetValue(e.Key, out var above) || (above is null && kindOf(e.Value) == LayerEntryKind.Folder))
                .Where(e => !IsHidden(e.Key, hidden, hiddenInside))
                .ToList();
            foreach (var (path, entry) in seen)
                merged[path] = (number, entry);
            foreach (var (path, _) in seen)
            {
                for (var parent = path; parent.Length > 0;)
                {
                    parent = LayerPath.Parent(parent);
                    merged.TryAdd(parent, null);
                }
            }

            // Of concern to the layers below only.
            hiddenInside.UnionWith(layer.Entries.Where(e => kindOf(e.Value) != LayerEntryKind.Folder).Select(e => e.Key));
            hidden.UnionWith(layer.Removed);
            hiddenInside.UnionWith(layer.Removed);
            hiddenInside.UnionWith(layer.Emptied);
        }

        merged.TryAdd("", null);
        return merged;
    }

    private static IEnumerable<string> Removals(LayerCatalog layer, LayerEntryKind kind) =>
        layer.Entries.Where(e => e.Kind == kind).Select(e => e.Path);

    private static Dictionary<string, LayerCatalogEntry> ByPath(LayerCatalog layer)
    {
        var byPath = new Dictionary<string, LayerCatalogEntry>(layer.Entries.Count, StringComparer.Ordinal);
        foreach (var entry in layer.Entries)
        {
            if (entry.Kind is not (LayerEntryKind.Whiteout or LayerEntryKind.OpaqueFolder))
                byPath.TryAdd(entry.Path, entry);
        }

        return byPath;
    }

    private static bool IsHidden(string path, HashSet<string> hidden, HashSet<string> hiddenInside)
    {
        if (hidden.Contains(path))
            return true;
        while (path.Length > 0)
        {
            path = LayerPath.Parent(path);
            if (hiddenInside.Contains(path))
                return true;
        }

        return false;
    }

    /// <summary>A hard link's content is another entry's of its own layer; links to links are followed, loops are not.</summary>
    private static LayerCatalogEntry? ContentOf(LayerCatalogEntry entry, Dictionary<string, LayerCatalogEntry> own)
    {
        for (var steps = 0; entry.Kind == LayerEntryKind.HardLink; steps++)
        {
            if (steps > 8 || !own.TryGetValue(entry.LinkTarget!, out var target))
                throw LayerErrors.Invalid($"'{LayerErrors.Shown(entry.Path)}' is a hard link to '{LayerErrors.Shown(entry.LinkTarget!)}', which is no file of its layer");
            entry = target;
        }

        return entry.Kind == LayerEntryKind.File ? entry : null;
    }
}

/// <summary>One layer of <see cref="LayerMerge"/>.</summary>
/// <param name="Entries">Files, folders and links by path.</param>
/// <param name="Removed">What the layers below lose.</param>
/// <param name="Emptied">Folders in which the layers below lose everything.</param>
internal sealed record LayerToMerge<T>(IReadOnlyDictionary<string, T> Entries, IEnumerable<string> Removed, IEnumerable<string> Emptied);
