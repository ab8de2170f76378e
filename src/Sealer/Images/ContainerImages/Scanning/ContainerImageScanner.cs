using System.Net;
using System.Text;
using Sealer.Images.ContainerImages.Fetching;
using Sealer.Images.ContainerImages.Helm;
using Sealer.Images.ContainerImages.Lists;
using Sealer.Images.ContainerImages.RegistryFolder;
using Sealer.Images.Layers;

namespace Sealer.Images.ContainerImages.Scanning;

/// <summary>
/// Finds the container images that a cluster image needs: in manifests by their structure, in charts by rendering them with
/// helm, in applications, and in lists. Downloads nothing.
/// </summary>
public sealed class ContainerImageScanner
{
    private const string Manifests = "manifests";
    private const string ImageList = "manifests/imageList";
    private const long MaxListSize = 16 * 1024 * 1024;
    private const string Charts = "charts";
    private const string Applications = "application/apps";

    private readonly ContainerImageScanOptions _options;
    private readonly IFileTree _files;

    private ContainerImageScanner(ContainerImageScanOptions options)
    {
        _options = options;
        _files = options.Files;
    }

    /// <summary>Scans; every mistake is told in one exception.</summary>
    /// <exception cref="SealerException">
    /// <c>ContainerImageScanFailed</c>: a list has mistakes, or a chart could not be rendered; <c>HelmNotFound</c>: there are
    /// charts and no helm; <c>InvalidIgnoredImage</c>.
    /// </exception>
    public static Task<ContainerImageScan> ScanAsync(ContainerImageScanOptions options, CancellationToken cancellationToken) =>
        new ContainerImageScanner(options).ScanAsync(cancellationToken);

    private async Task<ContainerImageScan> ScanAsync(CancellationToken cancellationToken)
    {
        var ignored = new IgnoredImages(_options.IgnoredImages);
        using var charts = new ChartFolder();
        var reading = new ReadingList(_files);
        List<ScanFindings> read = [.. PlanManifests(reading), PlanImageList(reading)];
        PlanCharts(reading, charts, _files.List(Charts).ToList(), null);
        read.AddRange(PlanApplications(reading, charts));
        await reading.ReadAsync(cancellationToken).ConfigureAwait(false);

        var all = new ScanFindings();
        read.ForEach(all.Add);
        await ScanChartsAsync(all, charts, cancellationToken).ConfigureAwait(false);
        var credentials = new Dictionary<ImageReference, NetworkCredential>();
        await ScanGivenListsAsync(all, credentials, cancellationToken).ConfigureAwait(false);
        if (all.Errors.Count > 0)
        {
            throw new SealerException(
                "ContainerImageScanFailed", ErrorKind.InvalidInput,
                "The container images of the cluster image cannot be told:" + string.Concat(all.Errors.Select(error => "\n  " + error)));
        }

        return new ContainerImageScan
        {
            Images = [.. all.Images.Where(image => !ignored.Contains(image.Reference))],
            Ignored = [.. all.Images.Where(image => ignored.Contains(image.Reference))],
            Warnings = all.Warnings,
            Credentials = credentials,
        };
    }

    private IEnumerable<ScanFindings> PlanManifests(ReadingList reading) => _files.List(Manifests)
        .Where(entry => entry.Kind == FileTreeEntryKind.File && ManifestScan.IsManifest(entry.Path))
        .Select(entry => ManifestScan.Plan(reading, entry, null, ImageOrigin.Manifest));

    private ScanFindings PlanImageList(ReadingList reading)
    {
        var findings = new ScanFindings();
        if (_files.Find(ImageList) is not { Kind: FileTreeEntryKind.File } list)
            return findings;
        if (list.Size > MaxListSize)
        {
            findings.Errors.Add($"{ImageList}: The list has more than {MaxListSize / 1024 / 1024} MiB.");
            return findings;
        }

        reading.Add(ImageList, async (content, token) =>
        {
            using var reader = ImageListFile.OpenText(content);
            using var archives = _options.IsInherited?.Invoke(ImageList) == true ? null : new ContainerImageArchives(null);
            var found = await ImageListFile.ReadAsync(ImageList, reader, _options.ContextFolder, archives, ImageOrigin.ImageList, token)
                .ConfigureAwait(false);

            // Where the parent holds its images, what its archives held is among them.
            if (_files.Find(RegistryFolderLayout.Root) is not null)
                found.Warnings.Clear();
            findings.Add(found);
        });
        return findings;
    }

    /// <returns>The charts that are folders; packed ones are known when they were read.</returns>
    private static IReadOnlyList<Chart> PlanCharts(
        ReadingList reading, ChartFolder charts, IReadOnlyList<FileTreeEntry> entries, string? appName)
    {
        var folders = Chart.FoldersAmong(entries, appName);
        foreach (var chart in folders)
            charts.Add(reading, chart, entries);
        foreach (var entry in entries.Where(entry => Chart.MayBePacked(entry) && !folders.Any(chart => chart.Contains(entry.Path))))
            charts.AddIfChart(reading, entry, appName);
        return folders;
    }

