namespace Sealer.Images.Building.Running;

/// <summary>
/// The files and folders that must be in a root folder for something to be mounted on them. Those that were not there are
/// taken away again, so that they are no part of the image.
/// </summary>
internal sealed class MountPoints
{
    private readonly string _root;
    private readonly Stack<string> _made = new();

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
            _made.Push(path);
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
                _made.Push(at);
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
            _made.Push(at);
        }
        else if (file.Value.Type != FileState.File)
        {
            return null;
        }

        return "/" + resolved;
    }

    /// <summary>Takes away what was made and is still empty.</summary>
    public void Remove()
    {
        while (_made.TryPop(out var path))
        {
            var state = Posix.Stat(path);
            if (state is { Type: FileState.File, Size: 0 })
                System.IO.File.Delete(path);
            else if (state is { Type: FileState.Folder } && !Directory.EnumerateFileSystemEntries(path).Any())
                Directory.Delete(path);
        }
    }
}
