using System.Collections.Concurrent;
using Sealer.Events;
using Sealer.Images.Archives;
using Sealer.Images.ContainerImages.RegistryFolder;
using Sealer.Images.Storage;

namespace Sealer.Images.ContainerImages.Fetching;

/// <summary>
/// Brings the container images of a cluster image into the store: the wanted platform of each, straight from its registry or
/// from an archive, several at a time and the largest content first. What the store or the parent image has is not fetched;
/// what was broken off is resumed.
/// </summary>
public sealed class ContainerImageFetcher
{
    private const string Activity = "Fetching container images";

    /// <summary>Names are short questions; more of them at once than downloads.</summary>
    private const int Questions = 8;

    /// <summary>Enough to fill a line of which a registry gives each connection a part; each costs a megabyte of buffers.</summary>
    private const int Downloads = 6;

    private readonly ImageStore _store;
    private readonly Func<ImageReference, IImageSource> _registries;
    private readonly Func<ArchiveLocation, CancellationToken, Task<IImageSource>> _archives;
    private readonly IProgress<SealerEvent>? _events;

    /// <param name="store">Where the content goes.</param>
    /// <param name="registries">The repository of an image.</param>
    /// <param name="archives">Opens an archive that a list names: <see cref="ContainerImageArchives.OpenAsync(ArchiveLocation, CancellationToken)"/>.</param>
    /// <param name="events">Told progress and warnings; may be null.</param>
    public ContainerImageFetcher(
        ImageStore store,
        Func<ImageReference, IImageSource> registries,
        Func<ArchiveLocation, CancellationToken, Task<IImageSource>> archives,
        IProgress<SealerEvent>? events)
    {
        _store = store;
        _registries = registries;
        _archives = archives;
        _events = events;
    }