    private List<ScanFindings> PlanApplications(ReadingList reading, ChartFolder charts)
    {
        var findings = new List<ScanFindings>();
        foreach (var application in _files.List(Applications).GroupBy(entry => NameOfApplication(entry.Path)))
        {
            var folders = PlanCharts(reading, charts, [.. application], application.Key);
            findings.AddRange(application
                .Where(entry => entry.Kind == FileTreeEntryKind.File && ManifestScan.IsManifest(entry.Path))
                .Where(entry => !folders.Any(chart => chart.Contains(entry.Path)))
                .Select(entry => ManifestScan.Plan(reading, entry, application.Key, ImageOrigin.Application)));
        }

        return findings;
    }

    private static string NameOfApplication(string path)
    {
        var start = Applications.Length + 1;
        var end = path.IndexOf('/', start);
        return end < 0 ? path[start..] : path[start..end];
    }

    private async Task ScanChartsAsync(ScanFindings all, ChartFolder folder, CancellationToken cancellationToken)
    {
        var charts = folder.Charts;
        CheckValues(all, charts.Count);
        if (charts.Count == 0 || all.Errors.Count > 0)
            return;
        if (!_options.RunsHelmOfImage && HelmCommand.IsOfImage(_options.Helm, _files, _options.Platform))
        {
            all.Warnings.AddRange(charts.Select(chart => new ScanWarning(
                chart.Chart.Path, 0, 0, "The images of this chart are found when the image is built, by the image's own helm (bin/helm): there is none on PATH, and nothing of the image is run before.")));
            return;
        }

        var helm = await HelmCommand.FindAsync(_options.Helm, _files, _options.Platform, folder.Path, cancellationToken).ConfigureAwait(false)
            ?? throw new SealerException(
                "HelmNotFound", ErrorKind.ResourceUnavailable,
                $"The chart {string.Join(", the chart ", charts.Select(chart => chart.Chart.Path))} can only be searched for images by helm, "
                + "and there is no helm on PATH and none for this machine in the image (bin/helm). "
                + "Install helm 3 or later, or give its path, or build in lite mode, which carries no container images.",
                charts[0].Chart.Path);
        foreach (var key in _options.Helm.Values.Keys.Where(key => !charts.Any(chart => ChartScan.IsFor(key, chart))))
            all.Errors.Add($"There are helm values for '{key}', and no chart of that name. Charts: {string.Join(", ", charts.Select(chart => chart.Chart.Path))}.");
        var scan = new ChartScan(_options.Helm, helm);
        var results = new ScanFindings[charts.Count];
        await Parallel.ForAsync(0, charts.Count, cancellationToken, async (index, token) =>
            results[index] = await scan.ScanAsync(charts[index], token).ConfigureAwait(false)).ConfigureAwait(false);
        foreach (var result in results)
            all.Add(result);
    }

    private void CheckValues(ScanFindings all, int charts)
    {
        var values = _options.Helm.Values;
        foreach (var file in values.SelectMany(pair => pair.Value).Where(file => !File.Exists(file)))
            all.Errors.Add($"There is no file of helm values at '{file}'. Check the path.");
        if (charts == 0 && values.Count > 0)
            all.Errors.Add($"There are helm values for '{values.Keys.First()}', and the image has no chart.");
    }

    private async Task ScanGivenListsAsync(
        ScanFindings all, Dictionary<ImageReference, NetworkCredential> credentials, CancellationToken cancellationToken)
    {
        using var archives = new ContainerImageArchives(null);
        using var given = new StringReader(string.Join('\n', _options.ContainerImages));
        all.Add(await ImageListFile.ReadAsync(
            "-ImageArchive", given, Environment.CurrentDirectory, archives, ImageOrigin.ExplicitList, cancellationToken).ConfigureAwait(false));
        foreach (var list in _options.ImageLists)
        {
            if (!File.Exists(list))
            {
                all.Errors.Add($"There is no list of images at '{list}'. Give a text file with one image a line.");
                continue;
            }

            var folder = Path.GetDirectoryName(Path.GetFullPath(list))!;
            using var reader = ImageListFile.OpenText(File.OpenRead(list));
            all.Add(await ImageListFile.ReadAsync(list, reader, folder, archives, ImageOrigin.ExplicitList, cancellationToken)
                .ConfigureAwait(false));
        }

        foreach (var list in _options.CredentialLists)
        {
            if (!File.Exists(list))
            {
                all.Errors.Add($"There is no list of images with credentials at '{list}'. Give a YAML file of registry, username, password and images.");
                continue;
            }

            var text = await File.ReadAllTextAsync(list, Encoding.UTF8, cancellationToken).ConfigureAwait(false);
            all.Add(CredentialListFile.Read(list, text, credentials));
        }
    }
}
