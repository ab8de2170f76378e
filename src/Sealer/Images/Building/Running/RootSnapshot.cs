namespace Sealer.Images.Building.Running;

/// <summary>Every file of a root folder as it is at one moment, some 150 bytes of memory each.</summary>
internal sealed class RootSnapshot
{
    private static readonly EnumerationOptions Everything = new() { AttributesToSkip = 0, IgnoreInaccessible = false };

    private readonly SortedDictionary<string, FileState> _files = new(StringComparer.Ordinal);
    private readonly List<string> _closed = [];

    private RootSnapshot(string root) => Root = root;

    public string Root { get; }

    /// <summary>By path relative to the root, parts separated by <c>/</c>, in ordinal order; without the root itself.</summary>
    public IReadOnlyDictionary<string, FileState> Files => _files;

    /// <summary>Folders that we may not look into, relative to the root; what is in them is missing until <see cref="Complete"/>.</summary>
    public IReadOnlyList<string> Closed => _closed;

    /// <summary>Walks the folder; links are not followed.</summary>
    /// <exception cref="SealerException"><c>InvalidFileName</c>: a name is not valid UTF-8.</exception>
    public static RootSnapshot Take(string root, CancellationToken cancellationToken)
    {
        var snapshot = new RootSnapshot(root);
        snapshot.Walk([""], cancellationToken);
        return snapshot;
    }

    /// <summary>Records another time of modification for a file; the file itself is the caller's to change.</summary>
    public void SetModified(string path, long seconds, uint nanoseconds) =>
        _files[path] = _files[path] with { ModifiedSeconds = seconds, ModifiedNanoseconds = nanoseconds };

    /// <summary>Walks the closed folders, which have been opened meanwhile. What they were before stays recorded.</summary>
    public void Complete(CancellationToken cancellationToken)
    {
        string[] folders = [.. _closed];
        _closed.Clear();
        Walk(folders, cancellationToken);
    }

    private void Walk(IEnumerable<string> from, CancellationToken cancellationToken)
    {
        var folders = new Stack<string>(from);
        while (folders.TryPop(out var folder))
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                foreach (var path in Directory.EnumerateFileSystemEntries(Path.Combine(Root, folder), "*", Everything))
                {
                    var name = Path.GetFileName(path);
                    var relative = folder.Length == 0 ? name : $"{folder}/{name}";
                    var state = Posix.Stat(path) ?? throw NotUtf8(relative);
                    _files[relative] = state;
                    if (state.Type == FileState.Folder)
                        folders.Push(relative);
                }
            }
            catch (UnauthorizedAccessException)
            {
                _closed.Add(folder);
            }
        }
    }

    private static SealerException NotUtf8(string path) => new(
        "InvalidFileName",
        ErrorKind.InvalidContent,
        $"The file /{path} in the image has a name that is not UTF-8 (or went away meanwhile); it cannot be stored. Remove or rename it in the same RUN.",
        path);
}
