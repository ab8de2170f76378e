using Sealer.Images.Layers;

namespace Sealer.Transfer;

/// <summary>Tars that hosts unpack into their staging folder: content below <c>new/</c>, what is ours beside it.</summary>
internal static class TransferTar
{
    public static LayerEntry EntryOf(ContentEntry entry) => new()
    {
        Path = "new/" + entry.Path,
        Kind = entry.Kind,
        Mode = entry.Mode,
        Uid = entry.Uid,
        Gid = entry.Gid,
        Size = entry.IsFile ? entry.Size : 0,
        Modified = DateTimeOffset.FromUnixTimeSeconds(Math.Max(0, entry.Modified)),
        LinkTarget = entry.Kind == LayerEntryKind.SymbolicLink ? entry.LinkTarget : null,
    };

    public static void Add(Stream tar, string name, int mode, ReadOnlySpan<byte> content)
    {
        tar.Write(TarHeader.Of(new LayerEntry { Path = name, Kind = LayerEntryKind.File, Mode = mode, Size = content.Length }));
        tar.Write(content);
        Pad(tar, content.Length);
    }

    public static void Add(Stream tar, ContentEntry entry, ReadOnlySpan<byte> content)
    {
        tar.Write(TarHeader.Of(EntryOf(entry)));
        tar.Write(content);
        Pad(tar, content.Length);
    }

    public static void End(Stream tar) => tar.Write(new byte[TarHeader.EndSize]);

    private static void Pad(Stream tar, long size) => tar.Write(new byte[TarHeader.Padded(size) - size]);
}
