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
            _nodes[path] = new Node(
                file.Kind, file.Size, file.Entry.LinkTarget, null, file.Kind == LayerEntryKind.File ? new Packed(files, path) : null, IsInherited: true);
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
            files);
    }

    /// <summary>Lays a layer over what is there.</summary>
    /// <param name="entries">Of one layer.</param>
    /// <param name="files">Has the files by their paths where an entry does not say itself how it is opened.</param>
    public void Apply(IEnumerable<LayerEntry> entries, IFileTree? files = null)
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
                : NodeOf(entry, files);
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
    public Stream Open(string path) => NodeAt(path) is { Packed: { } packed } ? packed.Files.Open(packed.Path) : NodeAt(path).Open!();

    /// <inheritdoc/>
    public async Task ReadFilesAsync(
        IEnumerable<string> paths, Func<string, Stream, CancellationToken, Task> read, CancellationToken cancellationToken)
    {
        // Hard links are several paths of one packed file, and a pass gives each file once.
        var all = paths.Distinct(StringComparer.Ordinal).Select(path => (Path: path, NodeAt(path).Packed)).ToList();
        var packed = all.Where(file => file.Packed is not null).DistinctBy(file => file.Packed).ToList();
        foreach (var tree in packed.GroupBy(file => file.Packed!.Files))
        {
            var here = tree.ToDictionary(file => file.Packed!.Path, file => file.Path, StringComparer.Ordinal);
            await tree.Key.ReadFilesAsync(here.Keys, (path, content, token) => read(here[path], content, token), cancellationToken)
                .ConfigureAwait(false);
        }

        foreach (var (path, _) in all.Except(packed))
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var content = Open(path);
            await read(path, content, cancellationToken).ConfigureAwait(false);
        }
    }

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
            _nodes[parent] = new Node(LayerEntryKind.Folder, 0, null, null, null);
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

    private Node NodeAt(string path) => _nodes.TryGetValue(path, out var node) && (node.Open is not null || node.Packed is not null)
        ? node
        : throw new FileNotFoundException($"There is no file '{path}' in the rootfs.", path);

    private static Node NodeOf(LayerEntry entry, IFileTree? files)
    {
        var node = new Node(entry.Kind, entry.Size, entry.LinkTarget, null, null);
        if (entry.Kind is not (LayerEntryKind.File or LayerEntryKind.HardLink))
            return node;
        if (entry.LocalFile is { } file)
            return node with { Open = () => File.OpenRead(file) };
        return entry.Open is null && files is not null ? node with { Packed = new Packed(files, entry.Path) } : node with { Open = entry.Open };
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

    /// <summary>A file has one of both: how it is opened, or the layer of the store that it lies in.</summary>
    private sealed record Node(LayerEntryKind Kind, long Size, string? LinkTarget, Func<Stream>? Open, Packed? Packed, bool IsInherited = false);

    private sealed record Packed(IFileTree Files, string Path);
}
