namespace Sealer.Images.Archives;

/// <summary>The files of a folder. Links in it are not followed: a hostile folder would show other files of the machine.</summary>
internal sealed class FolderFiles : ArchiveFiles
{
    private const int MaxFiles = 200_000;

    private readonly string _root;
    private readonly Dictionary<string, string> _files = new(StringComparer.Ordinal);

    public FolderFiles(string root)
    {
        _root = Path.GetFullPath(root);
        Find(new DirectoryInfo(_root), "", 0);
    }

    public override IReadOnlyCollection<string> Names => _files.Keys;

    public override bool TryGetSize(string name, out long size)
    {
        size = _files.TryGetValue(name, out var path) ? new FileInfo(path).Length : 0;
        return path is not null;
    }

    public override Stream Open(string name, long offset)
    {
        if (!_files.TryGetValue(name, out var path))
            throw ArchiveErrors.Missing(name);
        var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 64 * 1024, FileOptions.SequentialScan);
        stream.Position = offset;
        return stream;
    }

    public override RandomBytes? OpenBytes(string name) =>
        _files.TryGetValue(name, out var path) ? RandomBytes.OpenFile(path) : null;

    public override void Dispose()
    {
    }

    private void Find(DirectoryInfo folder, string prefix, int depth)
    {
        // blobs/sha256/x is the deepest that any form has.
        if (depth > 4)
            return;
        foreach (var entry in folder.EnumerateFileSystemInfos())
        {
            if (entry.LinkTarget is not null)
                continue;
            if (entry is DirectoryInfo inner)
                Find(inner, prefix + inner.Name + "/", depth + 1);
            else if (_files.Count < MaxFiles)
                _files[prefix + entry.Name] = entry.FullName;
            else
                throw ArchiveErrors.Invalid($"it has more than {MaxFiles} files");
        }
    }
}
