using System.Text;
using Sealer.Clusterfiles.Documents;
using Sealer.Clusterfiles.Reading;
using Sealer.Clusterfiles.Templates;
using Sealer.Images;
using Sealer.Images.Layers;

namespace Sealer.Clusterfiles.Configs;

/// <summary>
/// What a Clusterfile makes of an image's rootfs, before it is sent: templates and files of applications, then Config
/// documents, then templates below etc, charts and manifests, in sealer's order. The rootfs itself is not touched.
/// </summary>
public sealed class RootfsChanges
{
    private const string Suffix = ".tmpl";
    private const int MaxFile = 16 * 1024 * 1024;

    private static readonly string[] TemplateFolders = ["etc", "charts", "manifests"];

    private readonly IFileTree _rootfs;
    private readonly ClusterSpec _spec;
    private readonly Dictionary<string, RootfsChange> _changes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _read = new(StringComparer.Ordinal);
    private readonly List<TemplateWarning> _warnings = [];

    private RootfsChanges(IFileTree rootfs, ClusterSpec spec) => (_rootfs, _spec) = (rootfs, spec);

    /// <summary>The files that change or are new, by path.</summary>
    public IReadOnlyList<RootfsChange> Files => [.. _changes.Values.OrderBy(change => change.Path, StringComparer.Ordinal)];

    /// <summary>What deserves a second look: variables without a value.</summary>
    public IReadOnlyList<TemplateWarning> Warnings => _warnings;

    /// <summary>Finds out what changes.</summary>
    /// <param name="rootfs">The image's files, of one platform.</param>
    /// <param name="spec">The cluster.</param>
    /// <param name="image">What the image says of itself: its ENV and its applications; null: neither.</param>
    /// <param name="given">Variables given on the command line, or null.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="SealerException">
    /// <c>InvalidTemplate</c>, <c>TemplateFailed</c>, <c>InvalidConfig</c>, <c>InvalidNetwork</c>, or <c>ApplicationNotFound</c>:
    /// the Clusterfile names an application that the image does not have.
    /// </exception>
    public static async Task<RootfsChanges> FindAsync(
        IFileTree rootfs,
        ClusterSpec spec,
        ImageExtension? image,
        IReadOnlyDictionary<string, string>? given,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(rootfs);
        ArgumentNullException.ThrowIfNull(spec);
        var result = new RootfsChanges(rootfs, spec);
        var applications = image?.Applications ?? [];
        result.CheckApplications([.. applications.Select(application => application.Name)]);
        await result.ReadAsync(applications, cancellationToken).ConfigureAwait(false);
        foreach (var application in applications)
            result.ApplyApplication(application, ClusterEnvironment.OfApplication(spec, application.Name, image?.Env, application.Env, given), cancellationToken);
        foreach (var config in spec.Configs)
            result.Put(config.RootfsPath, ConfigData.Apply(config, result.Existing(config.RootfsPath)), config.Name);
        result.Render(TemplateFolders, ClusterEnvironment.OfCluster(spec, image?.Env, given), cancellationToken);
        return result;
    }

    private void CheckApplications(List<string> known)
    {
        var named = (_spec.Application?.Configs.Select(config => config.Name) ?? [])
            .Concat(_spec.Configs.Select(config => config.ApplicationName).OfType<string>());
        foreach (var name in named)
        {
            if (known.Contains(name))
                continue;
            var there = known.Count == 0 ? "the image has none" : $"the image has {string.Join(", ", known)}";
            throw new SealerException(
                "ApplicationNotFound",
                ErrorKind.NotFound,
                $"The Clusterfile configures an application {Quoting.Quote(name)}, and {there}{Quoting.DidYouMean(name, known)}",
                name);
        }
    }