    /// <summary>
    /// Fetches each image once. The caller holds a lease of the store until a layer refers to the content
    /// (<see cref="RegistryFolderLayer"/>).
    /// </summary>
    /// <param name="images">What a scan found; an image may be there several times.</param>
    /// <param name="platform">The platform to take of each.</param>
    /// <param name="held">What the parent image brings; a name that it holds whole is not even asked for.</param>
    /// <param name="cancellationToken">Cancels; what was fetched stays for the next run.</param>
    /// <returns>The images, ordered by name.</returns>
    /// <exception cref="SealerException"><c>ContainerImagesNotFetched</c>: names every image that could not be had, who asked for it, and why.</exception>
    public async Task<IReadOnlyList<FetchedImage>> FetchAsync(
        IReadOnlyList<FoundImage> images, Platform platform, RegistryFolderSource held, CancellationToken cancellationToken)
    {
        var wanted = images.GroupBy(image => image.Reference)
            .OrderBy(group => group.Key.ToString(), StringComparer.Ordinal)
            .Select(group => new WantedImage(group.Key, [.. group], platform))
            .ToList();
        var limit = new ParallelOptions { MaxDegreeOfParallelism = Questions, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(wanted, limit, async (image, token) =>
            await ResolveAsync(image, held, token).ConfigureAwait(false)).ConfigureAwait(false);
        ThrowIfFailed(wanted);
        await DownloadAsync(wanted, held, cancellationToken).ConfigureAwait(false);
        ThrowIfFailed(wanted);
        return [.. wanted.Select(image => image.Result!)];
    }

    private async Task ResolveAsync(WantedImage image, RegistryFolderSource held, CancellationToken cancellationToken)
    {
        try
        {
            if (await FindHeldAsync(image, held, cancellationToken).ConfigureAwait(false))
                return;
            image.Source = image.Archive is { } archive
                ? await _archives(archive, cancellationToken).ConfigureAwait(false)
                : _registries(image.Reference);
            var root = await image.Source.ResolveAsync(image.Reference, cancellationToken).ConfigureAwait(false)
                ?? throw new SealerException(
                    "ImageNotFound", ErrorKind.NotFound,
                    image.Archive is null ? "Its registry does not know it." : $"It is not in {image.Archive.Path}.", image.Reference);
            var instance = await PlatformImage.ReadAsync(image.Source, image.Reference, root, image.Platform, cancellationToken)
                .ConfigureAwait(false);
            image.Take(instance, isHeld: false);
            foreach (var warning in instance.Warnings)
                _events?.Report(new WarningEvent(warning));
        }
        catch (SealerException e)
        {
            image.Failure = e;
        }
    }

    private static async Task<bool> FindHeldAsync(WantedImage image, RegistryFolderSource held, CancellationToken cancellationToken)
    {
        if (!held.Names(image.Reference, image.Platform))
            return false;
        try
        {
            if (await held.ResolveAsync(image.Reference, cancellationToken).ConfigureAwait(false) is not { } root)
                return false;
            var instance = await PlatformImage.ReadAsync(held, image.Reference, root, image.Platform, cancellationToken).ConfigureAwait(false);
            if (!instance.Blobs.All(held.Has))
                return false;
            image.Take(instance, isHeld: true);
            return true;
        }
        catch (SealerException)
        {
            // A parent whose copy is not whole, or of another platform, is no reason to fail: the registry is asked.
            return false;
        }
    }

    /// <summary>Fetches each blob once, whichever images have it, the largest first: a large one begun last would be waited for alone.</summary>
    private async Task DownloadAsync(List<WantedImage> wanted, RegistryFolderSource held, CancellationToken cancellationToken)
    {
        var fetched = wanted.Where(image => !image.Result!.IsHeld).ToList();
        var blobs = fetched
            .SelectMany(image => image.Result!.Blobs.Select(blob => (Blob: blob, Image: image)))
            .GroupBy(pair => pair.Blob.Digest)
            .Where(group => !held.Has(group.First().Blob))
            .OrderByDescending(group => group.First().Blob.Size)
            .ToList();
        var verified = new ConcurrentDictionary<Digest, bool>();
        var progress = new FetchProgress(_events, Activity, blobs.Sum(group => group.First().Blob.Size));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var limit = new ParallelOptions { MaxDegreeOfParallelism = Downloads, CancellationToken = stop.Token };
        try
        {
            await Parallel.ForEachAsync(blobs, limit, async (group, token) =>
            {
                var isNew = !_store.TryGetSize(group.Key, out _);
                if (!await DownloadAsync(group.First().Blob, [.. group.Select(pair => pair.Image)], progress, token).ConfigureAwait(false))
                    await stop.CancelAsync().ConfigureAwait(false);
                else if (isNew)
                    verified[group.Key] = true;
            }).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested && fetched.Exists(image => image.Failure is not null))
        {
            return;
        }

        var news = verified.Keys.ToHashSet();
        foreach (var image in fetched)
        {
            image.Result = image.Result! with { Verified = news };
            foreach (var (descriptor, content) in image.Documents)
            {
                await _store.PutAsync(
                    descriptor,
                    (offset, _) => Task.FromResult<Stream>(new MemoryStream(content, (int)offset, content.Length - (int)offset, writable: false)),
                    null,
                    cancellationToken).ConfigureAwait(false);
            }

            await CheckLayersAsync(image, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The digests of a Docker archive's compressed layers were taken from the layers; only the config can prove them wrong.</summary>
    private async Task CheckLayersAsync(WantedImage image, CancellationToken cancellationToken)
    {
        if (image.Source is not ContainerImageArchives.ArchivedSource { NeedsLayerCheck: true })
            return;
        try
        {
            await LayerCheck.RunAsync(_store, image.Documents[^1].Descriptor, cancellationToken).ConfigureAwait(false);
        }
        catch (SealerException e)
        {
            image.Failure = e;
        }
    }

    /// <summary>Fetches a blob from the first of its images, else from the next: another registry may have what one has lost.</summary>
    private async Task<bool> DownloadAsync(
        Descriptor blob, IReadOnlyList<WantedImage> images, FetchProgress progress, CancellationToken cancellationToken)
    {
        foreach (var image in images)
        {
            try
            {
                await _store.PutAsync(
                    blob,
                    (offset, token) => image.Source!.OpenAsync(blob, offset, token),
                    progress.Of(image.Reference, blob),
                    cancellationToken).ConfigureAwait(false);
                return true;
            }
            catch (SealerException e) when (e.Id != "DiskFull" && image != images[^1])
            {
                _events?.Report(new DetailEvent($"{blob.Digest.Short} could not be had from {image.Reference.ToFamiliarString()}: {e.Message}"));
            }
            catch (Exception e) when (e is SealerException or IOException or HttpRequestException)
            {
                image.Failure = e as SealerException
                    ?? new SealerException("ConnectionFailed", ErrorKind.Connection, e.Message, image.Reference, e);
                return false;
            }
        }

        return true;
    }

    private static void ThrowIfFailed(List<WantedImage> wanted)
    {
        var failed = wanted.Where(image => image.Failure is not null).ToList();
        if (failed.Count == 0)
            return;
        var lines = failed.Select(image =>
            $"\n  {image.Reference.ToFamiliarString()} (asked for by {string.Join(", ", image.Found.Select(found => found.Place).Distinct())}): {image.Failure!.Message}");
        throw new SealerException(
            "ContainerImagesNotFetched", failed[0].Failure!.Kind,
            $"{failed.Count} of {wanted.Count} container images could not be fetched:" + string.Concat(lines),
            failed[0].Reference.ToString(), failed[0].Failure);
    }

    /// <summary>An image on its way.</summary>
    private sealed class WantedImage(ImageReference reference, IReadOnlyList<FoundImage> found, Platform platform)
    {
        public ImageReference Reference { get; } = reference;

        public Platform Platform { get; } = platform;

        public IReadOnlyList<FoundImage> Found { get; } = found;

        public ArchiveLocation? Archive { get; } = found.Select(image => image.Archive).FirstOrDefault(archive => archive is not null);

        public IImageSource? Source { get; set; }

        public IReadOnlyList<(Descriptor Descriptor, byte[] Content)> Documents { get; private set; } = [];

        public FetchedImage? Result { get; set; }

        public SealerException? Failure { get; set; }

        public void Take(PlatformImage instance, bool isHeld)
        {
            Documents = instance.Documents;
            Result = new FetchedImage
            {
                Reference = Reference,
                Platform = Platform,
                Root = instance.Documents[0].Descriptor,
                Documents = [.. instance.Documents.Select(document => document.Descriptor)],
                Blobs = instance.Blobs,
                IsHeld = isHeld,
            };
        }
    }

    /// <summary>The bytes of all downloads together.</summary>
    private sealed class FetchProgress(IProgress<SealerEvent>? events, string activity, long total)
    {
        private readonly ConcurrentDictionary<Digest, long> _done = new();
        private long _sum;

        public IProgress<long>? Of(ImageReference image, Descriptor blob) =>
            events is null ? null : new OfBlob(this, image.ToFamiliarString(), blob.Digest);

        private void Report(string image, Digest blob, long done)
        {
            var before = _done.GetValueOrDefault(blob);
            _done[blob] = done;
            var sum = Interlocked.Add(ref _sum, done - before);
            events!.Report(new ProgressEvent(activity, image, sum, total));
        }

        private sealed class OfBlob(FetchProgress owner, string image, Digest blob) : IProgress<long>
        {
            public void Report(long value) => owner.Report(image, blob, value);
        }
    }
}
