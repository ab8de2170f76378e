using Sealer.Events;
using Sealer.Images.Copying;

namespace Sealer.Images.Archives;

/// <summary>How images are written to an archive.</summary>
public sealed record ExportOptions
{
    /// <summary>The platforms to write of an index; null for all. Docker's forms hold one.</summary>
    public IReadOnlyList<Platform>? Platforms { get; init; }

    /// <summary>Most bytes a part (1 MiB or more), to split a tar for small media; null for one file.</summary>
    public long? PartSize { get; init; }

    /// <summary>True to write artifacts that refer to the images too; OCI's forms only.</summary>
    public bool Referrers { get; init; }

    /// <summary>True to replace what an earlier export left in a <see cref="ArchiveFormat.DockerFolder"/>; anything else is never touched.</summary>
    public bool Replace { get; init; }
}

/// <summary>What an export made.</summary>
/// <param name="Files">Full paths: the archive, its parts and their index, or the folder.</param>
/// <param name="Images">What was written, under the names in the archive.</param>
public sealed record ExportResult(IReadOnlyList<string> Files, IReadOnlyList<ArchivedImage> Images);

/// <summary>Writes images to archives, streaming and verified; an archive has its name only once it is complete.</summary>
public static class ArchiveExport
{
    private const long SmallestPart = 1024 * 1024;

    /// <summary>Writes images to one archive.</summary>
    /// <param name="from">Where they are.</param>
    /// <param name="images">Manifests or indexes, and the names that they get in the archive (null for none).</param>
    /// <param name="path">The file, or the folder.</param>
    /// <param name="format">Any but <see cref="ArchiveFormat.SealerBundle"/>.</param>
    /// <param name="options">What to write.</param>
    /// <param name="progress">Told the bytes of every blob; may be null.</param>
    /// <param name="cancellationToken">Cancels; nothing is left then.</param>
    /// <exception cref="SealerException">
    /// <c>ArchiveUnwritable</c>, <c>DiskFull</c>, <c>FolderNotEmpty</c>, <c>InvalidPartSize</c>, <c>PlatformNotFound</c>,
    /// <c>OnePlatformOnly</c>, <c>OneImageOnly</c>, <c>ForeignLayer</c>, and what <see cref="ImageCopier"/> throws.
    /// </exception>
    public static async Task<ExportResult> WriteAsync(
        IImageSource from,
        IReadOnlyList<(ImageReference? Reference, Descriptor Root)> images,
        string path,
        ArchiveFormat format,
        ExportOptions options,
        IProgress<SealerEvent>? progress,
        CancellationToken cancellationToken)
    {
        CheckPartSize(options.PartSize);
        if (options.PartSize is not null && format is not (ArchiveFormat.OciArchive or ArchiveFormat.DockerArchive))
            throw new SealerException("InvalidPartSize", ErrorKind.InvalidInput, "Only archives can be split into parts, not folders.", options.PartSize);
        using var lease = from is Storage.ImageStore store ? await store.LeaseAsync(cancellationToken).ConfigureAwait(false) : null;
        var request = new ExportRequest(from, images, Path.GetFullPath(path), options, progress);
        var result = format switch
        {
            ArchiveFormat.OciArchive => await WriteOciArchiveAsync(request, cancellationToken).ConfigureAwait(false),
            ArchiveFormat.OciFolder => await WriteOciFolderAsync(request, cancellationToken).ConfigureAwait(false),
            ArchiveFormat.DockerArchive => await DockerExport.WriteArchiveAsync(request, cancellationToken).ConfigureAwait(false),
            ArchiveFormat.DockerFolder => await DockerExport.WriteFolderAsync(request, cancellationToken).ConfigureAwait(false),
            _ => throw new SealerException("FormatReadOnly", ErrorKind.NotSupported, $"{format} is read, but not written. Use {ArchiveFormat.OciArchive}.", format),
        };
        WarnOfOther(request);
        return result;
    }

    internal static void CheckPartSize(long? partSize)
    {
        if (partSize < SmallestPart)
            throw new SealerException("InvalidPartSize", ErrorKind.InvalidInput, $"A part of {partSize} bytes is too small; give 1 MiB or more.", partSize);
    }

    internal static SealerException NotEmpty(string folder, string there) => new(
        "FolderNotEmpty",
        ErrorKind.Conflict,
        $"The folder '{folder}' holds '{Path.GetFileName(there)}' and is no image. Name an empty or a new folder.",
        folder);

    /// <summary>A whole archive and parts of the same name are two archives, of which a reader takes one.</summary>
    private static void WarnOfOther(ExportRequest request)
    {
        var other = request.Options.PartSize is null
            ? new[] { request.Path + ArchiveParts.IndexSuffix, ArchiveParts.PartName(request.Path, 1) }.FirstOrDefault(File.Exists)
            : File.Exists(request.Path) ? request.Path : null;
        if (other is not null)
        {
            request.Progress?.Report(new WarningEvent(
                $"'{other}' of an earlier export lies beside what was written now. Remove it, so that nobody imports the old images."));
        }
    }

    private static async Task<ExportResult> WriteOciArchiveAsync(ExportRequest request, CancellationToken cancellationToken)
    {
        var writer = new OciArchiveWriter(request.Path, request.Options.PartSize);
        await using (writer.ConfigureAwait(false))
        {
            var written = await CopyAsync(request, writer, cancellationToken).ConfigureAwait(false);
            await writer.CommitAsync(cancellationToken).ConfigureAwait(false);
            return new ExportResult(writer.Files, written);
        }
    }

    private static async Task<ExportResult> WriteOciFolderAsync(ExportRequest request, CancellationToken cancellationToken)
    {
        var writer = new OciFolderWriter(request.Path);
        var written = await CopyAsync(request, writer, cancellationToken).ConfigureAwait(false);
        await writer.CommitAsync(cancellationToken).ConfigureAwait(false);
        return new ExportResult([request.Path], written);
    }

    private static async Task<List<ArchivedImage>> CopyAsync<T>(ExportRequest request, T to, CancellationToken cancellationToken)
        where T : IImageTarget, IReferrerTarget
    {
        var options = new CopyOptions
        {
            Platforms = request.Options.Platforms,
            Referrers = request.Options.Referrers,
            Activity = $"Writing {System.IO.Path.GetFileName(request.Path)}",
        };
        var written = new List<ArchivedImage>();
        foreach (var (reference, root) in request.Images)
        {
            var copied = await ImageCopier.CopyAsync(request.From, root, to, options, request.Progress, cancellationToken).ConfigureAwait(false);
            if (reference is null)
                await to.AttachAsync(copied, cancellationToken).ConfigureAwait(false);
            else
                await to.TagAsync(reference, copied, cancellationToken).ConfigureAwait(false);
            written.Add(new ArchivedImage(reference, reference?.ToString(), copied));
        }

        return written;
    }
}

/// <summary>What an export was asked for.</summary>
internal sealed record ExportRequest(
    IImageSource From,
    IReadOnlyList<(ImageReference? Reference, Descriptor Root)> Images,
    string Path,
    ExportOptions Options,
    IProgress<SealerEvent>? Progress);
