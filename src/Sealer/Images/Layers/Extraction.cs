namespace Sealer.Images.Layers;

/// <summary>
/// One extraction into a folder that was empty, or that an earlier one filled. Keeps account of everything it made, and goes only through folders that it
/// made itself and that still are folders; what it finds and did not make, it does not touch. So no link, whoever made
/// it, is ever written through.
/// </summary>
internal sealed class Extraction
{
    private const int SetIdBits = 0b110_000_000_000;
    private const int MaxWarnings = 100;
    private static readonly EnumerationOptions Everything = new() { AttributesToSkip = 0, IgnoreInaccessible = false };

    private readonly string _root;
    private readonly ExtractOptions _options;
    private readonly ExtractedNode _top = new("", null, LayerEntryKind.Folder);
    private readonly List<string> _warnings = [];
    private ExtractedNode? _checked;
    private int _layer;
    private long _files;
    private long _bytes;
    private bool _attributesWarned;

    public Extraction(string root, ExtractOptions options)
    {
        _root = Path.GetFullPath(root);
        _options = options;
    }

    /// <summary>Bytes written so far.</summary>
    public long Bytes => _bytes;

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
                folder.Children[_options.Names.Fold(info.Name)] = node;
                if (kind != LayerEntryKind.Folder)
                    continue;
                node.Mode = OperatingSystem.IsWindows() ? null : (int)info.UnixFileMode;
                node.Modified = info.LastWriteTimeUtc;
                open.Push(node);
            }
        }
    }

    /// <summary>Applies the next layer.</summary>
    public async Task ApplyAsync(LayerReader layer, Action<long> progress, CancellationToken cancellationToken)
    {
        _layer++;
        while (await layer.NextAsync(cancellationToken).ConfigureAwait(false) is { } entry)
        {
            try
            {
                await ApplyAsync(entry, layer, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (DiskSpace.IsFull(e))
            {
                throw DiskSpace.Full(_root, null, e);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new SealerException(
                    "ExtractFailed",
                    ErrorKind.ResourceUnavailable,
                    $"'{LayerErrors.Shown(entry.Path)}' of the image cannot be written to '{_root}': {e.Message}",
                    entry.Path,
                    e);
            }

            progress(_bytes);
        }
    }

    /// <summary>Gives folders their modes and times, which writing into them would have changed.</summary>
    public ExtractReport Finish()
    {
        FinishFolder(_top, _root);
        return new ExtractReport(_files, _bytes, _warnings);
    }

    private async ValueTask ApplyAsync(LayerEntry entry, LayerReader layer, CancellationToken cancellationToken)
    {
        if (entry.ExtendedAttributes is not null && !_attributesWarned)
        {
            _attributesWarned = true;
            Warn($"Extended attributes, as '{LayerErrors.Shown(entry.Path)}' has them, are not kept.");
        }

        switch (entry.Kind)
        {
            case LayerEntryKind.Whiteout or LayerEntryKind.OpaqueFolder when _options.OverlayRemovals:
                KeepRemoval(entry);
                break;
            case LayerEntryKind.Whiteout:
                if (Find(entry.Path) is { } removed)
                    RemoveLower(removed);
                break;
            case LayerEntryKind.OpaqueFolder:
                if (Find(entry.Path) is { } emptied)
                    RemoveLowerChildren(emptied);
                break;
            case LayerEntryKind.Folder:
                MakeFolder(entry);
                break;
            case LayerEntryKind.File:
                await WriteFileAsync(entry, layer, cancellationToken).ConfigureAwait(false);
                break;
            case LayerEntryKind.SymbolicLink:
                MakeSymbolicLink(entry);
                break;
            case LayerEntryKind.HardLink:
                MakeHardLink(entry);
                break;
            default:
                MakeDevice(entry);
                break;
        }
    }

    private void MakeFolder(LayerEntry entry)
    {
        var node = Folder(entry.Path, entry.Path, isEntry: true);
        node.Mode = Mode(entry);
        node.Modified = Time(entry);
        if (_options.Owners)
            NativeFiles.Owner(PathOf(node), entry.Uid, entry.Gid);
    }

    private async ValueTask WriteFileAsync(LayerEntry entry, LayerReader layer, CancellationToken cancellationToken)
    {
        var path = Place(entry);
        long offset = 0;
        // CreateNew makes the file itself or fails; it opens nothing that is there, and no link.
        using var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        while (await layer.TakeAsync(cancellationToken).ConfigureAwait(false) is { IsEmpty: false } content)
        {
            RandomAccess.Write(file, content.Span, offset);
            offset += content.Length;
        }

        if (_options.Owners)
            NativeFiles.Owner(path, entry.Uid, entry.Gid);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(file, (UnixFileMode)Mode(entry));
        File.SetLastWriteTimeUtc(file, Time(entry).UtcDateTime);
        _files++;
        _bytes += offset;
    }

    private void MakeSymbolicLink(LayerEntry entry)
    {
        var path = Place(entry);
        try
        {
            File.CreateSymbolicLink(path, OperatingSystem.IsWindows() ? entry.LinkTarget!.Replace('/', '\\') : entry.LinkTarget!);
        }
        catch (Exception e) when (OperatingSystem.IsWindows() && e is IOException or UnauthorizedAccessException)
        {
            Warn($"The symbolic link '{LayerErrors.Shown(entry.Path)}' was left out, because Windows lets you make none: {e.Message} Turn on developer mode, or run as administrator.");
            return;
        }

        if (_options.Owners)
            NativeFiles.Owner(path, entry.Uid, entry.Gid);
        if (!OperatingSystem.IsWindows())
            File.SetLastWriteTimeUtc(path, Time(entry).UtcDateTime);
    }

    private void MakeHardLink(LayerEntry entry)
    {
        // Only to a file that this extraction made: not to what a link points at, and to nothing outside.
        var target = Find(entry.LinkTarget!);
        if (target is not { Kind: LayerEntryKind.File } || entry.LinkTarget == entry.Path)
            throw LayerErrors.Unsafe(entry.Path, $"it is a hard link to '{LayerErrors.Shown(entry.LinkTarget!)}', which is no file of the image");
        var parent = Folder(LayerPath.Parent(entry.LinkTarget!), entry.LinkTarget!);
        var source = Path.Combine(PathOf(parent), target.Name);
        var path = Place(entry, LayerEntryKind.File);
        NativeFiles.HardLink(source, path);
        _files++;
    }

    private void MakeDevice(LayerEntry entry)
    {
        if (!_options.Devices || !OperatingSystem.IsLinux())
        {
            throw new SealerException(
                "DeviceRefused",
                ErrorKind.InvalidContent,
                $"The layer is refused because '{LayerErrors.Shown(entry.Path)}' is a device or a named pipe, which a cluster image has no use for. Do not trust this image.",
                LayerErrors.Shown(entry.Path));
        }

        var path = Place(entry);
        NativeFiles.Device(path, entry.Kind, entry.DeviceMajor, entry.DeviceMinor);
        if (_options.Owners)
            NativeFiles.Owner(path, entry.Uid, entry.Gid);
        File.SetUnixFileMode(path, (UnixFileMode)Mode(entry));
    }

    /// <summary>
    /// A removal as overlayfs has it: a character device 0/0; of a folder that the layer itself has again, the mark that
    /// nothing of it is looked for below.
    /// </summary>
    private void KeepRemoval(LayerEntry entry)
    {
        if (entry.Kind == LayerEntryKind.OpaqueFolder)
        {
            Hide(Folder(entry.Path, entry.Path));
        }
        else if (Find(entry.Path) is { } there)
        {
            if (there.Kind == LayerEntryKind.Folder)
                Hide(there);
        }
        else
        {
            NativeFiles.Device(Place(entry, LayerEntryKind.CharacterDevice), LayerEntryKind.CharacterDevice, 0, 0);
            Find(entry.Path)!.IsRemoval = true;
        }
    }

    private void Hide(ExtractedNode folder) => NativeFiles.Attribute(PathOf(folder), "trusted.overlay.opaque", "y"u8.ToArray());

    // Windows knows no time before 1601, and no file of an image is as old as Unix.
    private static DateTimeOffset Time(LayerEntry entry) =>
        entry.Modified < DateTimeOffset.UnixEpoch ? DateTimeOffset.UnixEpoch : entry.Modified;

    private int Mode(LayerEntry entry) => _options.SetId ? entry.Mode : entry.Mode & ~SetIdBits;

    /// <summary>Where an entry that is no folder goes: its folder is there, and what was in its place is gone.</summary>
    private string Place(LayerEntry entry, LayerEntryKind? kind = null)
    {
        var name = entry.Path[(entry.Path.LastIndexOf('/') + 1)..];
        if (entry.Path.Length == 0)
            throw LayerErrors.Unsafe("/", "the root of an image is a folder");
        var parent = Folder(LayerPath.Parent(entry.Path), entry.Path);
        if (Child(parent, name, entry.Path) is { } before)
        {
            if (before.Layer == _layer && before.Children.Values.Any(c => c.Layer == _layer))
                throw LayerErrors.Unsafe(entry.Path, "it would take the place of a folder of the same layer");
            Delete(before);
        }

        var path = Path.Combine(PathOf(parent), name);
        CheckFree(path, entry.Path);
        parent.Children[_options.Names.Fold(name)] = new ExtractedNode(name, parent, kind ?? entry.Kind) { Layer = _layer };
        return path;
    }

    /// <summary>The folder at a path, made where it is missing; every folder above it is proved to be one.</summary>
    private ExtractedNode Folder(string path, string entry, bool isEntry = false)
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
                if (child.Layer == _layer && !removed && !(isEntry && i == parts.Length - 1))
                    throw LayerErrors.Unsafe(entry, $"'{LayerErrors.Shown(parts[i])}' above it is no folder");
                Delete(child);
                child = null;
            }

            node = child ?? AddFolder(node, parts[i], entry);
            node.Layer = _layer;
            if (removed)
                Hide(node);
        }

        CheckReal(node, entry);
        return node;
    }

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
        parent.Children[_options.Names.Fold(name)] = node;
        return node;
    }

    private ExtractedNode? Child(ExtractedNode folder, string name, string entry)
    {
        if (_options.Names.WhyNot(name) is { } why)
            throw LayerErrors.Unsafe(entry, why);
        var child = folder.Children.GetValueOrDefault(_options.Names.Fold(name));
        return child is null || child.Name == name ? child : throw Collides(entry, child.Name);
    }

    private ExtractedNode? Find(string path)
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
    private void RemoveLower(ExtractedNode node)
    {
        if (node.Layer != _layer)
            Delete(node);
        else
            RemoveLowerChildren(node);
    }

    private void RemoveLowerChildren(ExtractedNode node)
    {
        foreach (var child in node.Children.Values.ToList())
            RemoveLower(child);
    }

    private void Delete(ExtractedNode node)
    {
        CheckReal(node.Parent!, PathOf(node));
        _checked = null;
        FolderRemoval.Delete(PathOf(node));
        node.Parent!.Children.Remove(_options.Names.Fold(node.Name));
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

    private string PathOf(ExtractedNode node)
    {
        if (node.Parent is null)
            return _root;
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

    private void Warn(string message)
    {
        if (_warnings.Count < MaxWarnings)
            _warnings.Add(message);
    }
}
