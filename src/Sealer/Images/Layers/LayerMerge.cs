namespace Sealer.Images.Layers;

/// <summary>Lays layers over each other, as an overlay file system would show them.</summary>
internal static class LayerMerge
{
    private static readonly LayerIndexEntry Unnamed = new("", LayerEntryKind.Folder, 0b111_101_101, 0, 0, 0, 0, null, 0, null);

    /// <summary>What is at every path, the root included.</summary>
    public static Dictionary<string, ImageFile> Merge(IReadOnlyList<LayerIndex> layers)
    {
        // From the top down: what is there already stays, and what an upper layer removed or put something else in the place
        // of is not looked at below. Null is a folder that was only implied: a lower layer may say more of it.
        var merged = new Dictionary<string, ImageFile?>(StringComparer.Ordinal);
        var hidden = new HashSet<string>(StringComparer.Ordinal);
        var hiddenInside = new HashSet<string>(StringComparer.Ordinal);
        for (var number = layers.Count - 1; number >= 0; number--)
        {
            var layer = layers[number];
            var own = ByPath(layer);
            var added = new List<ImageFile>();
            foreach (var entry in own.Values)
            {
                if (merged.TryGetValue(entry.Path, out var above) && (above is not null || entry.Kind != LayerEntryKind.Folder))
                    continue;
                if (IsHidden(entry.Path, hidden, hiddenInside))
                    continue;
                added.Add(new ImageFile(entry, number, ContentOf(entry, own)));
            }

            foreach (var file in added)
                merged[file.Path] = file;
            foreach (var file in added)
            {
                for (var parent = file.Path; parent.Length > 0;)
                {
                    parent = LayerPath.Parent(parent);
                    merged.TryAdd(parent, null);
                }
            }

            // Of concern to the layers below only.
            foreach (var entry in own.Values.Where(e => e.Kind != LayerEntryKind.Folder))
                hiddenInside.Add(entry.Path);
            foreach (var entry in layer.Entries)
            {
                if (entry.Kind == LayerEntryKind.Whiteout)
                {
                    hidden.Add(entry.Path);
                    hiddenInside.Add(entry.Path);
                }
                else if (entry.Kind == LayerEntryKind.OpaqueFolder)
                {
                    hiddenInside.Add(entry.Path);
                }
            }
        }

        merged.TryAdd("", null);
        return merged.ToDictionary(
            p => p.Key,
            p => p.Value ?? new ImageFile(Unnamed with { Path = p.Key }, -1, null),
            StringComparer.Ordinal);
    }

    private static Dictionary<string, LayerIndexEntry> ByPath(LayerIndex layer)
    {
        var byPath = new Dictionary<string, LayerIndexEntry>(layer.Entries.Count, StringComparer.Ordinal);
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
    private static LayerIndexEntry? ContentOf(LayerIndexEntry entry, Dictionary<string, LayerIndexEntry> own)
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
