using System.Collections.Concurrent;
using Sealer.Events;
using Sealer.Images.Building;
using Sealer.Images.ContainerImages.RegistryFolder;
using Sealer.Images.Layers;
using Sealer.Images.LayerScans;
using Sealer.Images.Storage;

namespace Sealer.Images.Merging;

/// <summary>Merges the images of one platform: first they are read and what collides is settled, then the image is written.</summary>
internal sealed class PlatformMerge
{
    private readonly ImageStore _store;
    private readonly Platform _platform;
    private readonly IReadOnlyList<ClusterImage> _images;
    private readonly IProgress<SealerEvent>? _progress;
    private readonly List<MergeCollision> _collisions = [];
    private readonly LayerStack _stack;
    private readonly ApplicationMerge _applications;
    private readonly SettingsMerge _settings;
    private readonly RegistryFolderMerge _registry;
    private readonly Dictionary<string, string> _owners = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(Digest Blob, Digest? DiffId), LayerScan> _scans = [];

    /// <param name="store">Holds the images.</param>
    /// <param name="images">In order, each for the same platform.</param>
    /// <param name="progress">Told the bytes read of each layer; may be null.</param>
    public PlatformMerge(ImageStore store, IReadOnlyList<ClusterImage> images, IProgress<SealerEvent>? progress)
    {
        _store = store;
        _platform = images[0].Platforms[0];
        _images = images;
        _progress = progress;
        _stack = new LayerStack(store, new LayerOptions
        {
            Compression = images[0].Layers.Any(l => l.MediaType == MediaType.OciLayerZstd) ? LayerCompression.Zstd : LayerCompression.Gzip,
        });
        _applications = new ApplicationMerge((name, earlier, later, resolution) => Report(MergeCollisionKind.Application, name, earlier, later, resolution));
        _settings = new SettingsMerge(Report);
        _registry = new RegistryFolderMerge((name, earlier, later, resolution) => Report(MergeCollisionKind.ContainerImage, name, earlier, later, resolution));
    }

    public IReadOnlyList<MergeCollision> Collisions => _collisions;

    /// <summary>Reads every layer once and settles what collides.</summary>
    public async Task ReadAsync(CancellationToken cancellationToken)
    {
        await ScanAsync(cancellationToken).ConfigureAwait(false);
        foreach (var image in _images)
            Stack(image);
        if (_registry.Links() is { Count: > 0 } links)
        {
            var scan = LayerScan.Of(links.Select(l => new ScannedFile(l.Key, LayerEntryKind.File, 0, 0, 0, 0, null, null, l.Value)), []);
            _stack.Add(scan, _ => Task.FromResult(links.Select(l => RegistryFolderMerge.Link(l.Key, l.Value))), Step("MERGE container images of one path"));
        }

        _registry.CheckServed(new ScannedRegistryFolder(_stack.Files, _stack.Scans, _registry.Paths), _platform);
    }

    /// <summary>Writes config and manifest, and small layers where applications or container images collide.</summary>
    public async Task<Descriptor> WriteAsync(CancellationToken cancellationToken)
    {
        var layers = await _stack.WriteAsync(cancellationToken).ConfigureAwait(false);
        var config = await _store.AddAsync(MediaType.OciConfig, OciJson.Write(Config(layers)), cancellationToken).ConfigureAwait(false);
        var manifest = new ImageManifest
        {
            MediaType = MediaType.OciManifest,
            Config = config,
            Layers = [.. layers.Select(l => l.Descriptor with { MediaType = InOci(l.MediaType) })],
            Annotations = Annotations(),
        };
        return await _store.AddAsync(MediaType.OciManifest, OciJson.Write(manifest), cancellationToken).ConfigureAwait(false);
    }

