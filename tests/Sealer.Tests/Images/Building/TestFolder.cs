namespace Sealer.Tests.Images.Building;

/// <summary>A temporary folder, filled with a line of code a file.</summary>
internal sealed class TestFolder : IDisposable
{
    /// <summary>The time that all files get.</summary>
    public static readonly DateTime Time = new(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);

    public string Path { get; } = Directory.CreateTempSubdirectory("sealer-test-").FullName;

    public string this[string path] => System.IO.Path.Combine(Path, path);

    public TestFolder File(string path, string content = "", UnixFileMode? mode = null)
    {
        var full = this[path];
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(full)!);
        System.IO.File.WriteAllText(full, content);
        System.IO.File.SetLastWriteTimeUtc(full, Time);
        if (mode is { } given && !OperatingSystem.IsWindows())
            System.IO.File.SetUnixFileMode(full, given);
        return this;
    }

    public TestFolder Folder(string path)
    {
        Directory.CreateDirectory(this[path]);
        return this;
    }

    public TestFolder Link(string path, string target)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(this[path])!);
        System.IO.File.CreateSymbolicLink(this[path], target);
        return this;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
