using Sealer.Events;
using Sealer.Images.Copying;
using Sealer.Images.Storage;
using Sealer.Kubefiles.Instructions;

namespace Sealer.Images.Building;

/// <summary>Finds the image that FROM names, in the local store or its registry.</summary>
internal sealed class BaseImages(ImageStore store, Func<ImageReference, IImageSource> registries, IProgress<SealerEvent>? events)
{
    // A registry that does not answer must not hold up a build that needs nothing of it.
    private static readonly TimeSpan CheckPatience = TimeSpan.FromSeconds(15);

    /// <summary>The image for a platform if it is in the local store with all its layers; else null.</summary>
    public async Task<ClusterImage?> FindLocalAsync(ImageReference reference, Platform platform, CancellationToken cancellationToken)
    {
        if (await store.ResolveAsync(reference, cancellationToken).ConfigureAwait(false) is not { } root)
            return null;
        try
        {
            var image = (await ClusterImages.LoadAsync(store, reference, root, cancellationToken).ConfigureAwait(false)).ForPlatform(platform);
            return image.Layers.All(layer => store.TryGetSize(layer.Digest, out _)) ? image : null;
        }
        catch (SealerException e) when (e.Kind == ErrorKind.NotFound)
        {
            return null;
        }
    }

    /// <summary>The image for a platform, fetched as the policy says.</summary>
    /// <exception cref="SealerException"><c>ImageNotFound</c>, <c>PlatformNotFound</c>, <c>NotAClusterImage</c>, and what registries add.</exception>
    public async Task<ClusterImage> GetAsync(FromInstruction from, Platform platform, PullPolicy policy, CancellationToken cancellationToken)
    {
        var reference = from.Reference!;
        var local = await FindLocalAsync(reference, platform, cancellationToken).ConfigureAwait(false);
        var image = policy switch
        {
            PullPolicy.Never => local ?? throw NotLocal(reference, platform),
            PullPolicy.Missing => local ?? await PullAsync(reference, platform, cancellationToken).ConfigureAwait(false),
            PullPolicy.IfNewer when local is not null => await RefreshAsync(reference, platform, local, cancellationToken).ConfigureAwait(false),
            _ => await PullAsync(reference, platform, cancellationToken).ConfigureAwait(false),
        };
        return image.RequireClusterImage();
    }

    private async Task<ClusterImage> RefreshAsync(ImageReference reference, Platform platform, ClusterImage local, CancellationToken cancellationToken)
    {
        // What this machine alone calls localhost/..., no registry has.
        if (reference.Domain == "localhost" || reference.Digest is not null)
            return local;
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(CheckPatience);
            var remote = await registries(reference).ResolveAsync(reference, patience.Token).ConfigureAwait(false);
            var known = await store.ResolveAsync(reference, cancellationToken).ConfigureAwait(false);
            if (remote is null || remote.Digest == known?.Digest || remote.Digest == local.Digest)
                return local;
        }
        catch (Exception e) when ((e is SealerException or OperationCanceledException) && !cancellationToken.IsCancellationRequested)
        {
            var reason = e is SealerException ? e.Message : "it does not answer";
            events?.Report(new WarningEvent($"Whether {reference.ToFamiliarString()} is newer in its registry is not known, and the local one is used: {reason}"));
            return local;
        }

        return await PullAsync(reference, platform, cancellationToken).ConfigureAwait(false);
    }

    private async Task<ClusterImage> PullAsync(ImageReference reference, Platform platform, CancellationToken cancellationToken)
    {
        var source = registries(reference);
        var root = await source.ResolveAsync(reference, cancellationToken).ConfigureAwait(false)
            ?? throw new SealerException(
                "ImageNotFound",
                ErrorKind.NotFound,
                $"FROM {reference.ToFamiliarString()}: neither the local store nor its registry has that image. Look at the name, or import the image first.",
                reference);

        // The index stays whole so that its digest is the registry's, and other platforms can join it later.
        var options = new CopyOptions
        {
            Platforms = [platform],
            IndexCut = IndexCut.Whole,
            Activity = $"Receiving {reference.ToFamiliarString()}",
        };
        var copied = await ImageCopier.CopyAsync(source, root, store, options, events, cancellationToken).ConfigureAwait(false);
        if (reference.Digest is null)
            await store.TagAsync(reference, copied, cancellationToken).ConfigureAwait(false);
        return (await ClusterImages.LoadAsync(store, reference, copied, cancellationToken).ConfigureAwait(false)).ForPlatform(platform);
    }

    private static SealerException NotLocal(ImageReference reference, Platform platform) => new(
        "ImageNotFound",
        ErrorKind.NotFound,
        $"FROM {reference.ToFamiliarString()}: the local store does not have that image for {platform}, and it may not be fetched. Import or receive it first, or build with another pull policy.",
        reference);
}
