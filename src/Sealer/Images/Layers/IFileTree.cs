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
public sealed record FileTreeEntry(string Path, FileTreeEntryKind Kind, long Size);

/// <summary>
/// Files by relative path, wherever they are: a folder on disk, the merged layers of an image, or one laid over another.
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
}
