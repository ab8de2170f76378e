using Sealer.Images.Layers;

namespace Sealer.Images.Building.Running;

/// <summary>Tells what became different between two snapshots of a root folder, as the entries of a layer.</summary>
internal static class RootChanges
{
    /// <summary>
    /// New and changed files, links and folders, and whiteouts of what went away, in ordinal order of the paths. Sockets
    /// are left out, as in every image.
    /// </summary>
    public static IReadOnlyList<LayerEntry> Between(RootSnapshot before, RootSnapshot after, IdMap ids)
    {
        var entries = new List<LayerEntry>();
        var firstNames = new Dictionary<(ulong Device, ulong Inode), string>();
        foreach (var (path, state) in after.Files)
        {
            if (state.Type == FileState.Socket)
                continue;
            if (before.Files.TryGetValue(path, out var old) && !state.DiffersFrom(old))
                continue;
            entries.Add(Entry(after.Root, path, state, ids, firstNames));
        }

        foreach (var path in before.Files.Keys)
        {
            // Sockets cannot be in a layer below; of a folder that went away one whiteout is enough, and below what is now a
            // file or link there is nothing to remove.
            if (!after.Files.ContainsKey(path) && IsFolder(after, Parent(path)))
                entries.Add(new LayerEntry { Path = path, Kind = LayerEntryKind.Whiteout });
        }

        entries.Sort((a, b) => string.CompareOrdinal(a.Path, b.Path));
        return entries;
    }

    private static bool IsFolder(RootSnapshot snapshot, string path) =>
        path.Length == 0 || (snapshot.Files.TryGetValue(path, out var state) && state.Type == FileState.Folder);

    private static string Parent(string path) => path.LastIndexOf('/') is var slash and >= 0 ? path[..slash] : "";

    private static LayerEntry Entry(
        string root, string path, FileState state, IdMap ids, Dictionary<(ulong Device, ulong Inode), string> firstNames)
    {
        var local = Path.Combine(root, path);
        var entry = new LayerEntry
        {
            Path = path,
            Kind = KindOf(state.Type),
            Mode = state.Mode,
            Uid = ids.UserInside(state.Uid),
            Gid = ids.GroupInside(state.Gid),
            Modified = state.Modified,
            ExtendedAttributes = state.Type is FileState.File or FileState.Folder ? Posix.ExtendedAttributes(local) : null,
        };
        switch (entry.Kind)
        {
            case LayerEntryKind.File when state.Links > 1 && !firstNames.TryAdd((state.Device, state.Inode), path):
                return entry with { Kind = LayerEntryKind.HardLink, LinkTarget = firstNames[(state.Device, state.Inode)], ExtendedAttributes = null };
            case LayerEntryKind.File:
                return entry with { Size = state.Size, LocalFile = local };
            case LayerEntryKind.SymbolicLink:
                return entry with { LinkTarget = new FileInfo(local).LinkTarget };
            case LayerEntryKind.CharacterDevice or LayerEntryKind.BlockDevice:
                return entry with { DeviceMajor = (int)state.RealDeviceMajor, DeviceMinor = (int)state.RealDeviceMinor };
            default:
                return entry;
        }
    }

    private static LayerEntryKind KindOf(int type) => type switch
    {
        FileState.File => LayerEntryKind.File,
        FileState.Folder => LayerEntryKind.Folder,
        FileState.SymbolicLink => LayerEntryKind.SymbolicLink,
        FileState.CharacterDevice => LayerEntryKind.CharacterDevice,
        FileState.BlockDevice => LayerEntryKind.BlockDevice,
        FileState.Fifo => LayerEntryKind.Fifo,
        _ => throw new IOException($"A file of the unknown type {type:x} cannot be in an image."),
    };
}
