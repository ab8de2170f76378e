using Sealer.Images.Layers;

namespace Sealer.Images.ContainerImages.Helm;

/// <summary>A Helm chart in the rootfs: a folder with <c>Chart.yaml</c>, or a packed <c>.tgz</c>.</summary>
/// <param name="Path">The folder or the packed file.</param>
/// <param name="IsPacked">True for a packed file.</param>
/// <param name="AppName">The application it belongs to, or null.</param>
internal sealed record Chart(string Path, bool IsPacked, string? AppName)
{
    private const string Definition = "/Chart.yaml";

    // helm packs Chart.yaml first; what has not shown one this far is some other archive.
    private const int MaxEntriesLooked = 1000;
    private const int MaxBytesLooked = 32 * 1024 * 1024;

    /// <summary>The last part of the path, without the ending of a packed chart.</summary>
    public string FolderName
    {
        get
        {
            var name = Path[(Path.LastIndexOf('/') + 1)..];
            return IsPacked ? name[..^".tgz".Length] : name;
        }
    }

    /// <summary>What asks for the chart's images.</summary>
    public ImageOrigin Origin => AppName is null ? ImageOrigin.Chart : ImageOrigin.Application;

    /// <summary>The charts that are folders among the entries. What lies in a chart (its dependencies) is part of that chart.</summary>
    public static IReadOnlyList<Chart> FoldersAmong(IEnumerable<FileTreeEntry> entries, string? appName)
    {
        var charts = new List<Chart>();
        var folders = entries
            .Where(entry => entry.Kind == FileTreeEntryKind.File && entry.Path.EndsWith(Definition, StringComparison.Ordinal))
            .Select(entry => entry.Path[..^Definition.Length])
            .OrderBy(path => path.Length);
        foreach (var folder in folders)
        {
            if (!charts.Exists(chart => chart.Contains(folder + "/")))
                charts.Add(new Chart(folder, false, appName));
        }

        return charts;
    }

    /// <summary>True for a file that may be a packed chart; <see cref="IsPackedChartAsync"/> tells.</summary>
    public static bool MayBePacked(FileTreeEntry entry) =>
        entry.Kind == FileTreeEntryKind.File && entry.Path.EndsWith(".tgz", StringComparison.OrdinalIgnoreCase);

    /// <summary>True where a path lies in the chart's folder.</summary>
    public bool Contains(string path) => !IsPacked && path.StartsWith(Path + "/", StringComparison.Ordinal);

    /// <summary>True for a <c>.tgz</c> with <c>NAME/Chart.yaml</c>; applications carry other archives too.</summary>
    /// <param name="packed">The file; disposed, and not read further than is needed to tell.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public static async Task<bool> IsPackedChartAsync(Stream packed, CancellationToken cancellationToken)
    {
        try
        {
            var tar = new LayerReader(packed, new LayerReadOptions { MaxEntries = MaxEntriesLooked, MaxUncompressedSize = MaxBytesLooked });
            await using (tar.ConfigureAwait(false))
            {
                while (await tar.NextAsync(cancellationToken).ConfigureAwait(false) is { } entry)
                {
                    var slash = entry.Path.IndexOf('/', StringComparison.Ordinal);
                    if (slash > 0 && entry.Path[slash..] == Definition)
                        return true;
                }
            }
        }
        catch (SealerException e) when (e.Kind is ErrorKind.InvalidContent or ErrorKind.NotSupported)
        {
            // No tar in it, a broken one, or a very large one without a chart: helm could not read it either.
        }

        return false;
    }
}
