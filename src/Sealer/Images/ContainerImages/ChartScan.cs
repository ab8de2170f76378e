using System.Globalization;
using System.Text;
using Sealer.Images.Layers;

namespace Sealer.Images.ContainerImages;

/// <summary>Finds the images of charts in what helm renders of them.</summary>
internal sealed class ChartScan(IFileTree files, HelmOptions options, HelmCommand helm, string privateFolder)
{
    private const long MaxChartSize = 256L * 1024 * 1024;
    private const int MaxSaid = 4096;
    private const string SourceComment = "# Source: ";

    private int _folders;

    /// <summary>Renders a chart and finds its images; what helm complains of is an error of the findings.</summary>
    public async Task<ScanFindings> ScanAsync(Chart chart, CancellationToken cancellationToken)
    {
        var findings = new ScanFindings();
        var folder = Path.Combine(
            privateFolder, Interlocked.Increment(ref _folders).ToString(CultureInfo.InvariantCulture));
        var unpacked = Path.Combine(folder, "chart");
        if (!await UnpackAsync(chart, unpacked, findings, cancellationToken).ConfigureAwait(false))
            return findings;
        var values = ValuesOf(chart);
        var shown = helm.Show(folder, unpacked);
        var arguments = new List<string> { "template", "dryrun", shown, "--include-crds" };
        if (options.KubeVersion is { } version)
            arguments.AddRange(["--kube-version", version]);
        foreach (var file in values)
            arguments.AddRange(["--values", helm.Show(folder, file)]);
        var result = await helm.RunAsync(folder, arguments, cancellationToken).ConfigureAwait(false);
        if (result.ExitCode == 0)
            Take(chart, result.Output, findings);
        else if (!result.Errors.Contains("library charts are not installable", StringComparison.Ordinal))
            findings.Errors.Add(Explain(chart, values, result.Errors, shown));
        return findings;
    }

    /// <summary>The values that the caller gave for a chart, by its name, its folder's or its application's.</summary>
    public IReadOnlyList<string> ValuesOf(Chart chart) =>
        [.. options.Values.Where(pair => IsFor(pair.Key, chart)).SelectMany(pair => pair.Value)];

    /// <summary>True where a key of <see cref="HelmOptions.Values"/> means the chart.</summary>
    public bool IsFor(string key, Chart chart) =>
        key == chart.AppName
        || key == chart.FolderName
        || (chart.IsPacked
            ? chart.FolderName.StartsWith(key + "-", StringComparison.Ordinal) && char.IsAsciiDigit(chart.FolderName.ElementAtOrDefault(key.Length + 1))
            : key == NameOf(chart));

    private string? NameOf(Chart chart)
    {
        using var reader = ImageListFile.OpenText(files.Open(chart.Path + "/Chart.yaml"));
        var documents = YamlDocuments.Read(reader.ReadToEnd()).Documents;
        return documents.Count > 0 && documents[0] is YamlMapping mapping ? mapping.FindScalar("name")?.Value : null;
    }

    private async Task<bool> UnpackAsync(Chart chart, string folder, ScanFindings findings, CancellationToken cancellationToken)
    {
        var entries = chart.IsPacked ? [files.Find(chart.Path)!] : files.List(chart.Path).ToList();
        if (entries.Sum(entry => entry.Size) > MaxChartSize)
        {
            findings.Errors.Add($"{chart.Path}: The chart has more than {MaxChartSize / 1024 / 1024} MiB.");
            return false;
        }

        foreach (var entry in entries)
        {
            if (entry.Kind == FileTreeEntryKind.SymbolicLink)
                findings.Warnings.Add(new ScanWarning(entry.Path, 0, 0, "A link in a chart is not followed; helm does not see it."));
            if (entry.Kind != FileTreeEntryKind.File)
                continue;
            var target = chart.IsPacked
                ? folder
                : Path.GetFullPath(entry.Path[(chart.Path.Length + 1)..].Replace('/', Path.DirectorySeparatorChar), folder);
            if (!chart.IsPacked && !target.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            {
                findings.Errors.Add($"{entry.Path}: The path leaves the chart.");
                return false;
            }

            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            using var from = files.Open(entry.Path);
            var to = new FileStream(target, FileMode.CreateNew, FileAccess.Write);
            await using (to.ConfigureAwait(false))
                await from.CopyToAsync(to, cancellationToken).ConfigureAwait(false);
        }

        return true;
    }

    private static string Explain(Chart chart, IReadOnlyList<string> values, string errors, string folder)
    {
        var said = errors.Replace(folder, chart.Path, StringComparison.Ordinal).Trim();
        if (said.Length > MaxSaid)
            said = said[..MaxSaid] + " ...";
        var next = said.Contains("missing in charts/ directory", StringComparison.Ordinal)
            ? "Run 'helm dependency build' in the chart before the build: a build downloads no charts."
            : values.Count == 0
                ? "Where the chart needs values, give them with the build's helm values."
                : $"It was given the values of {string.Join(", ", values)}.";
        return $"{chart.Path}: helm could not render the chart. {next} helm said: {said}";
    }

    /// <summary>Takes the documents that helm printed, each headed by the template that it is of.</summary>
    private void Take(Chart chart, string output, ScanFindings findings)
    {
        var template = chart.Path;
        string[]? lines = null;
        var text = new StringBuilder();
        foreach (var line in output.AsSpan().EnumerateLines())
        {
            if (line.StartsWith(SourceComment) || line is "---")
            {
                TakeDocument(chart, template, ref lines, text.ToString(), findings);
                text.Clear();
                if (line is not "---")
                    (template, lines) = (PlaceOf(chart, line[SourceComment.Length..].Trim().ToString()), null);
                continue;
            }

            text.Append(line).Append('\n');
        }

        TakeDocument(chart, template, ref lines, text.ToString(), findings);
    }

    /// <summary>helm's path begins with the chart's name, which need not be its folder's.</summary>
    private static string PlaceOf(Chart chart, string source)
    {
        var slash = source.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? chart.Path : chart.Path + source[slash..];
    }

    private void TakeDocument(Chart chart, string template, ref string[]? templateLines, string text, ScanFindings findings)
    {
        if (string.IsNullOrWhiteSpace(text))
            return;
        var found = ManifestScan.Scan(template, text, chart.AppName, chart.Origin);
        if (found.Images.Count == 0 && found.Warnings.Count == 0)
            return;
        // Lines of the rendered text mean nothing to a reader of the template; only a line that is sure is told.
        var lines = templateLines ??= TemplateLines(chart, template);
        findings.Images.AddRange(found.Images.Select(image => image with { Line = LineOf(lines, image.Text), Column = 0 }));
        findings.Warnings.AddRange(found.Warnings.Select(warning => warning with { Line = 0, Column = 0 }));
    }

    private string[] TemplateLines(Chart chart, string template)
    {
        if (!chart.Contains(template) || files.Find(template)?.Kind != FileTreeEntryKind.File)
            return [];
        using var reader = ImageListFile.OpenText(files.Open(template));
        return reader.ReadToEnd().Split('\n');
    }

    private static int LineOf(string[] lines, string text)
    {
        var named = IndexOfOnly(lines, line => line.Contains(text, StringComparison.Ordinal));
        return named > 0 ? named : IndexOfOnly(lines, line => line.Contains("image:", StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>The only line that fits, counted from 1; 0 where there is none or more than one.</summary>
    private static int IndexOfOnly(string[] lines, Predicate<string> fits)
    {
        var index = Array.FindIndex(lines, fits);
        return index >= 0 && Array.FindLastIndex(lines, fits) == index ? index + 1 : 0;
    }
}
