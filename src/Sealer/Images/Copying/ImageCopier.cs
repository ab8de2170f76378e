using Sealer.Events;
using Sealer.Images.Storage;

namespace Sealer.Images.Copying;

/// <summary>
/// Copies an image with everything that it is made of from one place to another: several blobs at once, what is there
/// already is not sent, what was cut goes on, everything verified by digest. Memory is that of a few buffers, whatever the
/// size of the image.
/// </summary>
public static class ImageCopier
{
    /// <summary>Copies; the copy has no name yet (<see cref="IImageTarget.TagAsync"/>).</summary>
    /// <param name="from">Where the image is.</param>
    /// <param name="root">Its manifest or index.</param>
    /// <param name="to">Where it goes.</param>
    /// <param name="options">What to copy.</param>
    /// <param name="progress">Told the bytes of every blob, and warnings; may be null.</param>
    /// <param name="cancellationToken">Cancels; what is half there is resumed by the next call, where the target can.</param>
    /// <returns>What was written: <paramref name="root"/>, or what it was cut to by <see cref="CopyOptions.Platforms"/>.</returns>
    /// <exception cref="SealerException">
    /// <c>ManifestTooLarge</c>, <c>IndexTooDeep</c>, <c>InvalidManifest</c>, <c>MediaTypeMismatch</c>,
    /// <c>LayerCountMismatch</c>, <c>PlatformNotFound</c>, <c>DigestMismatch</c>, <c>SizeMismatch</c>, <c>Truncated</c>,
    /// <c>BlobNotFound</c>, <c>DiskFull</c>, and what source and target add.
    /// </exception>
    public static async Task<Descriptor> CopyAsync(
        IImageSource from,
        Descriptor root,
        IImageTarget to,
        CopyOptions options,
        IProgress<SealerEvent>? progress,
        CancellationToken cancellationToken)
    {
        // Until the caller has named the copy, only its own lease keeps it; this one spans the copying itself.
        using var sourceLease = await LeaseAsync(from, cancellationToken).ConfigureAwait(false);
        using var targetLease = await LeaseAsync(to, cancellationToken).ConfigureAwait(false);

        var documents = to is IImageSource there ? new NearSource(from, to, there) : from;
        var graph = await ImageGraph.WalkAsync(documents, root, options, progress, cancellationToken).ConfigureAwait(false);
        var parallel = new ParallelOptions
        {
            MaxDegreeOfParallelism = to is ISequentialTarget ? 1 : Math.Max(1, options.Parallelism),
            CancellationToken = cancellationToken,
        };
        await Parallel.ForEachAsync(
            graph.Blobs,
            parallel,
            async (blob, token) => await CopyBlobAsync(from, blob, to, options, progress, token).ConfigureAwait(false))
            .ConfigureAwait(false);

        foreach (var (descriptor, content) in graph.Documents)
        {
            if (await to.ExistsAsync(descriptor, cancellationToken).ConfigureAwait(false))
                continue;
            await to.PutAsync(
                descriptor,
                (offset, _) => Task.FromResult<Stream>(new MemoryStream(content, (int)offset, content.Length - (int)offset, writable: false)),
                null,
                cancellationToken).ConfigureAwait(false);
        }

        if (to is IReferrerTarget referrers)
        {
            foreach (var referrer in graph.Referrers)
                await referrers.AttachAsync(referrer, cancellationToken).ConfigureAwait(false);
        }

        return graph.Root;
    }

    private static async Task CopyBlobAsync(
        IImageSource from,
        Descriptor blob,
        IImageTarget to,
        CopyOptions options,
        IProgress<SealerEvent>? progress,
        CancellationToken cancellationToken)
    {
        var item = blob.Digest.ToString();
        if (await to.ExistsAsync(blob, cancellationToken).ConfigureAwait(false))
        {
            progress?.Report(new ProgressEvent(options.Activity, item, blob.Size, blob.Size));
            return;
        }

        progress?.Report(new ProgressEvent(options.Activity, item, 0, blob.Size));
        await DamagedContent.ReadAsync(
            from,
            blob.Digest,
            () => to.PutAsync(
                blob,
                (offset, token) => from.OpenAsync(blob, offset, token),
                ItemProgress.Of(progress, options.Activity, item, blob.Size),
                cancellationToken),
            cancellationToken).ConfigureAwait(false);
    }

    private static async Task<StoreLease?> LeaseAsync(object place, CancellationToken cancellationToken) =>
        place is ImageStore store ? await store.LeaseAsync(cancellationToken).ConfigureAwait(false) : null;

    /// <summary>
    /// Reads documents from the target where they are there already: copying again asks the source for nothing. Damaged ones
    /// of a store are as if they were not there; they are small enough to be looked at each time.
    /// </summary>
    private sealed class NearSource(IImageSource far, IImageTarget target, IImageSource near) : IImageSource, IReferrerSource
    {
        public Task<Descriptor?> ResolveAsync(ImageReference reference, CancellationToken cancellationToken) =>
            far.ResolveAsync(reference, cancellationToken);

        public async Task<Stream> OpenAsync(Descriptor descriptor, long offset, CancellationToken cancellationToken) =>
            await target.ExistsAsync(descriptor, cancellationToken).ConfigureAwait(false)
            && !(target is ImageStore store && await store.SetAsideIfDamagedAsync(descriptor.Digest, cancellationToken).ConfigureAwait(false))
                ? await near.OpenAsync(descriptor, offset, cancellationToken).ConfigureAwait(false)
                : await far.OpenAsync(descriptor, offset, cancellationToken).ConfigureAwait(false);

        public async Task<IReadOnlyList<Descriptor>> ListReferrersAsync(Descriptor subject, CancellationToken cancellationToken) =>
            far is IReferrerSource referrers
                ? await referrers.ListReferrersAsync(subject, cancellationToken).ConfigureAwait(false)
                : [];
    }
}
