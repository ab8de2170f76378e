using System.Collections.Concurrent;
using Sealer.Events;
using Sealer.Images.Building;
using Sealer.Images.ContainerImages;
using Sealer.Images.Layers;
using Sealer.Images.Scanning;
using Sealer.Images.Storage;

namespace Sealer.Images.Merging;

/// <summary>Merges the images of one platform.</summary>
internal sealed class PlatformMerge
{
    private readonly ImageStore _store;
    private readonly Platform _platform;
    private readonly IReadOnlyList<ClusterImage> _images;
    private readonly IProgress<SealerEvent>? _progress;
    private readonly List<MergeCollision> _collisions = [];
    private readonly List<ClusterImageLayer> _stack = [];
    private readonly List<ImageHistory> _history = [];
    private readonly List<(Application Application, string Owner)> _applications = [];
    private readonly SettingsMerge _settings;
    private readonly RegistryMerge _registry;
    private readonly Dictionary<string, string> _owners = new(StringComparer.Ordinal);
    private IReadOnlyDictionary<Digest, LayerScan> _scans = new Dictionary<Digest, LayerScan>();
    private SortedDictionary<string, ScannedFile> _files = new(StringComparer.Ordinal);

    public PlatformMerge(ImageStore store, Platform platform, IReadOnlyList<ClusterImage> images, IProgress<SealerEvent>? progress)
    {
        _store = store;
        _platform = platform;
        _images = images;
        _progress = progress;
        _settings = new SettingsMerge(Report);
        _registry = new RegistryMerge((name, earlier, later, resolution) => Report(MergeCollisionKind.ContainerImage, name, earlier, later, resolution));
    }

    public IReadOnlyList<MergeCollision> Collisions => _collisions;

    /// <summary>Writes config and manifest, and small layers where applications or container images collide.</summary>
    public async Task<Descriptor> WriteAsync(CancellationToken cancellationToken)
    {
        var scans = await ScanAsync(cancellationToken).ConfigureAwait(false);
        _scans = scans;
        foreach (var image in _images)
            await StackAsync(image, scans, cancellationToken).ConfigureAwait(false);
        if (_registry.Links.Count > 0)
            await AddLayerAsync(_registry.Links, "MERGE container images of one path", cancellationToken).ConfigureAwait(false);

        var config = await _store.AddAsync(MediaType.OciConfig, OciJson.Write(Config()), cancellationToken).ConfigureAwait(false);
        var manifest = new ImageManifest
        {
            MediaType = MediaType.OciManifest,
            Config = config,
            Layers = [.. _stack.Select(l => l.Descriptor with { MediaType = InOci(l.MediaType) })],
            Annotations = Annotations(),
        };
        return await _store.AddAsync(MediaType.OciManifest, OciJson.Write(manifest), cancellationToken).ConfigureAwait(false);
    }

    private async Task<ConcurrentDictionary<Digest, LayerScan>> ScanAsync(CancellationToken cancellationToken)
    {
        var scans = new ConcurrentDictionary<Digest, LayerScan>();
        var layers = _images.SelectMany(i => i.Layers).DistinctBy(Key).Where(l => !MediaType.IsForeign(l.MediaType));
        var parallel = new ParallelOptions { CancellationToken = cancellationToken, MaxDegreeOfParallelism = Math.Clamp(Environment.ProcessorCount, 1, 4) };
        await Parallel.ForEachAsync(layers, parallel, async (layer, token) => scans[Key(layer)] = await LayerScan.ReadAsync(
            _store,
            layer.Descriptor,
            layer.DiffId,
            new LayerScanOptions(HashFiles: true, HashBlobs: true),
            _progress is null ? null : new LayerProgress(_progress, "Merging", layer.Descriptor),
            token).ConfigureAwait(false)).ConfigureAwait(false);
        return scans;
    }

