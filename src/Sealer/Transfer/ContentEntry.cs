using Sealer.Images;
using Sealer.Images.Layers;

namespace Sealer.Transfer;

/// <summary>One file, folder or link that a host shall have.</summary>
/// <param name="Path">Relative to the target folder, parts separated by <c>/</c>, as <see cref="LayerEntry.Path"/>.</param>
/// <param name="Kind"><see cref="LayerEntryKind.File"/>, <see cref="LayerEntryKind.Folder"/>, <see cref="LayerEntryKind.SymbolicLink"/> or <see cref="LayerEntryKind.HardLink"/>.</param>
/// <param name="Mode">Permission bits with setuid, setgid and sticky; of links it says nothing.</param>
/// <param name="Uid">The owner's number.</param>
/// <param name="Gid">The group's number.</param>
/// <param name="Modified">Seconds since 1970; told to the host, and never compared.</param>
/// <param name="Size">Bytes of a file.</param>
/// <param name="Digest">Of a file's content, a hard link's too; else null.</param>
/// <param name="LinkTarget">Of a symbolic link what it says, of a hard link the path of the file it is; else null.</param>
public sealed record ContentEntry(
    string Path, LayerEntryKind Kind, int Mode, long Uid, long Gid, long Modified, long Size, Digest? Digest, string? LinkTarget)
{
    /// <summary>It has bytes of its own to be sent.</summary>
    internal bool IsFile => Kind == LayerEntryKind.File;
}
