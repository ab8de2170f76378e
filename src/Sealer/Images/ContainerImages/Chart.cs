using Sealer.Images.Layers;

namespace Sealer.Images.ContainerImages;

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

    /// <summary>The charts among the files below a folder. What lies in a chart (its dependencies) is part of that chart.</summary>
    public static async Task<IReadOnlyList<Chart>> FindAsync(
        IFileTree files, IReadOnlyList<FileTreeEntry> entries, string? appName, CancellationToken cancellationToken)
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

        foreach (var entry in entries)
        {
            if (entry.Kind == FileTreeEntryKind.File
                && entry.Path.EndsWith(".tgz", StringComparison.OrdinalIgnoreCase)
                && !charts.Exists(chart => chart.Contains(entry.Path))
                && await IsPackedChartAsync(files, entry.Path, cancellationToken).ConfigureAwait(false))
            {
                charts.Add(new Chart(entry.Path, true, appName));
            }
        }

        charts.Sort((a, b) => string.CompareOrdinal(a.Path, b.Path));
        return charts;
    }

    /// <summary>True where a path lies in the chart's folder.</summary>
    public bool Contains(string path) => !IsPacked && path.StartsWith(Path + "/", StringComparison.Ordinal);

    /// <summary>True for a <c>.tgz</c> with <c>NAME/Chart.yaml</c>; applications carry other archives too.</summary>
    private static async Task<bool> IsPackedChartAsync(IFileTree files, string path, CancellationToken cancellationToken)
    {
        try
        {
            var tar = new LayerReader(files.Open(path), new LayerReadOptions { MaxEntries = MaxEntriesLooked, MaxUncompressedSize = MaxBytesLooked });
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
