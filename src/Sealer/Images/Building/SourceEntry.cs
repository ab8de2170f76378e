using Sealer.Images.Layers;

namespace Sealer.Images.Building;

/// <summary>Something that is copied, before it is known where to: of the context, of an archive, a download, a heredoc.</summary>
internal sealed record SourceEntry
{
    /// <summary>Relative to the source, with <c>/</c>; <c>""</c> is the source itself.</summary>
    public required string RelativePath { get; init; }

    /// <summary>File, folder, link, or what an archive brings besides.</summary>
    public required LayerEntryKind Kind { get; init; }

    /// <summary>Permission bits.</summary>
    public required int Mode { get; init; }

    public long Uid { get; init; }

    public long Gid { get; init; }

    /// <summary>Whole seconds; of folders see <see cref="CopyLayout"/>.</summary>
    public required DateTimeOffset Modified { get; init; }

    public long Size { get; init; }

    public string? LinkTarget { get; init; }

    /// <summary>Where the content lies on this machine, or null.</summary>
    public string? LocalFile { get; init; }

    /// <summary>Opens the content where it lies in no file of its own.</summary>
    public Func<Stream>? Open { get; init; }

    /// <summary>The content of a file; the caller disposes it.</summary>
    public Stream OpenContent() => LocalFile is { } file
        ? new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, 128 * 1024, FileOptions.SequentialScan)
        : Open!();
}

/// <summary>One source after wildcards: a file, or a folder with everything below it.</summary>
/// <param name="Name">Its last part, which a file keeps when it goes into a folder.</param>
/// <param name="IsFolder">True where its content is copied and not itself.</param>
/// <param name="Entries">A file: itself, with the path <c>""</c>. A folder: itself and all below, sorted by path.</param>
internal sealed record SourceItem(string Name, bool IsFolder, IReadOnlyList<SourceEntry> Entries)
{
    /// <summary>True where the entries bring owners, modes and times that are kept, whatever flags say, as those of archives do.</summary>
    public bool KeepsOwners { get; init; }
}
