using Sealer.Events;
using Sealer.Images.Storage;

namespace Sealer.Images.Copying;

/// <summary>Brings a whole image from one place to another and names it there: pull, push, and from registry to registry.</summary>
public static class ImageTransfer
{
    /// <summary>Fetches what a name stands for into the store.</summary>
    /// <param name="from">The registry's repository, or whatever else knows the name.</param>
    /// <param name="name">What is fetched; its name in the store as well.</param>
    /// <param name="store">Where it goes.</param>
    /// <param name="options">What is taken of it.</param>
    /// <param name="progress">Told the bytes of every blob; may be null.</param>
    /// <param name="cancellationToken">Cancels; what is whole is kept and not fetched again.</param>
    /// <exception cref="SealerException"><c>ImageNotFound</c>, and what <see cref="ImageCopier"/> throws.</exception>
    public static async Task<ClusterImage> ReceiveAsync(
        IImageSource from,
        ImageReference name,
        ImageStore store,
        CopyOptions options,
        IProgress<SealerEvent>? progress,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(store);
        var descriptor = await from.ResolveAsync(name, cancellationToken).ConfigureAwait(false) ?? throw new SealerException(
            "ImageNotFound",
            ErrorKind.NotFound,
            $"{name.Domain} has no image {name}. Find-ClusterImage {name.Name} lists those that it has.",
            name.ToFamiliarString());
        // Until it has its name a sweep would take it for rubbish.
        using var lease = await store.LeaseAsync(cancellationToken).ConfigureAwait(false);
        var copied = await ImageCopier.CopyAsync(from, descriptor, store, options, progress, cancellationToken).ConfigureAwait(false);
        await store.TagAsync(name, copied, cancellationToken).ConfigureAwait(false);
        return await ClusterImages.LoadAsync(store, name, copied, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Sends an image under a name; within one place only the name is new.</summary>
    /// <param name="from">Where the image is.</param>
    /// <param name="image">The image.</param>
    /// <param name="to">Where it goes: the store, or the repository of <paramref name="destination"/>.</param>
    /// <param name="destination">Its name there; one with a digest alone gives it none.</param>
    /// <param name="options">What is taken of it.</param>
    /// <param name="progress">Told the bytes of every blob; may be null.</param>
    /// <param name="cancellationToken">Cancels; what has arrived is not sent again.</param>
    /// <returns>The image as it is there.</returns>
    /// <exception cref="SealerException">What <see cref="ImageCopier"/> throws.</exception>
    public static async Task<ClusterImage> SendAsync<TTarget>(
        IImageSource from,
        ClusterImage image,
        TTarget to,
        ImageReference destination,
        CopyOptions options,
        IProgress<SealerEvent>? progress,
        CancellationToken cancellationToken)
        where TTarget : class, IImageSource, IImageTarget
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(destination);
        ArgumentNullException.ThrowIfNull(options);
        using var lease = to is ImageStore store ? await store.LeaseAsync(cancellationToken).ConfigureAwait(false) : null;
        var copied = ReferenceEquals(from, to) && options.Platforms is null
            ? image.Descriptor
            : await ImageCopier.CopyAsync(from, image.Descriptor, to, options, progress, cancellationToken).ConfigureAwait(false);
        if (destination.Tag is not null)
            await to.TagAsync(destination, copied, cancellationToken).ConfigureAwait(false);
        return copied.Digest == image.Digest
            ? image with { Reference = destination, Images = image.Images.Select(member => member with { Reference = destination }).ToArray() }
            : await ClusterImages.LoadAsync(to, destination, copied, cancellationToken).ConfigureAwait(false);
    }
}
