using Sealer.Images.Layers;
using Sealer.Images.Storage;

namespace Sealer.Images.Building;

/// <summary>
/// The rootfs as it is after some layers of the image being built: the parent's files below, our layers above. Files of
/// our own layers are read where they come from, so that nothing is unpacked to look at them.
/// </summary>
internal sealed class RootfsTree : IFileTree
{
    private const int MaxLinks = 40;

    private readonly Dictionary<string, Node> _nodes = new(StringComparer.Ordinal);
    private List<FileTreeEntry>? _sorted;

    /// <summary>Begins with the files of the parent image.</summary>
    public void ApplyBase(ImageFileSystem files)
    {
        _sorted = null;
        foreach (var file in files.Files)
        {
            var path = file.Path;
            _nodes[path] = new Node(file.Kind, file.Size, file.Entry.LinkTarget, file.Kind == LayerEntryKind.File ? () => files.Open(path) : null, IsInherited: true);
        }
    }

    /// <summary>Lays a layer of the store over what is there.</summary>
    public async Task ApplyLayerAsync(ImageStore store, Descriptor layer, CancellationToken cancellationToken)
    {
        var files = await ImageFileSystem.LoadAsync(store, [layer], cancellationToken).ConfigureAwait(false);
        Apply(
            files.Layers[0].Entries.Select(entry => new LayerEntry
            {
                Path = entry.Path,
                Kind = entry.Kind,
                Mode = entry.Mode,
                Size = entry.Size,
                LinkTarget = entry.LinkTarget,
            }),
            files.Open);
    }

    /// <summary>Lays a layer over what is there.</summary>
    /// <param name="entries">Of one layer.</param>
    /// <param name="open">Opens a file by its path where an entry does not say itself how.</param>
    public void Apply(IEnumerable<LayerEntry> entries, Func<string, Stream>? open = null)
    {
        _sorted = null;
        var layer = entries.ToList();

        // What a layer removes is of the layers below it, wherever in the tar it stands.
        foreach (var entry in layer)
        {
            if (entry.Kind == LayerEntryKind.Whiteout)
                Remove(entry.Path, itself: true);
            else if (entry.Kind == LayerEntryKind.OpaqueFolder)
                Remove(entry.Path, itself: false);
        }

        foreach (var entry in layer)
        {
            if (entry.Kind is LayerEntryKind.Whiteout or LayerEntryKind.OpaqueFolder || entry.Path.Length == 0)
                continue;
            if (entry.Kind != LayerEntryKind.Folder && _nodes.TryGetValue(entry.Path, out var old) && old.Kind == LayerEntryKind.Folder)
                Remove(entry.Path, itself: true);
            var source = entry.Kind == LayerEntryKind.HardLink && _nodes.TryGetValue(entry.LinkTarget!, out var linked)
                ? linked
                : new Node(entry.Kind, entry.Size, entry.LinkTarget, Opener(entry, open));
            _nodes[entry.Path] = source;
            AddParents(entry.Path);
        }
    }

    /// <inheritdoc/>
    public IEnumerable<FileTreeEntry> List(string folder)
    {
        _sorted ??= [.. _nodes.Select(pair => Describe(pair.Key, pair.Value)).OrderBy(entry => entry.Path, StringComparer.Ordinal)];
        var prefix = folder.Length == 0 ? "" : folder + "/";
        return _sorted.Where(entry => entry.Path.StartsWith(prefix, StringComparison.Ordinal));
    }

    /// <inheritdoc/>
    public FileTreeEntry? Find(string path)
    {
        if (path.Length == 0)
            return new FileTreeEntry("", FileTreeEntryKind.Folder, 0);
        return _nodes.TryGetValue(path, out var node) ? Describe(path, node) : null;
    }

    /// <inheritdoc/>
    public Stream Open(string path) =>
        _nodes.TryGetValue(path, out var node) && node.Open is { } open
            ? open()
            : throw new FileNotFoundException($"There is no file '{path}' in the rootfs.", path);

    /// <summary>True of a file that is still the parent image's.</summary>
    public bool IsInherited(string path) => _nodes.TryGetValue(path, out var node) && node.IsInherited;

    /// <summary>True where the path, links followed, is a folder.</summary>
    public bool IsFolder(string path)
    {
        var resolved = Resolve(path);
        return resolved.Length == 0 || (_nodes.TryGetValue(resolved, out var node) && node.Kind == LayerEntryKind.Folder);
    }

    /// <summary>The path with every link in it replaced by what it points at; what is not there yet stays as it is.</summary>
    /// <exception cref="SealerException"><c>LinkLoop</c>.</exception>
    public string Resolve(string path)
    {
        var done = new List<string>();
        var open = new Stack<string>(Enumerable.Reverse(path.Split('/', StringSplitOptions.RemoveEmptyEntries)));
        var links = 0;
        while (open.TryPop(out var part))
        {
            if (part == ".")
                continue;
            if (part == "..")
            {
                // As in a chroot: above the root is the root.
                if (done.Count > 0)
                    done.RemoveAt(done.Count - 1);
                continue;
            }

            done.Add(part);
            if (!_nodes.TryGetValue(string.Join('/', done), out var node) || node.Kind != LayerEntryKind.SymbolicLink)
                continue;
            if (++links > MaxLinks)
            {
                throw new SealerException(
                    "LinkLoop",
                    ErrorKind.InvalidInput,
                    $"The links of '{path}' in the image go round in a circle.",
                    path);
            }

            var target = node.LinkTarget ?? "";
            if (target.StartsWith('/'))
                done.Clear();
            else
                done.RemoveAt(done.Count - 1);
            foreach (var piece in Enumerable.Reverse(target.Split('/', StringSplitOptions.RemoveEmptyEntries)))
                open.Push(piece);
        }

        return string.Join('/', done);
    }

    private void AddParents(string path)
    {
        for (var parent = LayerPath.Parent(path); parent.Length > 0; parent = LayerPath.Parent(parent))
        {
            if (_nodes.TryGetValue(parent, out var node) && node.Kind is LayerEntryKind.Folder)
                return;
            _nodes[parent] = new Node(LayerEntryKind.Folder, 0, null, null);
        }
    }

    private void Remove(string path, bool itself)
    {
        var prefix = path.Length == 0 ? "" : path + "/";
        foreach (var below in _nodes.Keys.Where(key => key.StartsWith(prefix, StringComparison.Ordinal)).ToList())
            _nodes.Remove(below);
        if (itself)
            _nodes.Remove(path);
    }

    private static Func<Stream>? Opener(LayerEntry entry, Func<string, Stream>? open)
    {
        if (entry.Kind is not (LayerEntryKind.File or LayerEntryKind.HardLink))
            return null;
        if (entry.LocalFile is { } file)
            return () => File.OpenRead(file);
        if (entry.Open is { } own)
            return own;
        var path = entry.Path;
        return open is null ? null : () => open(path);
    }

    private static FileTreeEntry Describe(string path, Node node) => new(
        path,
        node.Kind switch
        {
            LayerEntryKind.Folder => FileTreeEntryKind.Folder,
            LayerEntryKind.SymbolicLink => FileTreeEntryKind.SymbolicLink,
            _ => FileTreeEntryKind.File,
        },
        node.Size);

    private sealed record Node(LayerEntryKind Kind, long Size, string? LinkTarget, Func<Stream>? Open, bool IsInherited = false);
}
