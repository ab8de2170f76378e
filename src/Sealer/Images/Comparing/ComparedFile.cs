using Sealer.Images.Layers;

namespace Sealer.Images.Comparing;

/// <summary>A file, folder or link of an image that is compared.</summary>
/// <param name="Kind">What it is; hard links are the file that they name.</param>
/// <param name="Mode">Permission bits, 0 to 07777 (octal).</param>
/// <param name="Uid">The owner's number.</param>
/// <param name="Gid">The group's number.</param>
/// <param name="Size">Bytes of a file.</param>
/// <param name="Digest">Of a file's content; null of all else.</param>
/// <param name="LinkTarget">Of a symbolic link.</param>
public sealed record ComparedFile(LayerEntryKind Kind, int Mode, long Uid, long Gid, long Size, Digest? Digest, string? LinkTarget)
{
    /// <inheritdoc/>
    public override string ToString()
    {
        var owner = Uid == 0 && Gid == 0 ? "" : $" {Uid}:{Gid}";
        var mode = Convert.ToString(Mode, 8).PadLeft(4, '0');
        return Kind switch
        {
            LayerEntryKind.File => $"{mode}{owner} {Size} bytes {Digest?.Short}",
            LayerEntryKind.SymbolicLink => $"-> {LinkTarget}{owner}",
            LayerEntryKind.Folder => $"{mode}{owner} folder",
            _ => $"{mode}{owner} {Kind}",
        };
    }
}