    private async Task StackAsync(ClusterImage image, ConcurrentDictionary<Digest, LayerScan> scans, CancellationToken cancellationToken)
    {
        var shared = SharedWithEarlier(image);
        var own = image.Layers.Skip(shared).ToList();
        var whole = MergedFiles.Of(ScansOf(image.Layers));
        var common = MergedFiles.Of(ScansOf(image.Layers.Take(shared)));
        var ownFiles = MergedFiles.Of(ScansOf(own));

        var replaced = StackApplications(image, whole, common, ownFiles);
        if (replaced.Count > 0)
        {
            var whiteouts = replaced.Select(name => new LayerEntry { Path = AppFolder(name), Kind = LayerEntryKind.Whiteout });
            var layer = await AddLayerAsync(whiteouts, $"MERGE {image.Name} replaces {string.Join(", ", replaced)}", cancellationToken).ConfigureAwait(false);
            scans[Key(layer)] = await LayerScan.ReadAsync(_store, layer.Descriptor, layer.DiffId, new LayerScanOptions(false, false), null, cancellationToken).ConfigureAwait(false);
            _files = MergedFiles.Of(ScansOf(_stack));
        }

        AddHistory(image, shared);
        _stack.AddRange(own);
        var files = MergedFiles.Of(ScansOf(_stack));
        ReportFiles(image, common, ownFiles, files);
        _files = files;
        _settings.Add(image);
        _registry.Add(image, new ContainedRegistry(whole, ScansOf(image.Layers), image.ContainerImagePaths), ownFiles);
    }

    /// <summary>How many of its first layers an image has in common with one that lies in the stack.</summary>
    private int SharedWithEarlier(ClusterImage image) => _images
        .TakeWhile(i => !ReferenceEquals(i, image))
        .Select(i => i.Layers.Zip(image.Layers).TakeWhile(p => Key(p.First) == Key(p.Second)).Count())
        .DefaultIfEmpty(0)
        .Max();

    /// <summary>Takes in the applications; tells those whose earlier files have to go.</summary>
    private List<string> StackApplications(
        ClusterImage image,
        SortedDictionary<string, ScannedFile> whole,
        SortedDictionary<string, ScannedFile> common,
        SortedDictionary<string, ScannedFile> ownFiles)
    {
        var replaced = new List<string>();
        foreach (var app in image.Applications)
        {
            var index = _applications.FindIndex(a => a.Application.Name == app.Name);
            if (index < 0)
            {
                _applications.Add((app, image.Name));
                continue;
            }

            var (there, theirs, before) = (Below(_files, AppFolder(app.Name)), Below(whole, AppFolder(app.Name)), Below(common, AppFolder(app.Name)));
            var sameFiles = there.SequenceEqual(theirs);
            var unchangedHere = theirs.Count > 0 && theirs.SequenceEqual(before);
            if (SameDefinition(_applications[index].Application, app) && (sameFiles || unchangedHere))
                continue;
            Report(MergeCollisionKind.Application, app.Name, _applications[index].Owner, image.Name, $"It is the application of {image.Name}.");
            _applications[index] = (app, image.Name);
            // Only where all of its files come with it: what it has from the common layers would go, too.
            if (!sameFiles && there.Count > 0 && Below(ownFiles, AppFolder(app.Name)).Count == theirs.Count)
                replaced.Add(app.Name);
        }

        return replaced;
    }

    private void ReportFiles(
        ClusterImage image,
        SortedDictionary<string, ScannedFile> common,
        SortedDictionary<string, ScannedFile> ownFiles,
        SortedDictionary<string, ScannedFile> files)
    {
        foreach (var (path, earlier) in _files)
        {
            // A file that is as it was in the common layers is claimed by nobody earlier.
            if (RegistryFiles.IsStorage(path) || (common.TryGetValue(path, out var was) && Same(was, earlier)))
                continue;
            if (!files.TryGetValue(path, out var now))
                Report(MergeCollisionKind.RemovedFile, path, Owner(path), image.Name, "It is not in the merged image.");
            else if (ownFiles.ContainsKey(path) && !Same(earlier, now))
                Report(MergeCollisionKind.File, path, Owner(path), image.Name, $"It is that of {image.Name}.");
        }

        foreach (var path in ownFiles.Keys)
            _owners[path] = image.Name;

        string Owner(string path) => _owners.GetValueOrDefault(path) ?? _images[0].Name;
    }

    private void AddHistory(ClusterImage image, int shared)
    {
        var history = image.Config?.History ?? [];
        var own = image.Layers.Count - shared;
        if (history.Count(h => !h.EmptyLayer) != image.Layers.Count)
        {
            _history.AddRange(Enumerable.Range(0, own).Select(_ => new ImageHistory { Created = image.Created, CreatedBy = $"MERGE {image.Name}" }));
            return;
        }

        var skip = shared;
        foreach (var step in history)
        {
            if (skip == 0)
                _history.Add(step);
            else if (!step.EmptyLayer)
                skip--;
        }
    }

