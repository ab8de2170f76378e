using Sealer.Images.Layers;

namespace Sealer.Tests.Images.Layers;

/// <summary>What lies in a folder of this machine, as a tree of files says it; links are not followed.</summary>
internal static class FolderListing
{
    public static IReadOnlyList<FileTreeEntry> Of(string folder) =>
        [.. Inside(new DirectoryInfo(folder), "").OrderBy(entry => entry.Path, StringComparer.Ordinal)];

    private static IEnumerable<FileTreeEntry> Inside(DirectoryInfo folder, string path) =>
        folder.EnumerateFileSystemInfos().SelectMany(info => Entries(info, path.Length == 0 ? info.Name : $"{path}/{info.Name}"));

    private static IEnumerable<FileTreeEntry> Entries(FileSystemInfo info, string path) => info switch
    {
        { LinkTarget: not null } => [new FileTreeEntry(path, FileTreeEntryKind.SymbolicLink, 0)],
        DirectoryInfo folder => [new FileTreeEntry(path, FileTreeEntryKind.Folder, 0), .. Inside(folder, path)],
        _ => [new FileTreeEntry(path, FileTreeEntryKind.File, ((FileInfo)info).Length)],
    };
}