    // All at once and in whatever order costs least: opening one file of an image may unpack a whole layer.
    private async Task ReadAsync(IReadOnlyList<Application> applications, CancellationToken cancellationToken)
    {
        var folders = TemplateFolders.Concat(applications.Select(application => ApplicationConfigSpec.FolderOf(application.Name).TrimEnd('/')));
        var wanted = folders
            .SelectMany(_rootfs.List)
            .Where(entry => entry.Kind == FileTreeEntryKind.File && entry.Path.EndsWith(Suffix, StringComparison.Ordinal))
            .ToDictionary(entry => entry.Path, StringComparer.Ordinal);
        var targets = _spec.Configs.Select(config => config.RootfsPath).Concat(
            (_spec.Application?.Configs ?? []).SelectMany(config => config.Files.Select(file => ApplicationConfigSpec.FolderOf(config.Name) + file.Path)));
        foreach (var target in targets)
        {
            if (_rootfs.Find(target) is not { } entry)
                continue;
            if (entry.Kind == FileTreeEntryKind.Folder)
                throw new SealerException("InvalidConfig", ErrorKind.InvalidInput, $"'{target}' is a folder in the image; name a file.", target);
            if (entry.Kind == FileTreeEntryKind.File)
                wanted[target] = entry;
        }

        foreach (var entry in wanted.Values.Where(entry => entry.Size > MaxFile))
            throw new SealerException("InvalidTemplate", ErrorKind.InvalidContent, $"'{entry.Path}' has more than {MaxFile / 1024 / 1024} MiB, too much to be rendered or merged.", entry.Path);
        await _rootfs.ReadFilesAsync(
            wanted.Keys.Order(StringComparer.Ordinal),
            async (path, stream, token) =>
            {
                using var reader = new StreamReader(stream, new UTF8Encoding(false, throwOnInvalidBytes: true), detectEncodingFromByteOrderMarks: true, leaveOpen: true);
                try
                {
                    _read[path] = await reader.ReadToEndAsync(token).ConfigureAwait(false);
                }
                catch (DecoderFallbackException e)
                {
                    throw new SealerException("InvalidTemplate", ErrorKind.InvalidContent, $"'{path}' of the image is not UTF-8 text, so it cannot be rendered or merged.", path, e);
                }
            },
            cancellationToken).ConfigureAwait(false);
    }

    private void ApplyApplication(Application application, IReadOnlyDictionary<string, string> environment, CancellationToken cancellationToken)
    {
        var folder = ApplicationConfigSpec.FolderOf(application.Name);
        Render([folder.TrimEnd('/')], environment, cancellationToken);
        foreach (var file in _spec.Application?.Configs.FirstOrDefault(config => config.Name == application.Name)?.Files ?? [])
        {
            var path = folder + file.Path;
            if (file.Strategy == WriteStrategy.Overwrite)
            {
                Put(path, file.Data, application.Name);
                continue;
            }

            var owner = $"{file.Location?.ToString() ?? "Application"} the application {Quoting.Quote(application.Name)}";
            var existing = Existing(path) ?? throw new SealerException(
                "InvalidConfig", ErrorKind.InvalidInput, $"{owner}: there is no file '{path}' to merge into. Use the strategy overwrite, or correct the path.", path);
            Put(path, YamlMerge.Merge(existing, file.Data, owner, path), application.Name);
        }
    }

    private void Render(IReadOnlyList<string> folders, IReadOnlyDictionary<string, string> environment, CancellationToken cancellationToken)
    {
        var templates = _read.Keys.Concat(_changes.Keys)
            .Where(path => path.EndsWith(Suffix, StringComparison.Ordinal) && folders.Any(folder => path.StartsWith(folder + "/", StringComparison.Ordinal)))
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal)
            .ToList();
        foreach (var path in templates)
        {
            // A file called ".tmpl" alone would be written to its folder.
            if (path.EndsWith("/" + Suffix, StringComparison.Ordinal))
                continue;
            var rendered = Template.Parse(Existing(path)!, path).Render(environment, cancellationToken);
            _warnings.AddRange(rendered.Warnings);
            Put(path[..^Suffix.Length], rendered.Text, path);
        }
    }

    private string? Existing(string path) => _changes.TryGetValue(path, out var change) ? change.Text : _read.GetValueOrDefault(path);

    private void Put(string path, string text, string origin) => _changes[path] = new RootfsChange(path, text, origin);
}
