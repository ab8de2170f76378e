namespace Sealer.Images.Layers;

/// <summary>
/// The account of an extraction: everything that it put into its folder, and nothing else. It goes only through folders that
/// it made itself and that still are folders; what it finds and did not make, it does not touch. So no link, whoever made it,
/// is ever written through.
/// </summary>
/// <param name="root">Full path of the folder.</param>
/// <param name="names">What the file system there makes of names.</param>
internal sealed class ExtractedTree(string root, TargetNames names)
{
    private static readonly EnumerationOptions Everything = new() { AttributesToSkip = 0, IgnoreInaccessible = false };

    private readonly ExtractedNode _top = new("", null, LayerEntryKind.Folder);
    private ExtractedNode? _checked;

    /// <summary>Number of the layer that is being extracted.</summary>
    public int Layer { get; set; }

    /// <summary>
    /// Takes what is in the folder for its own, links not followed: of an earlier extraction and of a program that has
    /// changed it since. Nobody may write there meanwhile.
    /// </summary>
    public void Adopt(CancellationToken cancellationToken)
    {
        var open = new Stack<ExtractedNode>([_top]);
        while (open.TryPop(out var folder))
        {
            cancellationToken.ThrowIfCancellationRequested();
            foreach (var info in new DirectoryInfo(PathOf(folder)).EnumerateFileSystemInfos("*", Everything))
            {
                var isLink = (info.Attributes & FileAttributes.ReparsePoint) != 0;
                var kind = isLink ? LayerEntryKind.SymbolicLink : info is DirectoryInfo ? LayerEntryKind.Folder : LayerEntryKind.File;
                var node = new ExtractedNode(info.Name, folder, kind);
                folder.Children[names.Fold(info.Name)] = node;
                if (kind != LayerEntryKind.Folder)
                    continue;
                node.Mode = OperatingSystem.IsWindows() ? null : (int)info.UnixFileMode;
                node.Modified = info.LastWriteTimeUtc;
                open.Push(node);
            }
        }
    }

    /// <summary>Where an entry that is no folder goes: its folder is there, and what was in its place is gone.</summary>
    public string Place(LayerEntry entry, LayerEntryKind? kind = null)
    {
        var name = entry.Path[(entry.Path.LastIndexOf('/') + 1)..];
        if (entry.Path.Length == 0)
            throw LayerErrors.Unsafe("/", "the root of an image is a folder");
        var parent = Folder(LayerPath.Parent(entry.Path), entry.Path);
        if (Child(parent, name, entry.Path) is { } before)
        {
            if (before.Layer == Layer && before.Children.Values.Any(c => c.Layer == Layer))
                throw LayerErrors.Unsafe(entry.Path, "it would take the place of a folder of the same layer");
            Delete(before);
        }

        var path = Path.Combine(PathOf(parent), name);
        CheckFree(path, entry.Path);
        parent.Children[names.Fold(name)] = new ExtractedNode(name, parent, kind ?? entry.Kind) { Layer = Layer };
        return path;
    }

    /// <summary>The folder at a path, made where it is missing; every folder above it is proved to be one.</summary>
    public ExtractedNode Folder(string path, string entry, bool isEntry = false)
    {
        var node = _top;
        var parts = path.Length == 0 ? [] : path.Split('/');
        for (var i = 0; i < parts.Length; i++)
        {
            var child = Child(node, parts[i], entry);
            var removed = child is { IsRemoval: true };
            if (child is not null && child.Kind != LayerEntryKind.Folder)
            {
                // An upper layer may have a folder where a lower one had a file or link, and a layer may name a path twice.
                // But what lies below a link of its own layer is an attempt to write where the link points.
                if (child.Layer == Layer && !removed && !(isEntry && i == parts.Length - 1))
                    throw LayerErrors.Unsafe(entry, $"'{LayerErrors.Shown(parts[i])}' above it is no folder");
                Delete(child);
                child = null;
            }

            node = child ?? AddFolder(node, parts[i], entry);
            node.Layer = Layer;
            if (removed)
                Hide(node);
        }

        CheckReal(node, entry);
        return node;
    }

