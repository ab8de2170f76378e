using Sealer.Images;

namespace Sealer.Transfer;

/// <summary>
/// What travels at once: a pack of small files as a tar, or a piece of a large one. Made by <see cref="ChunkPlan"/>, in the
/// order in which it is sent; a host gets those it wants, in that order.
/// </summary>
internal sealed class Chunk(int number, IReadOnlyList<ContentEntry> files, Digest? content, long offset, long length, bool isLast, IReadOnlyList<int> wantedBy)
{
    /// <summary>Its place in the order, from 0.</summary>
    public int Number => number;

    /// <summary>Of a pack the files in it.</summary>
    public IReadOnlyList<ContentEntry> Files => files;

    /// <summary>Of a piece the content it is of; null of a pack.</summary>
    public Digest? Content => content;

    /// <summary>Of a piece where it begins.</summary>
    public long Offset => offset;

    /// <summary>Of a piece its bytes; of a pack those of its files.</summary>
    public long Length => length;

    /// <summary>It is the last piece of its content.</summary>
    public bool IsLast => isLast;

    /// <summary>Numbers of the hosts that want it, ascending.</summary>
    public IReadOnlyList<int> WantedBy => wantedBy;
}
