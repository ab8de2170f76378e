namespace Sealer.Images.Layers;

/// <summary>
/// Removes files and folders with what is in them, also folders that nobody may write to; never follows a link, nor goes into
/// another file system that is mounted there.
/// </summary>
internal static class FolderRemoval
{
    /// <summary>Removes what is at the path; nothing there is fine.</summary>
    /// <exception cref="IOException">Among others: another file system is mounted in it.</exception>
    public static void Delete(string path) => Delete(path, DeviceOf(path));

    /// <summary>Removes what is in a folder; no folder there is fine.</summary>
    /// <exception cref="IOException">Among others: another file system is mounted in it.</exception>
    public static void Empty(string path) => Empty(path, DeviceOf(path));

    private static void Delete(string path, ulong? device)
    {
        var folder = new DirectoryInfo(path);
        if (folder.LinkTarget is not null || !folder.Exists)
        {
            // A link to a folder is one to Windows as well.
            if (OperatingSystem.IsWindows() && folder.Exists)
                folder.Delete();
            else
                File.Delete(path);
            return;
        }

        Empty(path, device);
        folder.Delete();
    }

    private static void Empty(string path, ulong? device)
    {
        var folder = new DirectoryInfo(path);
        if (folder.LinkTarget is not null || !folder.Exists)
            return;
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, File.GetUnixFileMode(path) | UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        foreach (var inside in folder.EnumerateFileSystemInfos())
        {
            if (inside is DirectoryInfo)
            {
                if (device is { } own && OperatingSystem.IsLinux() && Posix.IsOtherFileSystem(inside.FullName, own))
                    throw new IOException($"'{inside.FullName}' is another file system that is mounted there.");
                Delete(inside.FullName, device);
                continue;
            }

            if (OperatingSystem.IsWindows() && inside.LinkTarget is null)
                inside.Attributes = FileAttributes.Normal;
            inside.Delete();
        }
    }

    private static ulong? DeviceOf(string path) => OperatingSystem.IsLinux() ? Posix.Stat(path)?.Device : null;
}
