using Sealer.Images.LayerScans;

namespace Sealer.Images.ContainerImages.RegistryFolder;

/// <summary>
/// The container images under <c>registry/</c> of a cluster image whose layers were all read: what verifying, comparing and
/// merging ask. A build, which asks for some of them only, has <see cref="RegistryFolderSource"/>.
/// </summary>
internal sealed class ScannedRegistryFolder
{
    private const int MaxIndexDepth = 4;
    private readonly IReadOnlyDictionary<string, ScannedFile> _files;
    private readonly Dictionary<Digest, RegistryFolderManifest> _manifests = [];
    private readonly RegistryFolderNames _names;

    /// <param name="files">The merged files.</param>
    /// <param name="layers">The layers they came from.</param>
    /// <param name="paths">Repositories of images that lie elsewhere than by rule, by full name.</param>
    public ScannedRegistryFolder(
        IReadOnlyDictionary<string, ScannedFile> files, IEnumerable<LayerScan> layers, IReadOnlyDictionary<string, string> paths)
    {
        _files = files;
        _names = new RegistryFolderNames(paths);
        foreach (var (digest, manifest) in layers.SelectMany(l => l.Manifests))
            _manifests[digest] = manifest;
        IsThere = files.Keys.Any(RegistryFolderLayout.IsStorage);
    }

    /// <summary>False where the image has no registry at all (built with mode Lite).</summary>
    public bool IsThere { get; }

    /// <summary>What a name stands for inside, or null.</summary>
    public Digest? Resolve(ImageReference reference) => _files.GetValueOrDefault(_names.LinkOf(reference))?.Link;

    /// <summary>The repository that has an image, if it is there.</summary>
    public string PathOf(ImageReference reference) => _names.RepositoryOf(reference);

    /// <summary>
    /// What is missing of an image, in words; nothing where it is whole for the platform. Needs a scan with
    /// <see cref="LayerScanOptions.HashBlobs"/>.
    /// </summary>
    public IEnumerable<string> Missing(Digest manifest, Platform? platform) => Missing(manifest, null, platform, 0);

    /// <summary>A manifest or index that is there and all that it leads to, each with its config and layers.</summary>
    public IEnumerable<(Digest Digest, IReadOnlyList<Digest> Blobs)> ManifestsOf(Digest digest) => ManifestsOf(digest, 0);

    private IEnumerable<(Digest Digest, IReadOnlyList<Digest> Blobs)> ManifestsOf(Digest digest, int depth)
    {
        if (depth > MaxIndexDepth || !_manifests.TryGetValue(digest, out var document))
            return [];
        if (document.Manifest is { } manifest)
            return [(digest, [.. manifest.Layers.Append(manifest.Config).Select(b => b.Digest).Where(d => _files.ContainsKey(RegistryFolderLayout.Blob(d)))])];
        return document.Index!.Manifests.SelectMany(e => ManifestsOf(e.Digest, depth + 1)).Prepend((digest, []));
    }

    private IEnumerable<string> Missing(Digest digest, long? size, Platform? platform, int depth)
    {
        if (NotWhole(digest, size) is { } problem)
            return [$"its manifest {digest.Short} {problem}"];
        if (!_manifests.TryGetValue(digest, out var document) || depth > MaxIndexDepth)
            return [$"{digest.Short} is not a manifest"];
        if (document.Manifest is { } manifest)
        {
            return manifest.Layers.Append(manifest.Config)
                .Where(b => !MediaType.IsForeign(b.MediaType))
                .Select(b => (b.Digest, Problem: NotWhole(b.Digest, b.Size)))
                .Where(b => b.Problem is not null)
                .Select(b => $"its blob {b.Digest.Short} {b.Problem}")
                .Distinct();
        }

        // Of an index only the wanted platform's image is taken along.
        var entries = document.Index!.Manifests.Where(e => e.Platform is not { Os: "unknown" }).ToList();
        var wanted = platform is null
            ? entries.Where(e => NotWhole(e.Digest, e.Size) is null).ToList()
            : entries.Where(e => e.Platform is null || platform.Accepts(e.Platform)).ToList();
        if (wanted.Count == 0)
            return [$"it has no image for {platform?.ToString() ?? "any platform"}"];
        // Several may match (variants); one that is whole is enough.
        var problems = wanted.Select(e => Missing(e.Digest, e.Size, platform, depth + 1).ToList()).ToList();
        return problems.Any(p => p.Count == 0) ? [] : problems[0];
    }

    private string? NotWhole(Digest digest, long? size)
    {
        if (!_files.TryGetValue(RegistryFolderLayout.Blob(digest), out var file))
            return "is not there";
        if (size is not null && file.Size != size)
            return $"has {file.Size} bytes instead of {size}";
        return file.Content == digest ? null : "has been changed";
    }
}
