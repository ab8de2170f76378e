using Sealer.Images.Layers;

namespace Sealer.Images.LayerScans;

/// <summary>Lays the files of layers one over the other, as a host sees them.</summary>
internal static class MergedFiles
{
    /// <summary>The files by path, in ordinal order; folders that no layer names are not among them.</summary>
    /// <param name="layers">Lowest first.</param>
    public static SortedDictionary<string, ScannedFile> Of(IReadOnlyList<LayerScan> layers)
    {
        var files = new SortedDictionary<string, ScannedFile>(StringComparer.Ordinal);
        var merged = LayerMerge.Merge(
            [.. layers.Select(layer => new LayerToMerge<ScannedFile>(layer.Files, layer.Removed, layer.Emptied))],
            file => file.Kind);
        foreach (var (path, seen) in merged)
        {
            if (seen is var (_, file))
                files[path] = file;
        }

        return files;
    }
}