    private async Task<ClusterImageLayer> AddLayerAsync(IEnumerable<LayerEntry> entries, string createdBy, CancellationToken cancellationToken)
    {
        var compression = _images[0].Layers.Any(l => l.MediaType == MediaType.OciLayerZstd) ? LayerCompression.Zstd : LayerCompression.Gzip;
        var built = await LayerWriter.WriteAsync(_store, entries, new LayerOptions { Compression = compression }, null, cancellationToken).ConfigureAwait(false);
        var layer = new ClusterImageLayer(built.Descriptor, built.DiffId, createdBy);
        _stack.Add(layer);
        _history.Add(new ImageHistory { Created = _images.Max(i => i.Created), CreatedBy = createdBy });
        return layer;
    }

    private ImageConfig Config() => new()
    {
        Created = _images.Max(i => i.Created),
        Author = _images.Select(i => i.Config?.Author).LastOrDefault(a => a is not null),
        Architecture = _platform.Architecture,
        Os = _platform.Os,
        Variant = _platform.Variant,
        Settings = new ImageSettings
        {
            Env = _settings.ConfigEnv.Count > 0 ? _settings.ConfigEnv : null,
            Labels = _settings.Labels.Count > 0 ? _settings.Labels : null,
            Other = _settings.Other.Count > 0 ? _settings.Other : null,
        },
        Rootfs = new ImageRootfs { DiffIds = [.. _stack.Select(l => l.DiffId ?? l.Digest)] },
        History = _history,
    };

    private SortedDictionary<string, string> Annotations()
    {
        var annotations = _settings.Annotations;
        annotations[SealerAnnotations.Extension] = OciJson.Write(new ImageExtension
        {
            BuildClient = new BuildClient { SealerVersion = ImageState.Version },
            Type = _settings.Type,
            Applications = _applications.Count > 0 ? [.. _applications.Select(a => a.Application)] : null,
            Env = _settings.Env.Count > 0 ? _settings.Env : null,
            Launch = _settings.Launch,
        });
        if (_settings.ContainerImages.Count > 0)
            annotations[SealerAnnotations.ContainerImages] = OciJson.Write(_settings.ContainerImages);
        if (_registry.Paths.Count > 0)
            annotations[SealerAnnotations.ContainerImagePaths] = ContainerImagePaths.Write(_registry.Paths);
        return annotations;
    }

    private List<LayerScan> ScansOf(IEnumerable<ClusterImageLayer> layers) =>
        [.. layers.Select(l => _scans.GetValueOrDefault(Key(l))).OfType<LayerScan>()];

    private void Report(MergeCollisionKind kind, string name, string earlier, string later, string resolution) =>
        _collisions.Add(new MergeCollision(kind, name, earlier, later, resolution, _platform));

    // A layer of an image that came from Docker is the same blob under another word.
    private static string InOci(string mediaType) => mediaType switch
    {
        MediaType.DockerLayer => MediaType.OciLayer,
        MediaType.DockerLayerGzip => MediaType.OciLayerGzip,
        _ => mediaType,
    };

    private static string AppFolder(string name) => $"application/apps/{name}";

    private static List<(string, LayerEntryKind, Digest?, string?)> Below(SortedDictionary<string, ScannedFile> files, string folder) =>
        [.. files.Values.Where(f => f.Path.StartsWith(folder + "/", StringComparison.Ordinal)).Select(f => (f.Path, f.Kind, f.Content, f.LinkTarget))];

    private static bool SameDefinition(Application a, Application b) => JsonOf(a) == JsonOf(b);

    private static string JsonOf(Application application) => OciJson.Write(new ImageExtension { Applications = [application] });

    private static bool Same(ScannedFile a, ScannedFile b) =>
        a.Kind == b.Kind && a.Content == b.Content && a.LinkTarget == b.LinkTarget && (a.Kind == LayerEntryKind.SymbolicLink || a.Mode == b.Mode) && a.Uid == b.Uid && a.Gid == b.Gid;

    private static Digest Key(ClusterImageLayer layer) => layer.DiffId ?? layer.Digest;
}
