using System.Globalization;
using Sealer.Images.ContainerImages.Scanning;
using Sealer.Images.Layers;

namespace Sealer.Images.ContainerImages.Helm;

/// <summary>A chart on disk, where helm can read it.</summary>
/// <param name="Chart">Where it lies in the rootfs.</param>
/// <param name="LocalPath">Its folder, or its packed file; nobody but us writes there.</param>
/// <param name="RunFolder">Where helm may do as it likes when it renders this chart; not made yet.</param>
/// <param name="Findings">What was wrong with it; with an error it is not there.</param>
internal sealed record UnpackedChart(Chart Chart, string LocalPath, string RunFolder, ScanFindings Findings);

/// <summary>The charts of a rootfs, copied to a private folder while the rootfs is read; the folder is gone when disposed.</summary>
internal sealed class ChartFolder : IDisposable
{
    private const long MaxChartSize = 256L * 1024 * 1024;

    private readonly Lazy<string> _path = new(() => Directory.CreateTempSubdirectory("sealer-charts-").FullName);
    private readonly List<UnpackedChart> _charts = [];
    private int _names;

    /// <summary>The folder, in which other names than numbers are free.</summary>
    public string Path => _path.Value;

    /// <summary>The charts, those of applications last; complete once everything was read.</summary>
    public IReadOnlyList<UnpackedChart> Charts =>
        [.. _charts.OrderBy(chart => chart.Chart.AppName is not null).ThenBy(chart => chart.Chart.Path, StringComparer.Ordinal)];

    /// <summary>Wants a chart that is a folder.</summary>
    public void Add(ReadingList reading, Chart chart, IEnumerable<FileTreeEntry> entries)
    {
        var unpacked = New(chart);
        _charts.Add(unpacked);
        var inside = entries.Where(entry => chart.Contains(entry.Path)).ToList();
        if (IsTooLarge(unpacked, inside.Sum(entry => entry.Size)))
            return;
        foreach (var entry in inside)
        {
            if (entry.Kind == FileTreeEntryKind.SymbolicLink)
                unpacked.Findings.Warnings.Add(new ScanWarning(entry.Path, 0, 0, "A link in a chart is not followed; helm does not see it."));
            if (entry.Kind != FileTreeEntryKind.File)
                continue;
            var name = entry.Path[(chart.Path.Length + 1)..].Replace('/', System.IO.Path.DirectorySeparatorChar);
            var target = System.IO.Path.GetFullPath(name, unpacked.LocalPath);
            if (target.StartsWith(unpacked.LocalPath + System.IO.Path.DirectorySeparatorChar, StringComparison.Ordinal))
                reading.Add(entry.Path, (content, token) => CopyAsync(content, target, token));
            else
                unpacked.Findings.Errors.Add($"{entry.Path}: The path leaves the chart.");
        }
    }

    /// <summary>Wants a file if it turns out to be a packed chart.</summary>
    public void AddIfChart(ReadingList reading, FileTreeEntry file, string? appName) => reading.Add(file.Path, async (content, token) =>
    {
        var unpacked = New(new Chart(file.Path, true, appName));
        var copy = new FileStream(unpacked.LocalPath, FileMode.CreateNew, FileAccess.Write);
        bool isChart;
        await using (copy.ConfigureAwait(false))
        {
            isChart = await Chart.IsPackedChartAsync(new CopyingStream(content, copy), token).ConfigureAwait(false);
            if (isChart && !IsTooLarge(unpacked, file.Size))
                await content.CopyToAsync(copy, token).ConfigureAwait(false);
        }

        if (isChart)
            _charts.Add(unpacked);
        else
            File.Delete(unpacked.LocalPath);
    });

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_path.IsValueCreated)
            FolderRemoval.Delete(Path);
    }

    private static bool IsTooLarge(UnpackedChart chart, long size)
    {
        if (size <= MaxChartSize)
            return false;
        chart.Findings.Errors.Add($"{chart.Chart.Path}: The chart has more than {MaxChartSize / 1024 / 1024} MiB.");
        return true;
    }

    private static async Task CopyAsync(Stream content, string target, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(target)!);
        var to = new FileStream(target, FileMode.CreateNew, FileAccess.Write);
        await using (to.ConfigureAwait(false))
            await content.CopyToAsync(to, cancellationToken).ConfigureAwait(false);
    }

    private UnpackedChart New(Chart chart) => new(chart, NewPath(), NewPath(), new ScanFindings());

    private string NewPath() => System.IO.Path.Combine(Path, (_names++).ToString(CultureInfo.InvariantCulture));

    /// <summary>Copies what is read of a stream, which it leaves open: the rest of it is copied by whoever wants it.</summary>
    private sealed class CopyingStream(Stream from, Stream copy) : ReadOnlyStream
    {
        public override int Read(Span<byte> buffer)
        {
            var read = from.Read(buffer);
            copy.Write(buffer[..read]);
            return read;
        }
    }
}
