using System.Text;
using Sealer.Images.ContainerImages.Lists;
using Sealer.Images.ContainerImages.Scanning;
using Sealer.Yaml;

namespace Sealer.Images.ContainerImages.Helm;

/// <summary>Finds the images of charts in what helm renders of them.</summary>
internal sealed class ChartScan(HelmOptions options, HelmCommand helm)
{
    private const int MaxSaid = 4096;
    private const string SourceComment = "# Source: ";

    /// <summary>Renders a chart and finds its images; what helm complains of is an error of the findings.</summary>
    public async Task<ScanFindings> ScanAsync(UnpackedChart chart, CancellationToken cancellationToken)
    {
        var findings = chart.Findings;
        if (findings.Errors.Count > 0)
            return findings;
        var values = ValuesOf(chart);
        var folder = Directory.CreateDirectory(chart.RunFolder).FullName;
        var shown = helm.Show(folder, chart.LocalPath);
        var arguments = new List<string> { "template", "dryrun", shown, "--include-crds" };
        if (options.KubeVersion is { } version)
            arguments.AddRange(["--kube-version", version]);
        foreach (var file in values)
            arguments.AddRange(["--values", helm.Show(folder, file)]);
        var result = await helm.RunAsync(folder, arguments, cancellationToken).ConfigureAwait(false);
        if (result.ExitCode == 0)
            Take(chart, result.Output, findings);
        else if (!result.Errors.Contains("library charts are not installable", StringComparison.Ordinal))
            findings.Errors.Add(Explain(chart.Chart, values, result.Errors, shown));
        return findings;
    }

    /// <summary>The values that the caller gave for a chart, by its name, its folder's or its application's.</summary>
    public IReadOnlyList<string> ValuesOf(UnpackedChart chart) =>
        [.. options.Values.Where(pair => IsFor(pair.Key, chart)).SelectMany(pair => pair.Value)];

    /// <summary>True where a key of <see cref="HelmOptions.Values"/> means the chart.</summary>
    public static bool IsFor(string key, UnpackedChart unpacked)
    {
        var chart = unpacked.Chart;
        return key == chart.AppName
            || key == chart.FolderName
            || (chart.IsPacked
                ? chart.FolderName.StartsWith(key + "-", StringComparison.Ordinal) && char.IsAsciiDigit(chart.FolderName.ElementAtOrDefault(key.Length + 1))
                : key == NameOf(unpacked));
    }

    private static string? NameOf(UnpackedChart chart)
    {
        var definition = Path.Combine(chart.LocalPath, "Chart.yaml");
        if (!File.Exists(definition))
            return null;
        using var reader = ImageListFile.OpenText(File.OpenRead(definition));
        var documents = YamlDocuments.Read(reader.ReadToEnd()).Documents;
        return documents.Count > 0 && documents[0] is YamlMapping mapping ? mapping.FindScalar("name")?.Value : null;
    }

    private static string Explain(Chart chart, IReadOnlyList<string> values, string errors, string shown)
    {
        var said = errors.Replace(shown, chart.Path, StringComparison.Ordinal).Trim();
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
    private static void Take(UnpackedChart chart, string output, ScanFindings findings)
    {
        var template = chart.Chart.Path;
        string[]? lines = null;
        var text = new StringBuilder();
        foreach (var line in output.AsSpan().EnumerateLines())
        {
            if (line.StartsWith(SourceComment) || line is "---")
            {
                TakeDocument(chart, template, ref lines, text.ToString(), findings);
                text.Clear();
                if (line is not "---")
                    (template, lines) = (PlaceOf(chart.Chart, line[SourceComment.Length..].Trim().ToString()), null);
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

    private static void TakeDocument(UnpackedChart chart, string template, ref string[]? templateLines, string text, ScanFindings findings)
    {
        if (string.IsNullOrWhiteSpace(text))
            return;
        var found = ManifestScan.Scan(template, text, chart.Chart.AppName, chart.Chart.Origin);
        if (found.Images.Count == 0 && found.Warnings.Count == 0)
            return;
        // Lines of the rendered text mean nothing to a reader of the template; only a line that is sure is told.
        var lines = templateLines ??= TemplateLines(chart, template);
        findings.Images.AddRange(found.Images.Select(image => image with { Line = LineOf(lines, image.Text), Column = 0 }));
        findings.Warnings.AddRange(found.Warnings.Select(warning => warning with { Line = 0, Column = 0 }));
    }

    private static string[] TemplateLines(UnpackedChart chart, string template)
    {
        if (!chart.Chart.Contains(template))
            return [];
        // What helm says is text that the chart may have a hand in; only a file of the chart is opened.
        var file = Path.GetFullPath(template[(chart.Chart.Path.Length + 1)..], chart.LocalPath);
        if (!file.StartsWith(chart.LocalPath + Path.DirectorySeparatorChar, StringComparison.Ordinal) || !File.Exists(file))
            return [];
        using var reader = ImageListFile.OpenText(File.OpenRead(file));
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
