using System.Text;
using Sealer.Clusterfiles.Documents;
using Sealer.Clusterfiles.Reading;
using Sealer.Clusterfiles.Templates;
using Sealer.Images;
using Sealer.Images.Layers;

namespace Sealer.Clusterfiles.Configs;

/// <summary>
/// What a Clusterfile makes of an image's rootfs on each host: templates and files of applications, then Config documents,
/// then templates below etc, charts and manifests, in sealer's order. The image is read once, and hosts that get the same
/// share it. The rootfs itself is not touched. Safe for concurrent use.
/// </summary>
/// <remarks>
/// Beyond sealer, which renders once for all hosts: templates below etc, charts and manifests see the host's own variables and
/// <c>HostIP</c> too. Applications' files are the same on all hosts, since nobody knows which one launches them.
/// </remarks>
public sealed class HostContent
{
    private const string Suffix = ".tmpl";
    private const int MaxFile = 16 * 1024 * 1024;
    private const int NewFileMode = 0b110_100_100;
    private const int OwnerOnly = 0b111_000_000;

    private static readonly string[] TemplateFolders = ["etc", "charts", "manifests"];

    private readonly IFileTree _rootfs;
    private readonly ClusterSpec _spec;
    private readonly ImageExtension? _image;
    private readonly IReadOnlyDictionary<string, string>? _given;
    private readonly SecretText _secrets;
    private readonly Dictionary<string, string> _read = new(StringComparer.Ordinal);

    // The same on all hosts.
    private readonly SortedDictionary<string, Change> _changes = new(StringComparer.Ordinal);
    private readonly List<TemplateWarning> _warnings = [];
    private readonly List<(string Path, Template Template)> _templates = [];

    // By the host's own variables; those that depend on its address as well by that.
    private readonly Dictionary<string, Rendering> _renderings = new(StringComparer.Ordinal);

    // By the host's own variables and the template: those that do not speak of its address.
    private readonly Dictionary<(string OfAll, string Path), (Change Change, IReadOnlyList<TemplateWarning> Warnings)> _shared = [];

    private HostContent(IFileTree rootfs, ClusterSpec spec, ImageExtension? image, IReadOnlyDictionary<string, string>? given)
    {
        (_rootfs, _spec, _image, _given) = (rootfs, spec, image, given);
        _secrets = new SecretText(spec, image, given);
    }

    /// <summary>The files of one host; where several are asked for, <see cref="LoadAsync"/> once and <see cref="For"/> each.</summary>
    /// <param name="spec">The cluster.</param>
    /// <param name="rootfs">The image's files, of the host's platform.</param>
    /// <param name="image">What the image says of itself: its ENV and its applications; null: neither.</param>
    /// <param name="host">The host.</param>
    /// <param name="given">Variables given on the command line, or null.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="SealerException">As of <see cref="LoadAsync"/> and <see cref="For"/>.</exception>
    public static async Task<HostFiles> RenderAsync(
        ClusterSpec spec,
        IFileTree rootfs,
        ImageExtension? image,
        HostSpec host,
        IReadOnlyDictionary<string, string>? given = null,
        CancellationToken cancellationToken = default) =>
        (await LoadAsync(spec, rootfs, image, given, cancellationToken).ConfigureAwait(false)).For(host, cancellationToken);

    /// <summary>Reads what is needed of an image, and finds out what is the same on all hosts.</summary>
    /// <inheritdoc cref="RenderAsync"/>
    /// <exception cref="SealerException">
    /// <c>InvalidTemplate</c>, <c>TemplateFailed</c>, <c>InvalidConfig</c>, <c>InvalidNetwork</c>, <c>SecretNotResolved</c>,
    /// <c>InvalidContentPath</c>: a file would lie outside of the rootfs or behind a link, or <c>ApplicationNotFound</c>: the
    /// Clusterfile names an application that the image does not have.
    /// </exception>
    public static async Task<HostContent> LoadAsync(
        ClusterSpec spec,
        IFileTree rootfs,
        ImageExtension? image,
        IReadOnlyDictionary<string, string>? given = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(rootfs);
        var result = new HostContent(rootfs, spec, image, given);
        var applications = image?.Applications ?? [];
        result.CheckApplications([.. applications.Select(application => application.Name)]);
        await result.ReadAsync(applications, cancellationToken).ConfigureAwait(false);
        foreach (var application in applications)
            result.ApplyApplication(application, cancellationToken);
        foreach (var config in spec.Configs)
        {
            var text = ConfigData.Apply(config, result.Existing(config.RootfsPath));
            result._changes[config.RootfsPath] = new Change(text, OfConfig(config), null);
        }

        foreach (var path in result.TemplatesIn(TemplateFolders))
            result._templates.Add((path, Template.Parse(result.Existing(path)!, path)));
        result.CheckPaths();
        return result;
    }

