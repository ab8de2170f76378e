using System.Collections.Concurrent;
using Sealer.Images.Archives;
using Sealer.Images.Storage;

namespace Sealer.Images.ContainerImages.Fetching;

/// <summary>
/// The archives and folders that lists name, each opened once and by what is in it, whatever the list calls it. Dispose it
/// after the images were fetched. Safe for concurrent use.
/// </summary>
public sealed class ContainerImageArchives : IDisposable
{
    private readonly ImageStore? _store;
    private readonly ConcurrentDictionary<string, Lazy<Task<ImageArchive>>> _archives = new(StringComparer.Ordinal);

    /// <param name="store">
    /// Where the content of an archive goes that is compressed as a whole and so can be read only once; without it such an
    /// archive is refused.
    /// </param>
    public ContainerImageArchives(ImageStore? store) => _store = store;

    /// <summary>The images of an archive by the name that the list gives; opens it at the first call.</summary>
    /// <exception cref="SealerException">What opening an archive throws.</exception>
    public async Task<IImageSource> OpenAsync(ArchiveLocation location, CancellationToken cancellationToken) =>
        new ArchivedSource(location, await ArchiveAsync(location, cancellationToken).ConfigureAwait(false));

    /// <summary>The names of all images in an archive.</summary>
    /// <exception cref="SealerException"><c>ArchiveWithoutNames</c>; and what opening an archive throws.</exception>
    internal async Task<IReadOnlyList<ImageReference>> NamesAsync(ArchiveLocation location, CancellationToken cancellationToken)
    {
        var archive = await ArchiveAsync(location, cancellationToken).ConfigureAwait(false);
        var names = archive.Images.Select(image => image.Reference).OfType<ImageReference>().Distinct().ToList();
        return names.Count > 0 && archive.Images.All(image => image.Reference is not null)
            ? names
            : throw new SealerException(
                "ArchiveWithoutNames", ErrorKind.InvalidInput,
                $"{location} holds an image without a full name ({Offer(archive)}). Write the name behind the path, for example {location}:registry.example.com/app:v1.",
                location.ToString());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var archive in _archives.Values)
        {
            if (archive is { IsValueCreated: true, Value: { IsCompletedSuccessfully: true } opened })
                opened.GetAwaiter().GetResult().Dispose();
        }
    }

    private Task<ImageArchive> ArchiveAsync(ArchiveLocation location, CancellationToken cancellationToken) => _archives.GetOrAdd(
        location.Path, path => new Lazy<Task<ImageArchive>>(() => OpenAsync(path, cancellationToken))).Value;

    private async Task<ImageArchive> OpenAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return await ImageArchive.OpenAsync(path, cancellationToken).ConfigureAwait(false);
        }
        catch (SealerException e) when (e.Id == "ArchiveCompressed" && _store is not null)
        {
            return await ReadThroughAsync(path, _store, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Content goes into the store while it is unpacked; nothing is named there.</summary>
    private static async Task<ImageArchive> ReadThroughAsync(string path, ImageStore store, CancellationToken cancellationToken)
    {
        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.Asynchronous | FileOptions.SequentialScan);
        await using (file.ConfigureAwait(false))
        {
            var magic = new byte[Compressions.MagicLength];
            var read = await file.ReadAtLeastAsync(magic, magic.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
            file.Position = 0;
            try
            {
                var plain = Compressions.Open(file, Compressions.Detect(magic.AsSpan(0, read)));
                await using var closing = plain.ConfigureAwait(false);
                var files = await StreamedFiles.ReadAsync(plain, store, (_, _) => null, cancellationToken).ConfigureAwait(false);
                return await ArchiveOpening.OpenFilesAsync(
                    files, path, ArchiveFormat.OciArchive, ArchiveFormat.DockerArchive, 0, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (Compressions.Damaged(e, path) is { } damaged)
            {
                throw damaged;
            }
        }
    }

    private static string Offer(ImageArchive archive) =>
        string.Join(", ", archive.Images.Select(image => image.Name ?? image.Descriptor.Digest.Short));

    /// <summary>One image of an archive; the archive stays open for the others.</summary>
    internal sealed class ArchivedSource(ArchiveLocation location, ImageArchive archive) : IImageSource
    {
        /// <summary>True where nothing but the configs says what the content of the layers is.</summary>
        public bool NeedsLayerCheck => archive.Format == ArchiveFormat.DockerArchive;

        /// <summary>By full name, else by tag where the archive has only tags, else the only image that has no name.</summary>
        public Task<Descriptor?> ResolveAsync(ImageReference reference, CancellationToken cancellationToken)
        {
            var images = archive.Images;
            var found = images.FirstOrDefault(image => image.Reference == reference)
                ?? images.FirstOrDefault(image => image.Reference is null && image.Name is not null && image.Name == reference.Tag)
                ?? images.FirstOrDefault(image => reference.Digest is { } digest && image.Descriptor.Digest == digest)
                ?? (images is [{ Reference: null } only] ? only : null);
            if (found is not null)
                return Task.FromResult<Descriptor?>(found.Descriptor with { Annotations = null, Platform = null });
            throw new SealerException(
                "ImageNotFound", ErrorKind.NotFound,
                $"It is not in {location.Path}, which holds {Offer(archive)}. Write one of those names in the list.", reference.ToString());
        }

        public Task<Stream> OpenAsync(Descriptor descriptor, long offset, CancellationToken cancellationToken) =>
            archive.OpenAsync(descriptor, offset, cancellationToken);
    }
}
