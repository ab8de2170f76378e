namespace Sealer.Images.Layers;

/// <summary>
/// A folder of this machine. Links are listed as links and never followed, neither to files nor through folders, so that
/// nothing outside of the folder can be read.
/// </summary>
/// <param name="root">The folder.</param>
public sealed class FolderFileTree(string root) : IFileTree
{
    private readonly string _root = Path.GetFullPath(root);

    /// <inheritdoc/>
    public IEnumerable<FileTreeEntry> List(string folder)
    {
        if (InfoOf(folder) is not DirectoryInfo start)
            return [];
        var entries = new List<FileTreeEntry>();
        var folders = new Stack<(DirectoryInfo Info, string Path)>();
        folders.Push((start, folder));
        while (folders.TryPop(out var next))
        {
            foreach (var info in next.Info.EnumerateFileSystemInfos())
            {
                var entry = EntryOf(info, LayerPath.Join(next.Path, info.Name));
                entries.Add(entry);
                if (entry.Kind == FileTreeEntryKind.Folder)
                    folders.Push(((DirectoryInfo)info, entry.Path));
            }
        }

        entries.Sort((a, b) => string.CompareOrdinal(a.Path, b.Path));
        return entries;
    }

    /// <inheritdoc/>
    public FileTreeEntry? Find(string path) => InfoOf(path, followed: false) is { } info ? EntryOf(info, path) : null;

    /// <inheritdoc/>
    public Stream Open(string path)
    {
        if (InfoOf(path) is not FileInfo file)
            throw new FileNotFoundException($"'{_root}' has no file '{path}'.", path);
        return new FileStream(file.FullName, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
    }

    private static FileTreeEntry EntryOf(FileSystemInfo info, string path) => info switch
    {
        { LinkTarget: not null } => new FileTreeEntry(path, FileTreeEntryKind.SymbolicLink, 0),
        FileInfo file => new FileTreeEntry(path, FileTreeEntryKind.File, file.Length),
        _ => new FileTreeEntry(path, FileTreeEntryKind.Folder, 0),
    };

    /// <summary>The file or folder at a path that goes through real folders only; null where there is none.</summary>
    private FileSystemInfo? InfoOf(string path, bool followed = true)
    {
        FileSystemInfo at = new DirectoryInfo(_root);
        if (!at.Exists)
            return null;
        var parts = path.Length == 0 ? [] : path.Split('/');
        for (var i = 0; i < parts.Length; i++)
        {
            if (parts[i] is "" or "." or ".." || parts[i].AsSpan().ContainsAny(['\0', Path.DirectorySeparatorChar, Path.VolumeSeparatorChar]))
                return null;
            var name = Path.Combine(at.FullName, parts[i]);
            var folder = new DirectoryInfo(name);
            // A link to a folder says it is one; a link to nothing says it is nothing.
            at = folder.Exists ? folder : new FileInfo(name);
            var last = i == parts.Length - 1;
            if (at.LinkTarget is not null)
                return last && !followed ? at : null;
            if (!at.Exists || (!last && at is FileInfo))
                return null;
        }

        return at;
    }
}
