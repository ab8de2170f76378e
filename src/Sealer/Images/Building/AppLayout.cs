using Sealer.Images.Layers;
using Sealer.Kubefiles.Instructions;

namespace Sealer.Images.Building;

/// <summary>What an application is, by its files, and where these lie in its folder.</summary>
/// <param name="Type"><c>kube</c>, <c>helm</c>, <c>shell</c>, or null where only APPCMDS can tell.</param>
/// <param name="Files">What is started: see <see cref="Application.Files"/>.</param>
/// <param name="Placed">The sources and the folder below the application's that each goes to (<c>""</c>: the folder itself).</param>
internal sealed record AppLayout(string? Type, IReadOnlyList<string> Files, IReadOnlyList<(SourceItem Item, string Folder)> Placed)
{
    private static readonly string[] ChartParts = ["Chart.yaml", "values.yaml", "templates"];

    /// <summary>
    /// Tells the type: helm where a source is a chart or the sources together are one; else kube or shell where all files
    /// are such; else none.
    /// </summary>
    /// <param name="name">The application's name.</param>
    /// <param name="items">Its sources; a packed chart is given unpacked (<see cref="UnpackedChart"/>).</param>
    /// <exception cref="SealerException"><c>InvalidApplication</c>.</exception>
    public static AppLayout Of(string name, IReadOnlyList<SourceItem> items)
    {
        var charts = items.Count(IsChart);
        if (charts > 1)
            throw Invalid($"the application '{name}' has {charts} charts, and helm installs one; make an APP of each", name);
        if (charts == 1)
            return new AppLayout("helm", [name], [.. items.Select(item => (item, ""))]);

        // Chart.yaml, values.yaml and templates one by one: the folders must keep their names to be a chart again.
        if (ChartParts.All(part => items.Any(item => item.Name == part)))
            return new AppLayout("helm", [name], [.. items.Select(item => (item, item.IsFolder ? item.Name : ""))]);

        var placed = items.Select(item => (item, "")).ToList();
        var all = items.SelectMany(FilesOf).ToList();
        if (all.Count == 0)
            throw Invalid($"the application '{name}' has no files", name);
        if (all.TrueForAll(IsManifest))
            return new AppLayout("kube", [.. all.Distinct(StringComparer.Ordinal)], placed);

        // Of scripts, those of the first source are started; the others are there for them to call.
        return all.TrueForAll(file => HasExtension(file, ".sh"))
            ? new AppLayout("shell", [.. FilesOf(items[0])], placed)
            : new AppLayout(null, [], placed);
    }

    /// <summary>True where a source may be a chart as <c>helm package</c> makes them.</summary>
    public static bool IsPacked(SourceItem item) => !item.IsFolder
        && (item.Name.EndsWith(".tgz", StringComparison.OrdinalIgnoreCase) || item.Name.EndsWith(".tar.gz", StringComparison.OrdinalIgnoreCase));

    /// <summary>True where an APPCMDS says how an application is started.</summary>
    public static bool HasCommands(IEnumerable<KubefileInstruction> instructions, string name) =>
        instructions.OfType<AppCmdsInstruction>().Any(commands => commands.Name == name);

    /// <summary>The mistake of an application whose type is not known and that has no APPCMDS.</summary>
    public static string NoWayToStart(string name) =>
        $"how to start '{name}' cannot be told from its files, which are neither a chart nor only manifests nor only scripts; add APPCMDS {name} [\"command\", ...]";

    /// <summary>
    /// The chart in an unpacked <c>.tgz</c>, without the folder that <c>helm package</c> puts around it, so that
    /// <c>helm install NAME application/apps/NAME/</c> finds it; null where the archive is no chart.
    /// </summary>
    public static SourceItem? UnpackedChart(SourceItem archive)
    {
        var definition = archive.Entries
            .Where(entry => entry.Kind == LayerEntryKind.File && entry.RelativePath.Split('/') is [_, "Chart.yaml"])
            .ToList();
        if (definition.Count != 1)
            return null;
        var prefix = definition[0].RelativePath.Split('/')[0] + "/";
        var entries = archive.Entries
            .Where(entry => entry.RelativePath.StartsWith(prefix, StringComparison.Ordinal))
            .Select(entry => entry with
            {
                RelativePath = entry.RelativePath[prefix.Length..],
                Uid = 0,
                Gid = 0,
                Mode = FileModes.Normal(entry.Mode),
            });
        return new SourceItem(archive.Name, IsFolder: true, [.. entries]);
    }

    private static bool IsChart(SourceItem item)
    {
        if (!item.IsFolder || !Has(item, "Chart.yaml"))
            return false;
        return item.Entries.Any(entry => entry.RelativePath is "templates" || entry.RelativePath.StartsWith("templates/", StringComparison.Ordinal))
            || Has(item, "values.yaml");
    }

    private static bool Has(SourceItem item, string path) => item.Entries.Any(entry => entry.RelativePath == path);

    private static IEnumerable<string> FilesOf(SourceItem item) => item.IsFolder
        ? item.Entries.Where(entry => entry.Kind is not LayerEntryKind.Folder).Select(entry => entry.RelativePath)
        : [item.Name];

    private static bool IsManifest(string file) => HasExtension(file, ".yaml") || HasExtension(file, ".yml");

    private static bool HasExtension(string file, string extension) => file.EndsWith(extension, StringComparison.OrdinalIgnoreCase);

    private static SealerException Invalid(string message, string target) =>
        new("InvalidApplication", ErrorKind.InvalidInput, message, target);
}
