namespace Sealer.Images.Building.Running;

/// <summary>
/// The files and folders that must be in a root folder for something to be mounted on them. Those that were not there are
/// taken away again, so that they are no part of the image.
/// </summary>
internal sealed class MountPoints
{
    private readonly string _root;
    private readonly Stack<(string Path, FileState State)> _made = new();

    public MountPoints(string root) => _root = root;

    /// <summary>Makes sure of a folder directly in the root.</summary>
    /// <exception cref="SealerException"><c>RunNotSupported</c>: something else has its name.</exception>
    public void Folder(string name)
    {
        var path = Path.Combine(_root, name);
        var state = Posix.Stat(path);
        if (state is null)
        {
            Directory.CreateDirectory(path);
            Made(path);
        }
        else if (state.Value.Type != FileState.Folder)
        {
            throw new SealerException(
                "RunNotSupported",
                ErrorKind.InvalidInput,
                $"RUN needs the folder /{name} in the image, and something else is there under that name. Remove it from the image.",
                path);
        }
    }

    /// <summary>Makes sure of a file; returns its path inside without links, or null where none can be there.</summary>
    public string? File(string path)
    {
        var resolved = RootPath.Resolve(_root, path);
        if (string.IsNullOrEmpty(resolved))
            return null;
        var at = _root;
        var parts = resolved.Split('/');
        foreach (var part in parts[..^1])
        {
            at = Path.Combine(at, part);
            var state = Posix.Stat(at);
            if (state is null)
            {
                Directory.CreateDirectory(at);
                Made(at);
            }
            else if (state.Value.Type != FileState.Folder)
            {
                return null;
            }
        }

        at = Path.Combine(at, parts[^1]);
        var file = Posix.Stat(at);
        if (file is null)
        {
            System.IO.File.Create(at).Dispose();
            Made(at);
        }
        else if (file.Value.Type != FileState.File)
        {
            return null;
        }

        return "/" + resolved;
    }

    /// <summary>
    /// Takes away what was made and is still empty; no longer what the container has put something else in the place of, or a
    /// link in its way: that may lead to files of this machine.
    /// </summary>
    public void Remove()
    {
        while (_made.TryPop(out var made))
        {
            try
            {
                if (IsBelowFoldersAlone(made.Path) && Posix.Stat(made.Path) is { } state && IsSame(state, made.State))
                    RemoveEmpty(made.Path, state);
            }
            catch (UnauthorizedAccessException)
            {
                // The command has closed a folder to us; what is in there is the image's now.
            }
        }
    }

    private static bool IsSame(FileState one, FileState other) =>
        (one.Type, one.Device, one.Inode) == (other.Type, other.Device, other.Inode);

    private static void RemoveEmpty(string path, FileState state)
    {
        if (state is { Type: FileState.File, Size: 0 })
            System.IO.File.Delete(path);
        else if (state is { Type: FileState.Folder } && !Directory.EnumerateFileSystemEntries(path).Any())
            Directory.Delete(path);
    }

    private void Made(string path) =>
        _made.Push((path, Posix.Stat(path) ?? throw new DirectoryNotFoundException(path)));

    private bool IsBelowFoldersAlone(string path)
    {
        // From the root on: what is asked about must not itself be behind a link.
        var at = _root;
        foreach (var part in Path.GetRelativePath(_root, path).Split('/')[..^1])
        {
            at = Path.Combine(at, part);
            if (Posix.Stat(at) is not { Type: FileState.Folder })
                return false;
        }

        return true;
    }
}
