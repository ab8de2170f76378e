using System.Security.Cryptography;
using System.Text;
using Sealer.Clusterfiles;
using Sealer.Clusterfiles.Configs;
using Sealer.Clusterfiles.Documents;
using Sealer.Events;
using Sealer.Hosts.Ssh;
using Sealer.Images;
using Sealer.Images.Layers;
using Sealer.Images.Storage;
using Sealer.Kubefiles;
using Sealer.Planning;
using Sealer.Transfer;

namespace Sealer.Delivery;

/// <summary>The files of a cluster image of the local store, with what a Clusterfile makes of them on each host.</summary>
public sealed class ImageContent : IPlanContent
{
    private const string RegistryFolder = "registry";
    private const string PluginFolder = "plugins";
    private const int MaxPluginFile = 4 << 20;

    private readonly ClusterSpec _spec;
    private readonly Dictionary<string, PlatformContent> _platforms;
    private readonly ImageContentOptions _options;

    private ImageContent(ClusterSpec spec, ClusterImage image, Dictionary<string, PlatformContent> platforms, ImageContentOptions options)
    {
        (_spec, _platforms, _options) = (spec, platforms, options);
        Image = image.Name;
        ImageDigest = image.Digest.ToString();
        Extension = image.Extension ?? image.Images.Select(member => member.Extension).FirstOrDefault(extension => extension is not null);
    }

    /// <inheritdoc/>
    public string Image { get; }

    /// <inheritdoc/>
    public string ImageDigest { get; }

    /// <inheritdoc/>
    public ImageExtension? Extension { get; }

    /// <inheritdoc/>
    public IReadOnlyList<PluginSpec> Plugins { get; private set; } = [];

    /// <inheritdoc/>
    public KubernetesImage? Kubernetes { get; private set; }

