using Sealer.Images.Layers;

namespace Sealer.Images.LayerScans;

/// <summary>One entry of a layer, without its content.</summary>
/// <param name="Path">Relative to the root of the image.</param>
/// <param name="Kind">What it is; hard links are already the file that they name.</param>
/// <param name="Mode">Permission bits.</param>
/// <param name="Uid">The owner's number.</param>
/// <param name="Gid">The group's number.</param>
/// <param name="Size">Bytes of a file.</param>
/// <param name="LinkTarget">Of a symbolic link.</param>
/// <param name="Content">Digest of a file's content, where it was asked for or the path names it.</param>
/// <param name="Link">Of a link file of a registry: what it names.</param>
internal sealed record ScannedFile(
    string Path,
    LayerEntryKind Kind,
    int Mode,
    long Uid,
    long Gid,
    long Size,
    string? LinkTarget,
    Digest? Content,
    Digest? Link);
