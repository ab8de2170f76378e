using Sealer.Images;
using Sealer.Images.Layers;

namespace Sealer.Transfer;

/// <summary>What is at one path of a host.</summary>
/// <param name="Kind">What it is; hard links are files. Null for a device, pipe or socket.</param>
/// <param name="Mode">Permission bits.</param>
/// <param name="Uid">The owner's number.</param>
/// <param name="Gid">The group's number.</param>
/// <param name="Digest">Of a file.</param>
/// <param name="LinkTarget">Of a symbolic link.</param>
/// <param name="Inode">Of a file, where it was looked at; what two names have in common.</param>
internal readonly record struct HostFile(LayerEntryKind? Kind, int Mode, long Uid, long Gid, Digest? Digest, string? LinkTarget, string? Inode);

/// <summary>What a host really holds, as its own look at it says.</summary>
internal sealed class FoundContent
{
    /// <summary>The target folder is not there at all, or is empty.</summary>
    public bool IsFresh { get; set; }

    /// <summary>Nothing differs from what the last delivery left, which was exactly what is wanted.</summary>
    public bool IsUnchanged { get; set; }

    /// <summary>The last delivery's list is not the wanted one, or what was noted of the files is out of date.</summary>
    public bool NeedsNote { get; set; }

    /// <summary>All in the target folder.</summary>
    public Dictionary<string, HostFile> Files { get; } = new(StringComparer.Ordinal);

    /// <summary>What the last delivery brought; empty where there was none.</summary>
    public Dictionary<string, ContentEntry> Delivered { get; } = new(StringComparer.Ordinal);

    /// <summary>Whole files that a broken delivery left, by path.</summary>
    public Dictionary<string, HostFile> Staged { get; } = new(StringComparer.Ordinal);

    /// <summary>Pieces of large files that a broken delivery left: bytes by digest, from the beginning.</summary>
    public Dictionary<string, long> Parts { get; } = new(StringComparer.Ordinal);

    /// <summary>A broken delivery left something, or this look did.</summary>
    public bool HasLeftovers { get; set; }

    public long FreeBytes { get; set; }

    /// <summary>It has a client with which it can fetch from others.</summary>
    public bool HasSsh { get; set; }

    /// <summary>It has what a delivery needs; what is missing.</summary>
    public string? Lacks { get; set; }
}