    /// <inheritdoc/>
    public IRegistryContent? Registry { get; private set; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Notes { get; private set; } = [];

    /// <summary>Reads what is needed of an image: its catalogs, its templates and its plugins.</summary>
    /// <param name="spec">The cluster.</param>
    /// <param name="store">Where the image is.</param>
    /// <param name="image">The image, or the index of several platforms.</param>
    /// <param name="options">How it is brought; defaults where null.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="SealerException">
    /// <c>NotAClusterImage</c>, <c>InvalidPlugins</c>, <c>KubernetesVersionUnknown</c>, <c>InvalidKubeadmFile</c>, and those of <see cref="HostContent.LoadAsync"/> and
    /// <see cref="ContentSet.OfImageAsync"/>.
    /// </exception>
    public static async Task<ImageContent> LoadAsync(
        ClusterSpec spec,
        ImageStore store,
        ClusterImage image,
        ImageContentOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(image);
        var platforms = new Dictionary<string, PlatformContent>(StringComparer.Ordinal);
        var all = new List<ImageFileSystem>();
        KubernetesImage? kubernetes = null;
        foreach (var member in image.IsIndex ? image.Images : [image])
        {
            member.RequireClusterImage();
            var files = await ImageFileSystem.LoadAsync(store, [.. member.Layers.Select(layer => layer.Descriptor)], cancellationToken).ConfigureAwait(false);
            var rendered = await HostContent.LoadAsync(spec, files, member.Extension, null, cancellationToken).ConfigureAwait(false);
            if (all.Count == 0)
                kubernetes = await KubernetesImageReader.ReadAsync(spec, member, files, rendered, cancellationToken).ConfigureAwait(false);
            all.Add(files);
            foreach (var platform in member.Platforms)
                platforms.TryAdd(platform.ToString(), new PlatformContent(member, platform, ContentSet.Of(store, files), rendered));
        }

        options ??= new ImageContentOptions();
        var content = new ImageContent(spec, image, platforms, options)
        {
            Kubernetes = kubernetes,
            Registry = spec.Registry.External is { } external ? RegistryContent.Of(external, options, all) : null,
        };
        if (all.Count > 0)
            await content.ReadPluginsAsync(all[0], cancellationToken).ConfigureAwait(false);
        return content;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyDictionary<string, ContentAnswer>> InspectAsync(IReadOnlyList<ContentHost> hosts, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(hosts);
        var answers = new Dictionary<string, ContentAnswer>(StringComparer.Ordinal);
        var notes = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var platform in hosts.GroupBy(host => PlatformOf(host)))
        {
            if (platform.Key is not { } content)
            {
                foreach (var host in platform)
                    answers[NameOf(host.Spec)] = new ContentAnswer(null, NoPlatform(host));
                continue;
            }

            var wanted = platform.Select(host => (Host: host, Files: content.Rendered.For(host.Spec, cancellationToken))).ToList();
            foreach (var warning in wanted.Select(pair => pair.Files).Distinct(ReferenceEqualityComparer.Instance).Cast<HostFiles>().SelectMany(files => files.Warnings))
                notes.Add(warning.ToString());
            var found = await ContentTransfer.InspectAsync(
                Job(content), [.. wanted.Select(pair => Target(content, pair.Host.Spec, pair.Host.Host, pair.Files))], cancellationToken).ConfigureAwait(false);
            for (var i = 0; i < wanted.Count; i++)
                answers[NameOf(wanted[i].Host.Spec)] = Answer(content, wanted[i].Host.Spec, wanted[i].Files, found[i]);
        }

        Notes = [.. notes];
        return answers;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyDictionary<string, Exception>> DeliverAsync(
        IReadOnlyList<StepRun> runs, IProgress<SealerEvent>? events, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(runs);
        var hosts = _spec.Hosts.ToDictionary(NameOf, StringComparer.Ordinal);
        var errors = new Dictionary<string, Exception>(StringComparer.Ordinal);
        foreach (var platform in runs.GroupBy(run => ((ContentPayload)run.Step.Payload).Platform, StringComparer.Ordinal))
        {
            var content = _platforms[platform.Key];
            // Who is fed first feeds the others: the control planes, which also have more.
            var ordered = platform.OrderBy(run => hosts[run.Step.Host].IsControlPlane ? 0 : 1).ToList();
            var results = await ContentTransfer.RunAsync(
                Job(content),
                [.. ordered.Select(run => Target(content, hosts[run.Step.Host], run.Host, content.Rendered.For(hosts[run.Step.Host], cancellationToken)))],
                new RunProgress(ordered, events),
                cancellationToken).ConfigureAwait(false);
            for (var i = 0; i < ordered.Count; i++)
            {
                ordered[i].Bytes = results[i].Bytes;
                ordered[i].Output = results[i].Way;
                if (results[i].Error is { } error)
                    errors[ordered[i].Step.Id] = error;
            }
        }

        return errors;
    }

    private static string NameOf(HostSpec host) => host.Address.ToString();

    private ContentJob Job(PlatformContent content) => new(content.Files)
    {
        BandwidthLimit = _options.BandwidthLimit,
        HostToHost = _options.HostToHost,
        Patience = _options.Patience,
    };

    private ContentTarget Target(PlatformContent content, HostSpec spec, Sealer.Hosts.IHost host, HostFiles files)
    {
        var inner = host is FencedHost fenced ? fenced.Inner : host;
        var share = content.ShareOf(files, Planner.ServesRegistry(_spec, spec));
        return new ContentTarget(host, _spec.RootfsFolder)
        {
            Filter = share.Filter,
            Overrides = share.Overrides,
            // A host that refuses once the lock is lost hides what it is made of.
            Peer = inner is SshHost { ShownKey: { } shown } ssh ? new PeerAddress(ssh.Options.Address, ssh.Options.Port, ssh.Options.User, [shown]) : null,
        };
    }

    private ContentAnswer Answer(PlatformContent content, HostSpec spec, HostFiles files, ContentInspection found)
    {
        if (found.Error is { } error)
            return new ContentAnswer(null, error);
        var withRegistry = Planner.ServesRegistry(_spec, spec);
        var share = content.ShareOf(files, withRegistry);
        var lacking = found.MissingFiles.Count + found.Obsolete.Count;
        var examples = found.MissingFiles.Concat(found.Obsolete).Take(10).ToList();
        var state = string.Join('\n', found.MissingFiles) + "\n\n" + string.Join('\n', found.Obsolete);
        return new ContentAnswer(
            new ObservedContent
            {
                Desired = new ContentPayload
                {
                    Folder = _spec.RootfsFolder,
                    Manifest = content.Image.Digest.ToString(),
                    Platform = content.Platform.ToString(),
                    WithRegistry = withRegistry,
                    Rendered = [.. files.Files.Select(file => file.Path)],
                    RenderedDigest = share.RenderedDigest,
                },
                Entries = share.Entries,
                Lacking = lacking,
                Bytes = found.MissingBytes,
                Examples = examples,
                Exists = found.MissingFiles.Count < share.Entries,
                Way = found.Way,
                FreeBytes = found.FreeBytes,
                StateDigest = HostFingerprint.Digest(state),
            },
            null);
    }

    private PlatformContent? PlatformOf(ContentHost host)
    {
        // What a host says of itself is its own: a word that nobody knows is no other host's trouble.
        Platform wanted;
        try
        {
            wanted = Platform.Parse($"linux/{host.Facts.Architecture}");
        }
        catch (SealerException)
        {
            return null;
        }

        return _platforms.GetValueOrDefault(wanted.ToString()) ?? _platforms.Values.FirstOrDefault(content => wanted.Accepts(content.Platform));
    }

    private SealerException NoPlatform(ContentHost host) => new(
        "PlatformNotFound", ErrorKind.NotFound,
        $"{NameOf(host.Spec)} is linux/{host.Facts.Architecture}, and the image {Image} is there for {string.Join(", ", _platforms.Keys.Order(StringComparer.Ordinal))}. Build or receive it for that platform.", NameOf(host.Spec));

    // Of several platforms the plugins are the same; sealer takes those of the platform that it runs on.
    private async Task ReadPluginsAsync(ImageFileSystem files, CancellationToken cancellationToken)
    {
        var paths = files.List(PluginFolder)
            .Where(entry => entry.Kind == FileTreeEntryKind.File && entry.Size <= MaxPluginFile
                && (entry.Path.EndsWith(".yaml", StringComparison.Ordinal) || entry.Path.EndsWith(".yml", StringComparison.Ordinal)))
            .Select(entry => entry.Path)
            .ToList();
        var texts = new SortedDictionary<string, string>(StringComparer.Ordinal);
        await files.ReadFilesAsync(
            paths,
            async (path, stream, token) =>
            {
                using var reader = new StreamReader(stream, Encoding.UTF8, detectEncodingFromByteOrderMarks: true, leaveOpen: true);
                texts[path] = await reader.ReadToEndAsync(token).ConfigureAwait(false);
            },
            cancellationToken).ConfigureAwait(false);
        var plugins = new List<PluginSpec>();
        var errors = new List<string>();
        foreach (var (path, text) in texts)
        {
            var read = Clusterfile.ReadPlugins(text, _spec, new ClusterfileReadOptions { FileName = path });
            errors.AddRange(read.Diagnostics.Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error).Select(diagnostic => diagnostic.ToString()));
            plugins.AddRange(read.Plugins);
        }

        if (errors.Count > 0)
        {
            throw new SealerException(
                "InvalidPlugins", ErrorKind.InvalidContent,
                $"The image {Image} has plugins that cannot be run; mend them and build it again:\n{string.Join('\n', errors.Take(20))}", Image);
        }

        Plugins = plugins;
    }

    private sealed class PlatformContent(ClusterImage image, Platform platform, ContentSet files, HostContent rendered)
    {
        private static readonly ContentFilter WithoutRegistry = new([RegistryFolder]);

        private readonly Dictionary<(HostFiles Files, bool WithRegistry), Share> _shares = [];

        public ClusterImage Image { get; } = image;

        public Platform Platform { get; } = platform;

        public ContentSet Files { get; } = files;

        public HostContent Rendered { get; } = rendered;

        /// <summary>What a host gets; of hosts that get the same it is the same one.</summary>
        public Share ShareOf(HostFiles files, bool withRegistry)
        {
            lock (_shares)
            {
                if (_shares.TryGetValue((files, withRegistry), out var known))
                    return known;
                var filter = withRegistry ? ContentFilter.Everything : WithoutRegistry;
                List<ContentOverride> overrides = [.. files.Files.Select(file => new ContentOverride(file.Path, file.Bytes) { Mode = file.Mode, IsSecret = file.IsSecret })];
                // Of secret files the path counts only: what is in them is nobody's to try.
                var text = string.Concat(files.Files.Select(file => $"{file.Path}\n{(file.IsSecret ? "" : Convert.ToHexString(SHA256.HashData(file.Bytes.Span)))}\n"));
                return _shares[(files, withRegistry)] = new Share(filter, overrides, Files.For(filter, overrides).Entries.Count, HostFingerprint.Digest(text));
            }
        }
    }

    private sealed record Share(ContentFilter Filter, IReadOnlyList<ContentOverride> Overrides, int Entries, string RenderedDigest);

    private sealed class RunProgress(IReadOnlyList<StepRun> runs, IProgress<SealerEvent>? events) : IProgress<SealerEvent>
    {
        private readonly Dictionary<string, StepRun> _byName = runs.ToDictionary(run => run.Host.Name, StringComparer.Ordinal);

        // Bytes of a host are part of its line; all else is told as it is.
        public void Report(SealerEvent value)
        {
            if (value is ProgressEvent progress && _byName.TryGetValue(progress.Item, out var run))
                run.Progress?.Report(progress.Done);
            else
                events?.Report(value);
        }
    }
}
