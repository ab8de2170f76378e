namespace Sealer.Images.Layers;

/// <summary>What an entry of a layer is.</summary>
public enum LayerEntryKind
{
    /// <summary>A regular file.</summary>
    File,

    /// <summary>A folder.</summary>
    Folder,

    /// <summary>A symbolic link; <see cref="LayerEntry.LinkTarget"/> may say anything.</summary>
    SymbolicLink,

    /// <summary>Another name of a file of the same layer; <see cref="LayerEntry.LinkTarget"/> is that file's path.</summary>
    HardLink,

    /// <summary>A character device.</summary>
    CharacterDevice,

    /// <summary>A block device.</summary>
    BlockDevice,

    /// <summary>A named pipe.</summary>
    Fifo,

    /// <summary>Removes <see cref="LayerEntry.Path"/> of the layers below (in the tar: <c>.wh.name</c>).</summary>
    Whiteout,

    /// <summary>Removes what the layers below have inside the folder <see cref="LayerEntry.Path"/> (in the tar: <c>.wh..wh..opq</c>).</summary>
    OpaqueFolder,
}

/// <summary>One file, folder, link or removal of a layer, to be written or as it was read.</summary>
public sealed record LayerEntry
{
    /// <summary>
    /// Relative to the root of the image, parts separated by <c>/</c>, no leading or trailing slash, no <c>.</c> or
    /// <c>..</c>; <c>""</c> is the root folder. Of a whiteout it is the path that is removed.
    /// </summary>
    public required string Path { get; init; }

    /// <summary>What it is.</summary>
    public required LayerEntryKind Kind { get; init; }

    /// <summary>Permission bits with setuid, setgid and sticky: 0 to 07777 (octal).</summary>
    public int Mode { get; init; } = 0b110_100_100;

    /// <summary>The owner's number.</summary>
    public long Uid { get; init; }

    /// <summary>The group's number.</summary>
    public long Gid { get; init; }

    /// <summary>When it was modified; written in whole seconds.</summary>
    public DateTimeOffset Modified { get; init; } = DateTimeOffset.UnixEpoch;

    /// <summary>Bytes of a file; 0 of everything else.</summary>
    public long Size { get; init; }

    /// <summary>Of a symbolic link what it points at, of a hard link the path of the file it is; else null.</summary>
    public string? LinkTarget { get; init; }

    /// <summary>Opens the content of a file that is to be written; may be called on any thread, once.</summary>
    public Func<Stream>? Open { get; init; }

    /// <summary>The content of a file that is to be written, as a file on this machine: read in parallel; preferred to <see cref="Open"/>.</summary>
    public string? LocalFile { get; init; }

    /// <summary>Of a device, its major number.</summary>
    public int DeviceMajor { get; init; }

    /// <summary>Of a device, its minor number.</summary>
    public int DeviceMinor { get; init; }

    /// <summary>Extended attributes by name (<c>security.capability</c>, <c>user.x</c>); null where there are none.</summary>
    public IReadOnlyDictionary<string, byte[]>? ExtendedAttributes { get; init; }
}
