namespace Sealer.Labs;

/// <summary>Files and folders whose modes matter, whatever the caller's umask.</summary>
internal static class LabFiles
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Shared = (UnixFileMode)0b111_101_101;

    /// <summary>A folder that everybody may look into, as hosts see it.</summary>
    public static void CreateFolder(string path)
    {
        Directory.CreateDirectory(path);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, Shared);
    }

    /// <summary>A file that only its owner reads, from its first byte on.</summary>
    public static void WritePrivate(string path, string text)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = Private;
        using var stream = new StreamWriter(path, options);
        stream.Write(text);
    }
}
