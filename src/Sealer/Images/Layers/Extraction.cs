namespace Sealer.Images.Layers;

/// <summary>
/// One extraction into a folder that was empty, or that an earlier one filled: makes what the layers say, where
/// <see cref="ExtractedTree"/> finds that it may be made.
/// </summary>
internal sealed class Extraction
{
    private const int SetIdBits = 0b110_000_000_000;
    private const int MaxWarnings = 100;

    private readonly string _root;
    private readonly ExtractOptions _options;
    private readonly ExtractedTree _tree;
    private readonly List<string> _warnings = [];
    private long _files;
    private long _bytes;
    private bool _attributesWarned;

    public Extraction(string root, ExtractOptions options)
    {
        _root = Path.GetFullPath(root);
        _options = options;
        _tree = new ExtractedTree(_root, options.Names);
    }

    /// <summary>Bytes written so far.</summary>
    public long Bytes => _bytes;

    /// <inheritdoc cref="ExtractedTree.Adopt"/>
    public void Adopt(CancellationToken cancellationToken) => _tree.Adopt(cancellationToken);

    /// <summary>Applies the next layer.</summary>
    public async Task ApplyAsync(LayerReader layer, Action<long> progress, CancellationToken cancellationToken)
    {
        _tree.Layer++;
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
        _tree.Finish();
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
                if (_tree.Find(entry.Path) is { } removed)
                    _tree.RemoveLower(removed);
                break;
            case LayerEntryKind.OpaqueFolder:
                if (_tree.Find(entry.Path) is { } emptied)
                    _tree.RemoveLowerChildren(emptied);
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
        var node = _tree.Folder(entry.Path, entry.Path, isEntry: true);
        node.Mode = Mode(entry);
        node.Modified = Time(entry);
        if (_options.Owners)
            Own(_tree.PathOf(node), entry);
    }

    private async ValueTask WriteFileAsync(LayerEntry entry, LayerReader layer, CancellationToken cancellationToken)
    {
        var path = _tree.Place(entry);
        long offset = 0;
        // CreateNew makes the file itself or fails; it opens nothing that is there, and no link.
        using var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        while (await layer.TakeAsync(cancellationToken).ConfigureAwait(false) is { IsEmpty: false } content)
        {
            RandomAccess.Write(file, content.Span, offset);
            offset += content.Length;
        }

        if (_options.Owners)
            Own(path, entry);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(file, (UnixFileMode)Mode(entry));
        File.SetLastWriteTimeUtc(file, Time(entry).UtcDateTime);
        _files++;
        _bytes += offset;
    }

    private void MakeSymbolicLink(LayerEntry entry)
    {
        var path = _tree.Place(entry);
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
            Own(path, entry);
        if (!OperatingSystem.IsWindows())
            File.SetLastWriteTimeUtc(path, Time(entry).UtcDateTime);
    }

    private void MakeHardLink(LayerEntry entry)
    {
        // Only to a file that this extraction made: not to what a link points at, and to nothing outside.
        var target = _tree.Find(entry.LinkTarget!);
        if (target is not { Kind: LayerEntryKind.File } || entry.LinkTarget == entry.Path)
            throw LayerErrors.Unsafe(entry.Path, $"it is a hard link to '{LayerErrors.Shown(entry.LinkTarget!)}', which is no file of the image");
        var parent = _tree.Folder(LayerPath.Parent(entry.LinkTarget!), entry.LinkTarget!);
        var source = Path.Combine(_tree.PathOf(parent), target.Name);
        var path = _tree.Place(entry, LayerEntryKind.File);
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

        var path = _tree.Place(entry);
        NativeFiles.Device(path, entry.Kind, entry.DeviceMajor, entry.DeviceMinor);
        if (_options.Owners)
            Own(path, entry);
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
            _tree.Hide(_tree.Folder(entry.Path, entry.Path));
        }
        else if (_tree.Find(entry.Path) is { } there)
        {
            if (there.Kind == LayerEntryKind.Folder)
                _tree.Hide(there);
        }
        else
        {
            NativeFiles.Device(_tree.Place(entry, LayerEntryKind.CharacterDevice), LayerEntryKind.CharacterDevice, 0, 0);
            _tree.Find(entry.Path)!.IsRemoval = true;
        }
    }

    // Windows knows no time before 1601, and no file of an image is as old as Unix.
    private static DateTimeOffset Time(LayerEntry entry) =>
        entry.Modified < DateTimeOffset.UnixEpoch ? DateTimeOffset.UnixEpoch : entry.Modified;

    private int Mode(LayerEntry entry) => _options.SetId ? entry.Mode : entry.Mode & ~SetIdBits;

    private void Warn(string message)
    {
        if (_warnings.Count < MaxWarnings)
            _warnings.Add(message);
    }

    private static void Own(string path, LayerEntry entry)
    {
        // The last number means "leave it as it is" to the kernel.
        if (entry.Uid is < 0 or >= uint.MaxValue || entry.Gid is < 0 or >= uint.MaxValue)
            throw LayerErrors.Invalid($"'{LayerErrors.Shown(entry.Path)}' belongs to the user {entry.Uid} and the group {entry.Gid}, which cannot be");
        NativeFiles.Owner(path, (uint)entry.Uid, (uint)entry.Gid);
    }
}
