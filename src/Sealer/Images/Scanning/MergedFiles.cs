using Sealer.Images.Layers;

namespace Sealer.Images.Scanning;

/// <summary>Lays the files of layers one over the other, as a host sees them.</summary>
internal static class MergedFiles
{
    /// <summary>The files by path, in ordinal order.</summary>
    /// <param name="layers">Lowest first.</param>
    public static SortedDictionary<string, ScannedFile> Of(IReadOnlyList<LayerScan> layers)
    {
        var files = new SortedDictionary<string, ScannedFile>(StringComparer.Ordinal);
        // From the top: what a layer has is seen unless a layer above has, removes or covers it.
        var removed = new HashSet<string>(StringComparer.Ordinal);
        var emptied = new HashSet<string>(StringComparer.Ordinal);
        for (var i = layers.Count - 1; i >= 0; i--)
        {
            var layer = layers[i];
            var hidden = layer.Files.Values.Where(f => files.ContainsKey(f.Path) || IsHidden(f.Path, files, removed, emptied)).Select(f => f.Path).ToHashSet(StringComparer.Ordinal);
            foreach (var (path, file) in layer.Files)
            {
                if (!hidden.Contains(path))
                    files[path] = file;
            }

            removed.UnionWith(layer.Removed);
            emptied.UnionWith(layer.Emptied);
        }

        return files;
    }

    private static bool IsHidden(
        string path, SortedDictionary<string, ScannedFile> files, HashSet<string> removed, HashSet<string> emptied)
    {
        if (removed.Contains(path))
            return true;
        for (var folder = Parent(path); folder is not null; folder = Parent(folder))
        {
            if (removed.Contains(folder) || emptied.Contains(folder)
                || (files.TryGetValue(folder, out var above) && above.Kind != LayerEntryKind.Folder))
            {
                return true;
            }
        }

        return false;
    }

    private static string? Parent(string path) =>
        path.Length == 0 ? null : path.LastIndexOf('/') is var slash and >= 0 ? path[..slash] : "";
}
