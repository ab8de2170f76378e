using Sealer.Events;
using Sealer.Images.Copying;
using Sealer.Images.Storage;

namespace Sealer.Images.Archives;

/// <summary>How an archive is imported.</summary>
public sealed record ImportOptions
{
    /// <summary>The platforms to take of an index; null for all.</summary>
    public IReadOnlyList<Platform>? Platforms { get; init; }

    /// <summary>The name for an image that the archive gives none; without it such an image is kept by digest.</summary>
    public ImageReference? Reference { get; init; }

    /// <summary>True (default) to take artifacts that refer to the images too.</summary>
    public bool Referrers { get; init; } = true;
}

/// <summary>
/// Takes the images of an archive into the store, straight and verified: no temporary copy, whatever the form, compressed as
/// a whole (gzip, zstd, xz, bzip2) or not.
/// </summary>
public static class ArchiveImport
{
    /// <summary>Imports a file, its parts, or a folder.</summary>
    /// <param name="path">As <see cref="ImageArchive.OpenAsync(string, CancellationToken)"/> takes it, or a compressed tar.</param>
    /// <param name="store">Where the images go.</param>
    /// <param name="options">What to take.</param>
    /// <param name="progress">Told the bytes of every blob; may be null.</param>
    /// <param name="cancellationToken">Cancels; whole blobs stay in the store and are not read again.</param>
    /// <returns>The images as they stand in the store.</returns>
    /// <exception cref="SealerException">What opening and copying throw.</exception>
    public static async Task<IReadOnlyList<StoredImage>> ImportAsync(
        string path,
        ImageStore store,
        ImportOptions options,
        IProgress<SealerEvent>? progress,
        CancellationToken cancellationToken)
    {
        var activity = $"Reading {Path.GetFileName(Path.TrimEndingDirectorySeparator(path))}";
        var parts = ArchiveParts.TryRead(path);
        return await ArchiveOpening.NamedAsync(path, parts, ReadAsync, cancellationToken).ConfigureAwait(false);

        async Task<IReadOnlyList<StoredImage>> ReadAsync()
        {
            using var bytes = Directory.Exists(path) ? null
                : parts is null ? RandomBytes.OpenFile(path)
                : new PartBytes(parts);
            if (bytes is not null
                && await ArchiveOpening.CompressionOfAsync(bytes, cancellationToken).ConfigureAwait(false) is not Compression.None)
            {
                var stream = new RangeStream(bytes);
                await using (stream.ConfigureAwait(false))
                    return await ImportAsync(stream, activity, store, options, progress, cancellationToken).ConfigureAwait(false);
            }

            using var archive = await ImageArchive.OpenAsync(path, cancellationToken).ConfigureAwait(false);
            using var lease = await store.LeaseAsync(cancellationToken).ConfigureAwait(false);
            return await CopyAsync(archive, activity, store, options, progress, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Imports a stream that can be read once, from front to back: a pipe, a download.</summary>
    /// <param name="stream">A tar of any form but sealer's bundle, compressed or not.</param>
    /// <param name="activity">What progress events call the work.</param>
    /// <param name="store">Where the images go.</param>
    /// <param name="options">What to take.</param>
    /// <param name="progress">Told the bytes of every file; may be null.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The images as they stand in the store.</returns>
    public static async Task<IReadOnlyList<StoredImage>> ImportAsync(
        Stream stream,
        string activity,
        ImageStore store,
        ImportOptions options,
        IProgress<SealerEvent>? progress,
        CancellationToken cancellationToken)
    {
        using var lease = await store.LeaseAsync(cancellationToken).ConfigureAwait(false);
        var head = new byte[Compressions.MagicLength];
        var read = await stream.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        var whole = new PrefixedStream(head.AsMemory(0, read), stream);
        try
        {
            var plain = Compressions.Open(whole, Compressions.Detect(head.AsSpan(0, read)));
            await using var closing = plain.ConfigureAwait(false);
            using var files = await StreamedFiles.ReadAsync(
                plain,
                store,
                (name, size) => ItemProgress.Of(progress, activity, name, size),
                cancellationToken).ConfigureAwait(false);
            using var archive = await ArchiveOpening.OpenFilesAsync(
                files, activity, ArchiveFormat.OciArchive, ArchiveFormat.DockerArchive, 0, cancellationToken).ConfigureAwait(false);
            return await CopyAsync(archive, activity, store, options, null, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (Compressions.Damaged(e, "the archive") is { } damaged)
        {
            throw damaged;
        }
    }

    private static async Task<IReadOnlyList<StoredImage>> CopyAsync(
        ImageArchive archive,
        string activity,
        ImageStore store,
        ImportOptions options,
        IProgress<SealerEvent>? progress,
        CancellationToken cancellationToken)
    {
        var copy = new CopyOptions { Platforms = options.Platforms, Referrers = options.Referrers, Activity = activity };
        var imported = new List<StoredImage>();
        foreach (var image in archive.Images)
        {
            var root = await ImageCopier.CopyAsync(archive, image.Descriptor, store, copy, progress, cancellationToken).ConfigureAwait(false);
            if (archive.Format is ArchiveFormat.DockerArchive)
                await LayerCheck.RunAsync(store, root, cancellationToken).ConfigureAwait(false);
            root = root with { Annotations = null };

            // One name cannot stand for two images.
            var reference = image.Reference ?? (archive.Images.Count(i => i.Reference is null) == 1 ? options.Reference : null);
            if (reference is null)
                await store.PinAsync(root, cancellationToken).ConfigureAwait(false);
            else
                await store.TagAsync(reference, root, cancellationToken).ConfigureAwait(false);
            imported.Add(new StoredImage(reference, root));
        }

        if (imported.Count == 0)
            throw new SealerException("NotAnImageArchive", ErrorKind.InvalidContent, "The archive names no image. Save it again.", activity);
        return imported;
    }
}
