using Sealer.Images.Layers;
using Sealer.Kubefiles;
using Sealer.Kubefiles.Syntax;

namespace Sealer.Images.Building;

/// <summary>
/// Where copied files lie in the rootfs, by Docker's rules: a folder's content is copied and not itself, a destination that
/// ends in a slash or is a folder takes files by their names, missing folders are made, and what is a folder in the image
/// already stays as it is. Makes the entries of one layer.
/// </summary>
internal sealed class CopyLayout(RootfsTree tree)
{
    private readonly Dictionary<string, LayerEntry> _entries = new(StringComparer.Ordinal);
    private readonly HashSet<string> _timed = new(StringComparer.Ordinal);

    /// <summary>Adds sources of one instruction.</summary>
    /// <exception cref="SealerException"><c>InvalidDestination</c>, with the reason.</exception>
    public void Add(IReadOnlyList<SourceItem> items, string destination, FileOwner? owner = null, int? mode = null)
    {
        var path = Clean(destination);
        var isFolder = path.Length == 0
            || destination.EndsWith('/')
            || destination.EndsWith("/.", StringComparison.Ordinal)
            || IsFolder(path)
            || (Vocabulary.RootfsFolders.Contains(path) && !items.Any(item => item.IsFolder));
        if (items.Count > 1 && !isFolder)
            throw Invalid($"several files are copied, so that the destination must be a folder; write '{destination}/'", destination);
        foreach (var item in items)
        {
            if (item.IsFolder)
                AddFolder(item, path, owner, mode);
            else
                AddFile(item, isFolder ? LayerPath.Join(path, item.Name) : path, owner, mode);
        }
    }

    /// <summary>The entries, sorted by path.</summary>
    public IReadOnlyList<LayerEntry> Build()
    {
        // A folder's time changes with every file that comes and goes in it, copied or not; the newest file that lies in it
        // here is the same wherever and whenever the image is built.
        var newest = new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal);
        var newestOfAll = DateTimeOffset.MinValue;
        foreach (var entry in _entries.Values.Where(entry => entry.Kind != LayerEntryKind.Folder))
        {
            newestOfAll = entry.Modified > newestOfAll ? entry.Modified : newestOfAll;
            for (var parent = LayerPath.Parent(entry.Path); parent.Length > 0; parent = LayerPath.Parent(parent))
            {
                if (newest.TryGetValue(parent, out var time) && time >= entry.Modified)
                    break;
                newest[parent] = entry.Modified;
            }
        }

        return
        [
            .. _entries.Values
                .OrderBy(entry => entry.Path, StringComparer.Ordinal)
                .Select(entry => entry.Kind != LayerEntryKind.Folder || _timed.Contains(entry.Path)
                    ? entry
                    : entry with
                    {
                        Modified = newest.TryGetValue(entry.Path, out var time) ? time
                            : newestOfAll > DateTimeOffset.MinValue ? newestOfAll
                            : entry.Modified,
                    }),
        ];
    }

    private void AddFolder(SourceItem item, string path, FileOwner? owner, int? mode)
    {
        var root = tree.Resolve(path);
        if (tree.Find(root) is { Kind: not FileTreeEntryKind.Folder })
            throw Invalid($"'{path}' is a file in the image, and a folder is copied there", path);

        // The folder itself is not copied: where its content goes is made like any other folder that is missing.
        AddParents(LayerPath.Join(root, "x"), owner);
        foreach (var entry in item.Entries.Where(entry => entry.RelativePath.Length > 0))
        {
            var target = LayerPath.Join(root, entry.RelativePath);
            if (entry.Kind == LayerEntryKind.Folder)
            {
                // A link to a folder in the image is followed and what is a folder there keeps its mode, as in Docker.
                if (!tree.IsFolder(target))
                    Put(target, entry, item, owner, mode);
                continue;
            }

            AddParents(target, owner);
            Put(target, entry, item, owner, mode);
        }
    }

    private void AddFile(SourceItem item, string path, FileOwner? owner, int? mode)
    {
        AddParents(path, owner);
        Put(path, item.Entries[0], item, owner, mode);
    }

    private void Put(string path, SourceEntry source, SourceItem item, FileOwner? owner, int? mode)
    {
        var parent = tree.Resolve(LayerPath.Parent(path));
        var target = LayerPath.Join(parent, path[(path.LastIndexOf('/') + 1)..]);
        var isFolder = source.Kind == LayerEntryKind.Folder;
        var wasFolder = _entries.TryGetValue(target, out var earlier) ? earlier.Kind == LayerEntryKind.Folder
            : tree.Find(target)?.Kind == FileTreeEntryKind.Folder;
        if (!isFolder && wasFolder)
            throw Invalid($"'{target}' is a folder already, and a file is copied there", target);
        if (isFolder && earlier is not null && !wasFolder)
            throw Invalid($"'{target}' is a file already, and a folder is copied there", target);
        if (item.KeepsOwners && isFolder)
            _timed.Add(target);
        _entries[target] = new LayerEntry
        {
            Path = target,
            Kind = source.Kind,
            Mode = source.Kind == LayerEntryKind.SymbolicLink || item.KeepsOwners ? source.Mode : mode ?? source.Mode,
            Uid = item.KeepsOwners ? source.Uid : owner?.Uid ?? source.Uid,
            Gid = item.KeepsOwners ? source.Gid : owner?.Gid ?? source.Gid,
            Modified = source.Modified,
            Size = source.Size,
            LinkTarget = source.LinkTarget,
            LocalFile = source.LocalFile,
            Open = source.Open,
        };
    }

    // Folders that neither the image nor this layer has.
    private void AddParents(string path, FileOwner? owner)
    {
        for (var parent = LayerPath.Parent(path); parent.Length > 0; parent = LayerPath.Parent(parent))
        {
            if (tree.IsFolder(parent))
                return;
            var resolved = tree.Resolve(parent);
            if (_entries.TryGetValue(resolved, out var earlier))
            {
                if (earlier.Kind != LayerEntryKind.Folder)
                    throw Invalid($"'{resolved}' is a file already, and something is copied below it", resolved);
                continue;
            }

            if (tree.Find(resolved) is not null)
                throw Invalid($"'{resolved}' is a file in the image, and something is copied below it", resolved);
            _entries[resolved] = new LayerEntry
            {
                Path = resolved,
                Kind = LayerEntryKind.Folder,
                Mode = FileModes.Folder,
                Uid = owner?.Uid ?? 0,
                Gid = owner?.Gid ?? 0,
            };
        }
    }

    private bool IsFolder(string path) =>
        tree.IsFolder(path) || (_entries.TryGetValue(tree.Resolve(path), out var entry) && entry.Kind == LayerEntryKind.Folder);

    private static string Clean(string destination)
    {
        var depth = 0;
        foreach (var part in destination.Split('/'))
        {
            if (part is "" or ".")
                continue;
            depth += part == ".." ? -1 : 1;
            if (depth < 0)
                throw Invalid($"the destination '{destination}' leads out of the rootfs", destination);
        }

        var clean = PathPattern.Clean(destination).TrimStart('/');
        return clean == "." ? "" : clean;
    }

    private static SealerException Invalid(string message, string target) =>
        new("InvalidDestination", ErrorKind.InvalidInput, message, target);
}