    /// <summary>Marks a folder for overlayfs: nothing of it is looked for below.</summary>
    public void Hide(ExtractedNode folder) => NativeFiles.Attribute(PathOf(folder), "trusted.overlay.opaque", "y"u8.ToArray());

    /// <summary>Gives folders their modes and times, which writing into them would have changed.</summary>
    public void Finish() => FinishFolder(_top, root);

    private ExtractedNode AddFolder(ExtractedNode parent, string name, string entry)
    {
        var node = new ExtractedNode(name, parent, LayerEntryKind.Folder);
        var path = Path.Combine(PathOf(parent), name);
        CheckReal(parent, entry);
        CheckFree(path, entry);
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(path);
        else
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        parent.Children[names.Fold(name)] = node;
        return node;
    }

    private ExtractedNode? Child(ExtractedNode folder, string name, string entry)
    {
        if (names.WhyNot(name) is { } why)
            throw LayerErrors.Unsafe(entry, why);
        var child = folder.Children.GetValueOrDefault(names.Fold(name));
        return child is null || child.Name == name ? child : throw Collides(entry, child.Name);
    }

    public ExtractedNode? Find(string path)
    {
        var node = _top;
        foreach (var name in path.Length == 0 ? [] : path.Split('/'))
        {
            if (Child(node, name, path) is not { } child)
                return null;
            node = child;
        }

        return node;
    }

    /// <summary>Removes what the layers below put there; what this layer put there stays.</summary>
    public void RemoveLower(ExtractedNode node)
    {
        if (node.Layer != Layer)
            Delete(node);
        else
            RemoveLowerChildren(node);
    }

    public void RemoveLowerChildren(ExtractedNode node)
    {
        foreach (var child in node.Children.Values.ToList())
            RemoveLower(child);
    }

    private void Delete(ExtractedNode node)
    {
        CheckReal(node.Parent!, PathOf(node));
        _checked = null;
        FolderRemoval.Delete(PathOf(node));
        node.Parent!.Children.Remove(names.Fold(node.Name));
    }

    /// <summary>Proves that a folder and all above it still are the folders that were made, unless that was just done.</summary>
    private void CheckReal(ExtractedNode folder, string entry)
    {
        if (ReferenceEquals(folder, _checked))
            return;
        for (var at = folder; at.Parent is not null; at = at.Parent)
        {
            var info = new DirectoryInfo(PathOf(at));
            if (!info.Exists || info.LinkTarget is not null || (info.Attributes & FileAttributes.ReparsePoint) != 0)
                throw LayerErrors.Unsafe(entry, $"the folder '{LayerErrors.Shown(at.Name)}' was replaced while the image was extracted");
        }

        _checked = folder;
    }

    private void CheckFree(string path, string entry)
    {
        // Our account says nothing is there. If something is, this file system takes two names for one.
        var info = new FileInfo(path);
        if (info.Exists || info.LinkTarget is not null || Directory.Exists(path))
            throw Collides(entry, info.Name);
    }

    private static SealerException Collides(string entry, string other) => new(
        "LayerNameCollision",
        ErrorKind.InvalidContent,
        $"'{LayerErrors.Shown(entry)}' of the image cannot be extracted here: to this file system its name is the same as that of '{LayerErrors.Shown(other)}'. Extract it on Linux.",
        LayerErrors.Shown(entry));

    public string PathOf(ExtractedNode node)
    {
        if (node.Parent is null)
            return root;
        return Path.Combine(PathOf(node.Parent), node.Name);
    }

    private void FinishFolder(ExtractedNode folder, string path)
    {
        foreach (var child in folder.Children.Values)
        {
            if (child.Kind == LayerEntryKind.Folder)
                FinishFolder(child, Path.Combine(path, child.Name));
        }

        if (!OperatingSystem.IsWindows() && (folder.Mode is not null || folder.Parent is not null))
            File.SetUnixFileMode(path, (UnixFileMode)(folder.Mode ?? 0b111_101_101));
        if (folder.Mode is not null)
            Directory.SetLastWriteTimeUtc(path, folder.Modified.UtcDateTime);
    }
}
