namespace Sealer;

/// <summary>What the file system says of one file; two equal states mean that nothing was changed.</summary>
internal readonly record struct FileState(
    ushort RawMode,
    uint Uid,
    uint Gid,
    long Size,
    uint Links,
    ulong Device,
    ulong Inode,
    uint RealDeviceMajor,
    uint RealDeviceMinor,
    long ModifiedSeconds,
    uint ModifiedNanoseconds,
    long ChangedSeconds,
    uint ChangedNanoseconds)
{
    public const int TypeMask = 0xF000;
    public const int Fifo = 0x1000;
    public const int CharacterDevice = 0x2000;
    public const int Folder = 0x4000;
    public const int BlockDevice = 0x6000;
    public const int File = 0x8000;
    public const int SymbolicLink = 0xA000;
    public const int Socket = 0xC000;

    public int Type => RawMode & TypeMask;

    public int Mode => RawMode & 0xFFF;

    public DateTimeOffset Modified => DateTimeOffset.FromUnixTimeSeconds(ModifiedSeconds);

    /// <summary>
    /// True where a layer has to say it anew. A folder's times change with what is in it, so that only its owner and mode
    /// count; of all else the time of change counts too, because programs put back the time of modification.
    /// </summary>
    public bool DiffersFrom(FileState before) => Type == Folder
        ? before.Type != Folder || before.Mode != Mode || before.Uid != Uid || before.Gid != Gid
        : this != before;
}