    private async Task ScanAsync(CancellationToken cancellationToken)
    {
        // By what is stored and what it says it is: who lies about one of them must not be believed for another image's sake.
        var layers = _images.SelectMany(i => i.Layers).DistinctBy(Key).Where(l => !MediaType.IsForeign(l.MediaType));
        var parallel = new ParallelOptions { CancellationToken = cancellationToken, MaxDegreeOfParallelism = Math.Clamp(Environment.ProcessorCount, 1, 4) };
        await Parallel.ForEachAsync(layers, parallel, async (layer, token) => _scans[Key(layer)] = await LayerScan.ReadAsync(
            _store,
            layer.Descriptor,
            layer.DiffId,
            new LayerScanOptions(HashFiles: true, HashBlobs: true),
            ItemProgress.Of(_progress, "Merging", layer.Digest.Short, layer.Descriptor.Size),
            token).ConfigureAwait(false)).ConfigureAwait(false);
    }

    private void Stack(ClusterImage image)
    {
        var shared = SharedWithEarlier(image);
        var scans = image.Layers.Select(l => _scans.GetValueOrDefault(Key(l))).ToList();
        var files = new MergedImageFiles(
            _stack.Files,
            MergedFiles.Of(Known(scans)),
            MergedFiles.Of(Known(scans.Take(shared))),
            MergedFiles.Of(Known(scans.Skip(shared))));

        var replaced = _applications.Add(image, files);
        foreach (var application in replaced.Where(r => r.Removed.Count + r.Restored.Count > 0))
        {
            _stack.Add(
                LayerScan.Of(application.Restored, application.Removed),
                token => ReplaceAsync(image, application, token),
                Step($"MERGE {image.Name} replaces {application.Name}"));
        }

        var registry = new ScannedRegistryFolder(files.Whole, Known(scans), image.ContainerImagePaths);
        _registry.Add(image, registry, files, Owner);
        _stack.Add(image.Layers.Zip(scans).Skip(shared), History(image, shared));
        ReportFiles(image, files, [.. replaced.Select(r => $"application/apps/{r.Name}/")]);
        _settings.Add(image);
    }

    /// <summary>How many of its first layers an image has in common with one that lies in the stack.</summary>
    private int SharedWithEarlier(ClusterImage image) => _images
        .TakeWhile(i => !ReferenceEquals(i, image))
        .Select(i => i.Layers.Zip(image.Layers).TakeWhile(p => Content(p.First) == Content(p.Second)).Count())
        .DefaultIfEmpty(0)
        .Max();

    private async Task<IEnumerable<LayerEntry>> ReplaceAsync(ClusterImage image, ReplacedApplication application, CancellationToken cancellationToken)
    {
        var content = application.Restored.Count == 0
            ? null
            : await ImageFileSystem.LoadAsync(_store, [.. image.Layers.Select(l => l.Descriptor)], cancellationToken).ConfigureAwait(false);
        return
        [
            .. application.Removed.Select(path => new LayerEntry { Path = path, Kind = LayerEntryKind.Whiteout }),
            .. application.Restored.Select(file => new LayerEntry
            {
                Path = file.Path,
                Kind = file.Kind,
                Mode = file.Mode,
                Uid = file.Uid,
                Gid = file.Gid,
                Size = file.Size,
                LinkTarget = file.LinkTarget,
                Modified = DateTimeOffset.FromUnixTimeSeconds(content!.FindFile(file.Path)!.Entry.Modified),
                Open = file.Kind == LayerEntryKind.File ? () => content.Open(file.Path) : null,
            }),
        ];
    }

