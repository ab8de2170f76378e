using Sealer.Events;
using Sealer.Images.Storage;
using Sealer.Registries;

namespace Sealer.Images.Building;

/// <summary>
/// Builds cluster images from Kubefiles into the local store. Needs no daemon, no root and, but for RUN, no Linux. The same
/// inputs give the same image on every system. Nothing gets a name before all of it is there.
/// </summary>
public sealed class ClusterImageBuilder
{
    private readonly ImageStore _store;
    private readonly Func<ImageReference, IImageSource> _registries;
    private readonly RegistryClient? _client;
    private readonly IProgress<SealerEvent>? _events;

    /// <param name="store">Where the image goes, and where layers of earlier builds are found.</param>
    /// <param name="registries">Where the image named by FROM and container images are fetched from.</param>
    /// <param name="events">Told progress, warnings and details; may be null.</param>
    public ClusterImageBuilder(ImageStore store, RegistryClient registries, IProgress<SealerEvent>? events)
        : this(store, registries.Repository, events) => _client = registries;

    internal ClusterImageBuilder(ImageStore store, Func<ImageReference, IImageSource> registries, IProgress<SealerEvent>? events)
    {
        _store = store;
        _registries = registries;
        _events = events;
    }

    /// <summary>Tells what a build would do. Downloads nothing and changes nothing.</summary>
    /// <exception cref="SealerException">What is wrong with the Kubefile, the context or the options.</exception>
    public async Task<BuildPreview> PreviewAsync(BuildOptions options, CancellationToken cancellationToken)
    {
        Check(options);
        using var lease = await _store.LeaseAsync(cancellationToken).ConfigureAwait(false);
        using var scratch = new BuildScratch(_store);
        var services = await ServicesAsync(options, scratch, cancellationToken).ConfigureAwait(false);
        var platforms = new List<PlatformPreview>();
        foreach (var platform in PlatformsOf(options))
            platforms.Add(await new PlatformBuild(services, platform).PreviewAsync(cancellationToken).ConfigureAwait(false));
        return new BuildPreview(services.Kubefile.Name, platforms);
    }

    /// <summary>Builds an image, for several platforms an index of several, and names it.</summary>
    /// <exception cref="SealerException">
    /// <c>InvalidKubefile</c>: a line for every mistake; <c>TagMissing</c>, <c>InvalidImageType</c>, <c>KubefileNotFound</c>,
    /// <c>ContextNotFound</c>, <c>ImageNotFound</c>, <c>NotAClusterImage</c>, <c>RunFailed</c>, <c>RunNotSupported</c>,
    /// <c>ContainerImagesNotFetched</c>, and what store and registries add. Nothing has a new name then.
    /// </exception>
    public async Task<ClusterImage> BuildAsync(BuildOptions options, CancellationToken cancellationToken)
    {
        Check(options);
        if (options.Tags.Count == 0)
            throw new SealerException("TagMissing", ErrorKind.InvalidInput, "The image needs a name: give at least one tag, for example registry.example.com/skyline:v3.");
        if (options.Tags.FirstOrDefault(tag => tag.Digest is not null) is { } digested)
            throw new SealerException("InvalidTag", ErrorKind.InvalidInput, $"'{digested}' cannot be the name of a new image: it holds a digest. Leave that away.", digested);

        // Held until the image has its names: a sweep would take its layers away.
        using var lease = await _store.LeaseAsync(cancellationToken).ConfigureAwait(false);
        using var scratch = new BuildScratch(_store);
        var services = await ServicesAsync(options, scratch, cancellationToken).ConfigureAwait(false);
        var built = new List<Descriptor>();
        foreach (var platform in PlatformsOf(options))
            built.Add(await new PlatformBuild(services, platform).BuildAsync(cancellationToken).ConfigureAwait(false));
        var root = built.Count == 1 ? built[0] with { Platform = null } : await WriteIndexAsync(options, built, cancellationToken).ConfigureAwait(false);
        foreach (var tag in options.Tags)
            await _store.TagAsync(tag, root, cancellationToken).ConfigureAwait(false);
        return await ClusterImages.LoadAsync(_store, options.Tags[0], root, cancellationToken).ConfigureAwait(false);
    }

    private async Task<Descriptor> WriteIndexAsync(BuildOptions options, List<Descriptor> built, CancellationToken cancellationToken)
    {
        var index = new ImageIndex
        {
            MediaType = MediaType.OciIndex,
            Manifests = built,
            Annotations = options.Annotations.Count == 0 ? null : new SortedDictionary<string, string>(options.Annotations.ToDictionary(), StringComparer.Ordinal),
        };
        return await _store.AddAsync(MediaType.OciIndex, OciJson.Write(index), cancellationToken).ConfigureAwait(false);
    }

    private async Task<BuildServices> ServicesAsync(BuildOptions options, BuildScratch scratch, CancellationToken cancellationToken) => new(
        _store,
        _registries,
        _client,
        _events,
        options,
        await KubefileSource.ReadAsync(options, cancellationToken).ConfigureAwait(false),
        scratch,
        options.SourceDate ?? SourceDate.FromEnvironment());

    private static List<Platform> PlatformsOf(BuildOptions options) =>
        options.Platforms.Count == 0 ? [Platform.Default] : [.. options.Platforms.Distinct()];

    private static void Check(BuildOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Type is not (ClusterImageType.KubeInstaller or ClusterImageType.AppInstaller))
        {
            throw new SealerException(
                "InvalidImageType",
                ErrorKind.InvalidInput,
                $"'{options.Type}' is not a type of cluster image; there are {ClusterImageType.KubeInstaller} and {ClusterImageType.AppInstaller}.",
                options.Type);
        }

        if (options.Network is not ("default" or "none" or "host"))
            throw new SealerException("InvalidNetwork", ErrorKind.InvalidInput, $"'{options.Network}' is not a network; there are default, none and host.", options.Network);
    }
}
