using Sealer.Images;
using Sealer.Images.Layers;

namespace Sealer.Transfer;

/// <summary>A small file that a host has instead of, or beside, what the image has: a rendered template, a configuration.</summary>
/// <param name="Path">As <see cref="ContentEntry.Path"/>.</param>
/// <param name="Content">Its bytes.</param>
public sealed record ContentOverride(string Path, ReadOnlyMemory<byte> Content)
{
    /// <summary>Permission bits; null for those of the image's file, else 0644.</summary>
    public int? Mode { get; init; }

    /// <summary>It holds a secret: 0600 unless <see cref="Mode"/> says otherwise. No override ever goes through another host.</summary>
    public bool IsSecret { get; init; }

    /// <summary>Never shows the content.</summary>
    public override string ToString() => $"{Path} ({Content.Length} bytes)";

    internal ContentEntry Over(ContentEntry? before)
    {
        var mode = Mode ?? (IsSecret ? 0x180 : before is { Kind: LayerEntryKind.File } ? before.Mode : 0x1A4);
        return new ContentEntry(Path, LayerEntryKind.File, mode, before?.Uid ?? 0, before?.Gid ?? 0, before?.Modified ?? 0, Content.Length, Digest.Of(Content.Span), null);
    }
}
