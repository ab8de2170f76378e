using System.Text;
using Sealer.Images.Layers;

namespace Sealer.Tests.Images.Layers;

/// <summary>Layers to write and ways to read them.</summary>
internal static class LayerSamples
{
    public static LayerEntry File(string path, string content) => File(path, Encoding.UTF8.GetBytes(content));

    public static LayerEntry File(string path, byte[] content) => new()
    {
        Path = path,
        Kind = LayerEntryKind.File,
        Size = content.Length,
        Modified = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000),
        Open = () => new MemoryStream(content),
    };

    public static LayerEntry Folder(string path) => new()
    {
        Path = path,
        Kind = LayerEntryKind.Folder,
        Mode = 0b111_101_101,
        Modified = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000),
    };

    public static LayerEntry SymbolicLink(string path, string target) =>
        new() { Path = path, Kind = LayerEntryKind.SymbolicLink, Mode = 0b111_111_111, LinkTarget = target };

    public static LayerEntry HardLink(string path, string target) =>
        new() { Path = path, Kind = LayerEntryKind.HardLink, LinkTarget = target };

    public static LayerEntry Whiteout(string path) => new() { Path = path, Kind = LayerEntryKind.Whiteout };

    public static LayerEntry OpaqueFolder(string path) => new() { Path = path, Kind = LayerEntryKind.OpaqueFolder };

    /// <summary>Half of it noise, half of it words; the same for the same seed.</summary>
    public static byte[] Content(int size, int seed)
    {
        var random = new Random(seed);
        var content = new byte[size];
        random.NextBytes(content.AsSpan(0, size / 2));
        for (var i = size / 2; i < size; i++)
            content[i] = (byte)("sealer layer "[random.Next(3) == 0 ? random.Next(13) : i % 13]);
        return content;
    }

    /// <summary>Several small files, one that needs more than one chunk, and one of everything else.</summary>
    public static List<LayerEntry> Everything()
    {
        var entries = new List<LayerEntry>
        {
            Folder("etc"),
            File("etc/hosts", "127.0.0.1 localhost\n") with { Mode = 0b110_100_000, Uid = 12, Gid = 34 },
            File("etc/empty", ""),
            SymbolicLink("etc/link", "../../outside/" + new string('l', 120)),
            HardLink("etc/a-second-name", "etc/hosts"),
            Folder("usr"),
            Folder("usr/" + new string('d', 90)),
            File("usr/" + new string('d', 90) + "/" + new string('f', 90), "fits in prefix and name"),
            File("usr/" + new string('n', 200), "needs pax"),
            File("usr/größe-文件", "not ascii") with { Uid = 3_000_000, ExtendedAttributes = new Dictionary<string, byte[]> { ["user.x"] = [0, 1, 2, 255] } },
            File("usr/large", Content(5_000_123, 1)),
            Whiteout("etc/old"),
            OpaqueFolder("usr"),
        };
        for (var i = 0; i < 60; i++)
            entries.Add(File($"usr/many-{i}", Content(50_000 + 997 * i, i)));
        return entries;
    }

    public static async Task<(byte[] Bytes, BuiltLayer Layer)> WriteAsync(IEnumerable<LayerEntry> entries, LayerOptions? options = null)
    {
        var target = new MemoryStream();
        var layer = await LayerWriter.WriteAsync(target, entries, options ?? new LayerOptions(), null, CancellationToken.None);
        return (target.ToArray(), layer);
    }

    public static async Task<(List<(LayerEntry Entry, byte[] Content)> Entries, LayerReadResult Result)> ReadAsync(
        byte[] layer,
        LayerReadOptions? options = null)
    {
        await using var reader = new LayerReader(new MemoryStream(layer), options);
        var entries = new List<(LayerEntry, byte[])>();
        while (await reader.NextAsync(CancellationToken.None) is { } entry)
            entries.Add((entry, entry.Size > 100_000_000 ? [] : await reader.ReadAllAsync(100_000_000, CancellationToken.None)));
        return (entries, reader.Result!);
    }

    public static async Task<string> RefusedAsync(byte[] layer, LayerReadOptions? options = null) =>
        (await Assert.ThrowsAsync<SealerException>(() => ReadAsync(layer, options))).Id;
}
