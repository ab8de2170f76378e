using Sealer.Images.Layers;
using Sealer.Images.LayerScans;

namespace Sealer.Images.Merging;

/// <summary>What has to be done to files so that an application is the later image's alone.</summary>
/// <param name="Name">The application.</param>
/// <param name="Removed">What only the earlier one has, each without what is in it.</param>
/// <param name="Restored">What the later image has unchanged from what both were built from, and the earlier one has changed.</param>
internal sealed record ReplacedApplication(string Name, IReadOnlyList<string> Removed, IReadOnlyList<ScannedFile> Restored);

/// <summary>Lays the applications of images one after the other; a later one of the same name takes the earlier one's place.</summary>
/// <param name="report">Told name, earlier image, later image and resolution of every collision.</param>
internal sealed class ApplicationMerge(Action<string, string, string, string> report)
{
    private readonly List<(Application Application, string Owner)> _applications = [];

    public IReadOnlyList<Application> Applications => [.. _applications.Select(a => a.Application)];

    /// <summary>Takes in the applications of the next image.</summary>
    /// <returns>Those that replace an earlier one of the same name.</returns>
    public IReadOnlyList<ReplacedApplication> Add(ClusterImage image, MergedImageFiles files)
    {
        var replaced = new List<ReplacedApplication>();
        foreach (var app in image.Applications)
        {
            var index = _applications.FindIndex(a => a.Application.Name == app.Name);
            if (index < 0)
            {
                _applications.Add((app, image.Name));
                continue;
            }

            var (there, theirs, common) = (Files(files.Before, app.Name), Files(files.Whole, app.Name), Files(files.Common, app.Name));
            var sameFiles = AreSame(there, theirs);
            var unchangedHere = theirs.Count > 0 && AreSame(theirs, common);
            if (SameDefinition(_applications[index].Application, app) && (sameFiles || unchangedHere))
                continue;
            report(app.Name, _applications[index].Owner, image.Name, $"It is the application of {image.Name}.");
            _applications[index] = (app, image.Name);
            if (!sameFiles)
                replaced.Add(Replace(app.Name, there, theirs, files.Own));
        }

        return replaced;
    }

    private static ReplacedApplication Replace(
        string name, Dictionary<string, ScannedFile> there, Dictionary<string, ScannedFile> theirs, SortedDictionary<string, ScannedFile> own)
    {
        var removed = there.Keys.Where(path => !theirs.ContainsKey(path)).ToHashSet(StringComparer.Ordinal);
        var restored = theirs.Values.Where(f => !own.ContainsKey(f.Path) && !(there.TryGetValue(f.Path, out var now) && IsSame(now, f)));
        return new ReplacedApplication(
            name,
            [.. removed.Where(path => !removed.Contains(LayerPath.Parent(path))).Order(StringComparer.Ordinal)],
            [.. restored.OrderBy(f => f.Path, StringComparer.Ordinal)]);
    }

    private static Dictionary<string, ScannedFile> Files(SortedDictionary<string, ScannedFile> files, string application)
    {
        var prefix = $"application/apps/{application}/";
        return files.Where(f => f.Key.StartsWith(prefix, StringComparison.Ordinal)).ToDictionary(f => f.Key, f => f.Value, StringComparer.Ordinal);
    }

    private static bool AreSame(Dictionary<string, ScannedFile> a, Dictionary<string, ScannedFile> b) =>
        a.Count == b.Count && a.All(f => b.TryGetValue(f.Key, out var other) && IsSame(f.Value, other));

    private static bool IsSame(ScannedFile a, ScannedFile b) => a.Kind == b.Kind && a.Content == b.Content && a.LinkTarget == b.LinkTarget;

    private static bool SameDefinition(Application a, Application b) => JsonOf(a) == JsonOf(b);

    private static string JsonOf(Application application) => OciJson.Write(new ImageExtension { Applications = [application] });
}