    /// <summary>The files of one host.</summary>
    /// <param name="host">A host of the cluster.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="SealerException"><c>TemplateFailed</c>, <c>InvalidNetwork</c>, <c>InvalidContentPath</c>, <c>SecretNotResolved</c>.</exception>
    public HostFiles For(HostSpec host, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(host);
        var ofAll = string.Join('\0', host.Environment.Select(variable => $"{variable.Name}={variable.Reveal()}"));
        var ofHost = $"{ofAll}\0\0{host.Address}";
        if (Known() is { } before)
            return before;
        var rendering = Render(host, ofAll, cancellationToken);
        lock (_renderings)
        {
            // Of several that were at it at once the first counts, so that they share it.
            if (Known() is { } first)
                return first;
            _renderings[ofAll] = rendering;
            if (rendering.DependsOnAddress)
                _renderings[ofHost] = rendering;
        }

        return rendering.Files;

        HostFiles? Known()
        {
            lock (_renderings)
                return _renderings.TryGetValue(ofAll, out var known) && (!known.DependsOnAddress || _renderings.TryGetValue(ofHost, out known)) ? known.Files : null;
        }
    }

    private Rendering Render(HostSpec host, string ofAll, CancellationToken cancellationToken)
    {
        var changes = new SortedDictionary<string, Change>(_changes, StringComparer.Ordinal);
        var warnings = _warnings.ToList();
        var values = ClusterEnvironment.TemplateValues(ClusterEnvironment.VariablesOfHost(_spec, host, _image?.Env, _given));
        var dependsOnAddress = false;
        foreach (var (path, template) in _templates)
        {
            var (change, ofTemplate, depends) = Render(path, template, ofAll, values, cancellationToken);
            warnings.AddRange(ofTemplate);
            changes[path[..^Suffix.Length]] = change;
            dependsOnAddress |= depends;
        }

        var files = new List<RenderedContent>(changes.Count);
        foreach (var (path, change) in changes)
            files.Add(change.Content ??= Content(path, change));
        return new Rendering(new HostFiles(files, warnings), dependsOnAddress);
    }

    // That one template speaks of the address makes no copies of the others.
    private (Change Change, IReadOnlyList<TemplateWarning> Warnings, bool DependsOnAddress) Render(
        string path, Template template, string ofAll, IReadOnlyDictionary<string, object?> values, CancellationToken cancellationToken)
    {
        lock (_shared)
        {
            if (_shared.TryGetValue((ofAll, path), out var known))
                return (known.Change, known.Warnings, false);
        }

        var variables = new RecordedVariables(values);
        var rendered = template.Render(variables, cancellationToken);
        var change = new Change(rendered.Text, OfTemplate(path), path);
        if (variables.WasRead(ClusterEnvironment.HostAddress))
            return (change, rendered.Warnings, true);
        lock (_shared)
        {
            _shared.TryAdd((ofAll, path), (change, rendered.Warnings));
            return (_shared[(ofAll, path)].Change, rendered.Warnings, false);
        }
    }

