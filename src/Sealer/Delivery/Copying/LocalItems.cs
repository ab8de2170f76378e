using System.Security.Cryptography;

namespace Sealer.Delivery.Copying;

/// <summary>Files and folders of this machine, read and hashed once for however many hosts.</summary>
public sealed class LocalItems
{
    private const int DefaultFileMode = 0x1A4; // 0644
    private const int DefaultFolderMode = 0x1ED; // 0755

    private LocalItems(IReadOnlyList<LocalItem> items, IReadOnlyList<string> skipped) => (Items, Skipped) = (items, skipped);

    /// <summary>How many files there are.</summary>
    public int Files => Items.Sum(i => i.Entries.Count(e => e.Kind == CopyKind.File));

    /// <summary>Bytes in all.</summary>
    public long Bytes => Items.Sum(i => i.Entries.Sum(e => e.Size));

    internal IReadOnlyList<LocalItem> Items { get; }

    /// <summary>What was left out, and why.</summary>
    internal IReadOnlyList<string> Skipped { get; }

    /// <summary>Reads files and folders with all that is in them. Links inside of folders stay links.</summary>
    /// <param name="paths">Full paths.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="SealerException"><c>ItemNotFound</c>.</exception>
    public static async Task<LocalItems> ReadAsync(IReadOnlyList<string> paths, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(paths);
        var (items, skipped) = (new List<LocalItem>(), new List<string>());
        foreach (var path in paths.Select(p => Path.TrimEndingDirectorySeparator(p)))
        {
            var entries = new List<CopyEntry>();
            if (Directory.Exists(path))
                await AddFolderAsync(new DirectoryInfo(path), "", entries, skipped, cancellationToken).ConfigureAwait(false);
            else if (File.Exists(path))
                entries.Add(await FileAsync(new FileInfo(path), Path.GetFileName(path), cancellationToken).ConfigureAwait(false));
            else
                throw new SealerException("ItemNotFound", ErrorKind.NotFound, $"There is no file or folder '{path}' to copy. Name one that is there.", path);
            items.Add(new LocalItem(path, Directory.Exists(path), entries));
        }

        return new LocalItems(items, skipped);
    }

    private static async Task AddFolderAsync(DirectoryInfo folder, string path, List<CopyEntry> entries, List<string> skipped, CancellationToken cancellationToken)
    {
        entries.Add(new CopyEntry(path, CopyKind.Folder, Mode(folder, DefaultFolderMode)));
        foreach (var info in folder.EnumerateFileSystemInfos("*", new EnumerationOptions { AttributesToSkip = 0 }).OrderBy(i => i.Name, StringComparer.Ordinal))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var below = path.Length == 0 ? info.Name : $"{path}/{info.Name}";
            if (info.Name.AsSpan().ContainsAny('\n', '\r'))
                skipped.Add($"{PlainText.Of(below)}: its name has a line break");
            else if (info.LinkTarget is { } link)
                entries.Add(new CopyEntry(below, CopyKind.Link, 0, Link: link.Replace('\\', OperatingSystem.IsWindows() ? '/' : '\\')));
            else if (info is DirectoryInfo inner)
                await AddFolderAsync(inner, below, entries, skipped, cancellationToken).ConfigureAwait(false);
            else if (IsRegular(info))
                entries.Add(await FileAsync((FileInfo)info, below, cancellationToken).ConfigureAwait(false));
            else
                skipped.Add($"{below}: it is no regular file");
        }
    }

    // To open a pipe would wait for whoever writes into it.
    private static bool IsRegular(FileSystemInfo info) =>
        !OperatingSystem.IsLinux() || Posix.Stat(info.FullName) is not { } state || state.Type == FileState.File;

    private static async Task<CopyEntry> FileAsync(FileInfo file, string path, CancellationToken cancellationToken)
    {
        await using var stream = new FileStream(file.FullName, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 17, FileOptions.SequentialScan);
        var size = stream.Length;
        var digest = Convert.ToHexString(await SHA256.HashDataAsync(stream, cancellationToken).ConfigureAwait(false)).ToLowerInvariant();
        return new CopyEntry(path, CopyKind.File, Mode(file, DefaultFileMode), size, digest);
    }

    private static int Mode(FileSystemInfo info, int otherwise) =>
        OperatingSystem.IsWindows() ? otherwise : (int)info.UnixFileMode & 0xFFF;
}

/// <summary>A file, or a folder with all that is in it.</summary>
/// <param name="Path">Full path here.</param>
/// <param name="IsFolder">It is a folder.</param>
/// <param name="Entries">Itself, and what is in it; a folder before its content.</param>
internal sealed record LocalItem(string Path, bool IsFolder, IReadOnlyList<CopyEntry> Entries)
{
    public string Name => System.IO.Path.GetFileName(Path);

    /// <summary>The file of an entry.</summary>
    public string Source(CopyEntry entry) => IsFolder ? System.IO.Path.Combine(Path, entry.Path) : Path;
}
