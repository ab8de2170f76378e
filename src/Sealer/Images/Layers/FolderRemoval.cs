namespace Sealer.Images.Layers;

/// <summary>Removes files and folders with what is in them, also folders that nobody may write to; never follows a link.</summary>
internal static class FolderRemoval
{
    /// <summary>Removes what is at the path; nothing there is fine.</summary>
    public static void Delete(string path)
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

        Empty(path);
        folder.Delete();
    }

    /// <summary>Removes what is in a folder; no folder there is fine.</summary>
    public static void Empty(string path)
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
                Delete(inside.FullName);
                continue;
            }

            if (OperatingSystem.IsWindows() && inside.LinkTarget is null)
                inside.Attributes = FileAttributes.Normal;
            inside.Delete();
        }
    }
}
