namespace Sealer.Images.Building;

/// <summary>Permission bits that are the same wherever the context was checked out.</summary>
internal static class FileModes
{
    public const int Folder = 0b111_101_101;
    public const int Program = 0b111_101_101;
    public const int Data = 0b110_100_100;
    private const int GroupWrite = 0b000_010_000;

    public static int Of(FileSystemInfo info)
    {
        if (!OperatingSystem.IsWindows())
            return Normal((int)info.UnixFileMode);
        if (info is DirectoryInfo)
            return Folder;
        return IsProgram(info.FullName) ? Program : Data;
    }

    /// <summary>Whether the group may write is the checkout's umask in the two usual modes; every other mode was meant.</summary>
    public static int Normal(int mode) => mode switch
    {
        Data | GroupWrite => Data,
        Program | GroupWrite => Program,
        _ => mode,
    };

    // Windows knows no executable files: what the kernel of a host can execute begins like this.
    private static bool IsProgram(string file)
    {
        Span<byte> magic = stackalloc byte[4];
        using var stream = File.OpenRead(file);
        var count = stream.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false);
        return magic[..count].StartsWith("#!"u8) || magic[..count].StartsWith("\u007fELF"u8);
    }
}