    private RenderedContent Content(string path, Change change)
    {
        var isSecret = _secrets.IsIn(change.Text);
        var mode = _rootfs.Find(path)?.Mode ?? (change.Template is { } template ? _rootfs.Find(template)?.Mode : null) ?? NewFileMode;
        return new RenderedContent(path, isSecret ? mode & OwnerOnly : mode, Encoding.UTF8.GetBytes(change.Text), change.Reason, isSecret);
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
        var targets = _spec.Configs.Select(config => (Path: config.RootfsPath, Reason: OfConfig(config))).Concat(
            (_spec.Application?.Configs ?? []).SelectMany(config => config.Files.Select(file => (Path: ApplicationConfigSpec.FolderOf(config.Name) + file.Path, Reason: OfApplication(config.Name)))));
        foreach (var (path, reason) in targets)
        {
            ContentPaths.Check(_rootfs, path, reason);
            if (_rootfs.Find(path) is { Kind: FileTreeEntryKind.File } entry)
                wanted[path] = entry;
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

    private void ApplyApplication(Application application, CancellationToken cancellationToken)
    {
        var folder = ApplicationConfigSpec.FolderOf(application.Name);
        var variables = ClusterEnvironment.TemplateValues(
            ClusterEnvironment.VariablesOfApplication(_spec, application.Name, _image?.Env, application.Env, _given));
        foreach (var path in TemplatesIn([folder.TrimEnd('/')]))
        {
            var rendered = Template.Parse(Existing(path)!, path).Render(variables, cancellationToken);
            _warnings.AddRange(rendered.Warnings);
            _changes[path[..^Suffix.Length]] = new Change(rendered.Text, OfTemplate(path), path);
        }

        foreach (var file in _spec.Application?.Configs.FirstOrDefault(config => config.Name == application.Name)?.Files ?? [])
        {
            var path = folder + file.Path;
            if (file.Strategy == WriteStrategy.Overwrite)
            {
                _changes[path] = new Change(file.Data, OfApplication(application.Name), null);
                continue;
            }

            var owner = $"{file.Location?.ToString() ?? "Application"} {OfApplication(application.Name)}";
            var existing = Existing(path) ?? throw new SealerException(
                "InvalidConfig", ErrorKind.InvalidInput, $"{owner}: there is no file '{path}' to merge into. Use the strategy overwrite, or correct the path.", path);
            _changes[path] = new Change(YamlMerge.Merge(existing, file.Data, owner, path), OfApplication(application.Name), null);
        }
    }

    private static string OfTemplate(string path) => $"the template {path}";

    private static string OfConfig(ConfigSpec config) => $"the Config {Quoting.Quote(config.Name)}";

    private static string OfApplication(string name) => $"the application {Quoting.Quote(name)}";

    // A file called ".tmpl" alone would be written to its folder.
    private List<string> TemplatesIn(IReadOnlyList<string> folders) =>
    [
        .. _read.Keys.Concat(_changes.Keys)
            .Where(path => path.EndsWith(Suffix, StringComparison.Ordinal)
                && !path.EndsWith("/" + Suffix, StringComparison.Ordinal)
                && folders.Any(folder => path.StartsWith(folder + "/", StringComparison.Ordinal)))
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal),
    ];

    private string? Existing(string path) => _changes.TryGetValue(path, out var change) ? change.Text : _read.GetValueOrDefault(path);

    // Which files there are does not depend on the host, so that one look is enough.
    private void CheckPaths()
    {
        var all = _changes.ToDictionary(pair => pair.Key, pair => pair.Value.Reason, StringComparer.Ordinal);
        foreach (var (path, _) in _templates)
            all[path[..^Suffix.Length]] = OfTemplate(path);
        foreach (var (path, reason) in all)
        {
            ContentPaths.Check(_rootfs, path, reason);
            for (var slash = path.LastIndexOf('/'); slash > 0; slash = path.LastIndexOf('/', slash - 1))
            {
                if (!all.TryGetValue(path[..slash], out var other))
                    continue;
                throw new SealerException(
                    "InvalidContentPath", ErrorKind.InvalidInput, $"{reason}: '{path}' cannot lie below '{path[..slash]}', which {other} makes a file. Change one of the two paths.", path);
            }
        }
    }

    private sealed record Rendering(HostFiles Files, bool DependsOnAddress);

    private sealed record Change(string Text, string Reason, string? Template)
    {
        /// <summary>Made once and shared by all hosts.</summary>
        public RenderedContent? Content { get; set; }
    }
}
