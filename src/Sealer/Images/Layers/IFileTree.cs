namespace Sealer.Images.Layers;

/// <summary>What an entry of a file tree is.</summary>
public enum FileTreeEntryKind
{
    /// <summary>A regular file.</summary>
    File,

    /// <summary>A folder.</summary>
    Folder,

    /// <summary>A symbolic link; its target is not followed by the tree.</summary>
    SymbolicLink,
}

/// <summary>One file, folder or link of a <see cref="IFileTree"/>.</summary>
/// <param name="Path">Relative to the tree's root, parts separated by <c>/</c>, no leading slash; the root is <c>""</c>.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Size">Bytes; 0 of what is not a file.</param>
/// <param name="Mode">Permission bits; null where they are not known.</param>
public sealed record FileTreeEntry(string Path, FileTreeEntryKind Kind, long Size, int? Mode = null);

/// <summary>
/// Files by relative path, wherever they are: the merged layers of an image, or the rootfs of one that is being built.
/// Read-only and safe for concurrent use.
/// </summary>
public interface IFileTree
{
    /// <summary>Everything below a folder, recursively, sorted by path (ordinal), without the folder itself; empty where it does not exist.</summary>
    IEnumerable<FileTreeEntry> List(string folder);

    /// <summary>What is at a path, or null.</summary>
    FileTreeEntry? Find(string path);

    /// <summary>Opens a file.</summary>
    /// <exception cref="FileNotFoundException">There is no file at the path.</exception>
    Stream Open(string path);

    /// <summary>
    /// Reads many files in the order that costs least, whatever order they are given in: nothing is unpacked twice. To be used
    /// wherever more than a few files are wanted; <see cref="Open"/> may unpack a whole layer for one.
    /// </summary>
    /// <param name="paths">The files; each is read once.</param>
    /// <param name="read">Given each path and its content, one after the other; the stream is gone when the task ends.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="FileNotFoundException">There is no file at one of the paths.</exception>
    async Task ReadFilesAsync(
        IEnumerable<string> paths,
        Func<string, Stream, CancellationToken, Task> read,
        CancellationToken cancellationToken)
    {
        foreach (var path in paths.Distinct(StringComparer.Ordinal))
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var stream = Open(path);
            await read(path, stream, cancellationToken).ConfigureAwait(false);
        }
    }
}