    private void ReportFiles(ClusterImage image, MergedImageFiles files, IReadOnlyList<string> replaced)
    {
        foreach (var (path, earlier) in files.Before)
        {
            // A file that is as it was in the common layers is claimed by nobody earlier.
            if ((files.Common.TryGetValue(path, out var was) && IsSame(was, earlier)) || replaced.Any(folder => path.StartsWith(folder, StringComparison.Ordinal)))
                continue;
            if (RegistryFolderLayout.IsStorage(path))
            {
                // Names are told by who watches them; a blob or link is what its path says, unless somebody lies.
                if (RegistryFolderLayout.TagAt(path) is null && files.Own.TryGetValue(path, out var other) && (other.Content != earlier.Content || other.Link != earlier.Link))
                    Report(MergeCollisionKind.File, path, Owner(path), image.Name, $"It is that of {image.Name}. One of the two is not what its name says: Test-ClusterImage tells which.");
                continue;
            }

            if (!_stack.Files.TryGetValue(path, out var now))
                Report(MergeCollisionKind.RemovedFile, path, Owner(path), image.Name, "It is not in the merged image.");
            else if (files.Own.ContainsKey(path) && !IsSame(earlier, now))
                Report(MergeCollisionKind.File, path, Owner(path), image.Name, $"It is that of {image.Name}.");
        }

        foreach (var path in files.Own.Keys)
            _owners[path] = image.Name;
    }

    private string Owner(string path) => _owners.GetValueOrDefault(path) ?? _images[0].Name;

    private static IEnumerable<ImageHistory> History(ClusterImage image, int shared)
    {
        var history = image.Config?.History ?? [];
        if (history.Count(h => !h.EmptyLayer) != image.Layers.Count)
            return image.Layers.Skip(shared).Select(_ => new ImageHistory { Created = image.Created, CreatedBy = $"MERGE {image.Name}" });
        var skip = shared;
        return history.SkipWhile(step => skip > 0 && (step.EmptyLayer || skip-- > 0));
    }

    private ImageHistory Step(string createdBy) => new() { Created = _images.Max(i => i.Created), CreatedBy = createdBy };

    private ImageConfig Config(IReadOnlyList<ClusterImageLayer> layers) => new()
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
        Rootfs = new ImageRootfs { DiffIds = [.. layers.Select(Content)] },
        History = _stack.History,
    };

    private SortedDictionary<string, string> Annotations()
    {
        var annotations = new SortedDictionary<string, string>(_settings.Annotations, StringComparer.Ordinal);
        annotations[SealerAnnotations.Extension] = OciJson.Write(new ImageExtension
        {
            BuildClient = new BuildClient { SealerVersion = ImageState.Version },
            Type = _settings.Type,
            Applications = _applications.Applications is { Count: > 0 } applications ? applications : null,
            Env = _settings.Env.Count > 0 ? _settings.Env : null,
            Launch = _settings.Launch,
        });
        var inside = _settings.ContainerImages.Where(i => !_registry.IsGone(i)).ToList();
        if (inside.Count > 0)
            annotations[SealerAnnotations.ContainerImages] = OciJson.Write(inside);
        if (_registry.Paths is { Count: > 0 } paths)
            annotations[SealerAnnotations.ContainerImagePaths] = ContainerImagePaths.Write(paths);
        return annotations;
    }

    private void Report(MergeCollisionKind kind, string name, string earlier, string later, string resolution) =>
        _collisions.Add(new MergeCollision(kind, name, earlier, later, resolution, _platform));

    // A layer of an image that came from Docker is the same blob under another word.
    private static string InOci(string mediaType) => mediaType switch
    {
        MediaType.DockerLayer => MediaType.OciLayer,
        MediaType.DockerLayerGzip => MediaType.OciLayerGzip,
        _ => mediaType,
    };

    private static bool IsSame(ScannedFile a, ScannedFile b) =>
        a.Kind == b.Kind && a.Content == b.Content && a.LinkTarget == b.LinkTarget && (a.Kind == LayerEntryKind.SymbolicLink || a.Mode == b.Mode) && a.Uid == b.Uid && a.Gid == b.Gid;

    private static IReadOnlyList<LayerScan> Known(IEnumerable<LayerScan?> scans) => [.. scans.OfType<LayerScan>()];

    private static (Digest, Digest?) Key(ClusterImageLayer layer) => (layer.Digest, layer.DiffId);

    private static Digest Content(ClusterImageLayer layer) => layer.DiffId ?? layer.Digest;
}
