using System.Globalization;
using System.Text;
using Sealer.Images.Layers;
using Sealer.Images.Storage;
using Sealer.Tests.Peers;
using Sealer.Transfer;

namespace Sealer.Tests.Transfer;

/// <summary>Content out of real layers of a store, and ways to see what came of it.</summary>
internal sealed class TransferFixture : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public TransferFixture()
    {
        Store = ImageStore.Open(_folder["store"]);
        // A login that is not root goes through it.
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(_folder.Path, (UnixFileMode)0b111_101_101);
    }

    public ImageStore Store { get; }

    public string this[string name] => _folder[name];

    public async Task<ContentSet> SetAsync(params IEnumerable<LayerEntry>[] layers) => await SetAsync(new LayerOptions(), layers);

    public async Task<ContentSet> SetAsync(LayerOptions options, params IEnumerable<LayerEntry>[] layers)
    {
        var stored = new List<Sealer.Images.Descriptor>();
        foreach (var layer in layers)
            stored.Add((await LayerWriter.WriteAsync(Store, layer, options, null, CancellationToken.None)).Descriptor);
        return ContentSet.Of(Store, await ImageFileSystem.LoadAsync(Store, stored, CancellationToken.None));
    }

    /// <summary>Everything below a folder as find sees it, with digests: kind, mode, owner, path, link, content.</summary>
    public static async Task<string> TreeAsync(string folder)
    {
        var text = await Peer.RunAsync("sh", "-c", $"""
            cd '{folder}' && find . -mindepth 1 -printf '%y %m %U %G %P -> %l\0' | sort -z | tr '\0' '\n'
            find . -type f -print0 | sort -z | xargs -0 -r sha256sum
            """);
        return text;
    }

    /// <summary>The same of what is wanted.</summary>
    public async Task<string> ExpectedAsync(ContentSet set, string name)
    {
        var folder = this["expected-" + name + Guid.NewGuid().ToString("N")[..4]];
        Directory.CreateDirectory(folder);
        using var reader = set.Origins.Open();
        foreach (var entry in set.Entries.OrderBy(e => e.Kind == LayerEntryKind.HardLink))
        {
            var path = Path.Combine(folder, entry.Path);
            switch (entry.Kind)
            {
                case LayerEntryKind.Folder:
                    Directory.CreateDirectory(path);
                    break;
                case LayerEntryKind.SymbolicLink:
                    File.CreateSymbolicLink(path, entry.LinkTarget!);
                    break;
                case LayerEntryKind.HardLink:
                    await Peer.RunAsync("ln", Path.Combine(folder, entry.LinkTarget!), path);
                    break;
                default:
                    var bytes = new byte[entry.Size];
                    if (set.Overrides.TryGetValue(entry.Path, out var own))
                        own.Span.CopyTo(bytes);
                    else if (bytes.Length > 0)
                        reader.Read(entry.Digest!.Value, 0, bytes);
                    await File.WriteAllBytesAsync(path, bytes);
                    break;
            }

            await Peer.RunAsync("chown", "-h", string.Create(CultureInfo.InvariantCulture, $"{entry.Uid}:{entry.Gid}"), path);
            if (entry.Kind != LayerEntryKind.SymbolicLink)
                await Peer.RunAsync("chmod", Convert.ToString(entry.Mode, 8), path);
        }

        return await TreeAsync(folder);
    }

    public void Dispose() => _folder.Dispose();

    public static byte[] Noise(int seed, int size)
    {
        var bytes = new byte[size];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);
}
