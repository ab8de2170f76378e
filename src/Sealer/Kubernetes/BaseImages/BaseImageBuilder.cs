using Sealer.Events;
using Sealer.Images;
using Sealer.Images.Building;
using Sealer.Images.Storage;
using Sealer.Registries;

namespace Sealer.Kubernetes.BaseImages;

/// <summary>
/// Makes base images: Kubernetes with containerd, a registry, helm and a network from upstream's own files, verified, with scripts
/// that keep sealer's contract. All else is built on them.
/// </summary>
/// <param name="store">Where the image goes.</param>
/// <param name="events">Told progress, warnings and details; may be null.</param>
public sealed class BaseImageBuilder(ImageStore store, IProgress<SealerEvent>? events = null)
{
    /// <summary>Where container images come from instead, for tests.</summary>
    internal Func<ImageReference, IImageSource>? Registries { get; init; }

    /// <summary>Tells what would be built. Of files that are to be downloaded it tells the addresses only.</summary>
    /// <exception cref="SealerException">As <see cref="BuildAsync"/>.</exception>
    public Task<BuildPreview> PreviewAsync(BaseImageOptions options, CancellationToken cancellationToken) =>
        WithAsync(options, async (builder, mirror, scratch) =>
        {
            var previews = new List<BuildPreview>();
            foreach (var platform in PlatformsOf(options))
                previews.Add(await builder.PreviewAsync(await WriteAsync(options, options.Tag, platform, mirror, scratch, download: false, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false));
            return new BuildPreview(previews[0].Kubefile, [.. previews.SelectMany(preview => preview.Platforms)]);
        }, cancellationToken);

    /// <summary>Builds the image, for several platforms an index of several, and names it.</summary>
    /// <exception cref="SealerException">
    /// <c>KubernetesVersionNotSupported</c>, <c>NetworkNotSupported</c>, <c>ReleaseFileNotFound</c>, <c>ChecksumNotFound</c>,
    /// <c>ChecksumMismatch</c>, <c>NetworkManifestNotFound</c>, and what <see cref="ClusterImageBuilder.BuildAsync"/> throws. Nothing has
    /// a new name then.
    /// </exception>
    public Task<ClusterImage> BuildAsync(BaseImageOptions options, CancellationToken cancellationToken) =>
        WithAsync(options, async (builder, mirror, scratch) =>
        {
            var platforms = PlatformsOf(options);
            // Apart, because each has digests of its own in its Kubefile.
            var built = new List<(ImageReference Name, ClusterImage Image)>();
            foreach (var platform in platforms)
            {
                var name = platforms.Count == 1 ? options.Tag : options.Tag.WithTag($"{options.Tag.Tag}-{platform.Architecture}");
                var build = await WriteAsync(options, name, platform, mirror, scratch, download: true, cancellationToken).ConfigureAwait(false);
                built.Add((name, await builder.BuildAsync(build, cancellationToken).ConfigureAwait(false)));
            }

            if (built is [var only])
                return only.Image;
            var index = await ImageIndexBuilder.CreateAsync(store, options.Tag, [.. built.Select(member => member.Image)], null, cancellationToken).ConfigureAwait(false);
            foreach (var (name, _) in built)
                await store.UntagAsync(name, cancellationToken).ConfigureAwait(false);
            return index;
        }, cancellationToken);

    private async Task<T> WithAsync<T>(
        BaseImageOptions options, Func<ClusterImageBuilder, ReleaseMirror, BuildScratch, Task<T>> action, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        using var lease = await store.LeaseAsync(cancellationToken).ConfigureAwait(false);
        using var scratch = new BuildScratch(store);
        using var registries = new RegistryClient(options.Registries);
        using var remote = new RemoteSource(store, options.Registries, useCache: true, sourceDate: null, events);
        return await action(Registries is null ? new ClusterImageBuilder(store, registries, events) : new ClusterImageBuilder(store, Registries, events), new ReleaseMirror(options.Source, remote), scratch).ConfigureAwait(false);
    }

    private static async Task<BuildOptions> WriteAsync(
        BaseImageOptions options, ImageReference name, Platform platform, ReleaseMirror mirror, BuildScratch scratch, bool download, CancellationToken cancellationToken)
    {
        var folder = scratch.NewPath();
        Directory.CreateDirectory(folder);
        return new BuildOptions
        {
            ContextFolder = folder,
            KubefileText = await new BaseImageContext(options, platform, mirror, folder).WriteAsync(download, cancellationToken).ConfigureAwait(false),
            Tags = [name],
            Platforms = [platform],
            Labels = options.Labels,
            ImageArchives = options.ImageArchives,
        };
    }

    private static List<Platform> PlatformsOf(BaseImageOptions options) => options.Platforms.Count == 0 ? [Platform.Default] : [.. options.Platforms.Distinct()];
}
