using System.Text;
using Sealer.Images;
using Sealer.Images.Layers;
using Sealer.Images.Storage;
using static Sealer.Tests.Images.Layers.LayerSamples;

namespace Sealer.Tests.Images.Layers;

public sealed class ImageFileSystemTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ImageStore _store;

    public ImageFileSystemTests() => _store = ImageStore.Open(_folder["store"]);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Upper_layers_replace_remove_and_empty_what_lower_ones_have()
    {
        var image = await ImageAsync(
            [
                Folder("etc"), File("etc/a", "a1"), File("etc/b", "b1"), File("etc/c", "c1"),
                Folder("gone"), File("gone/x", "x"), Folder("gone/deep"), File("gone/deep/y", "y"),
                Folder("opaque"), File("opaque/old", "old"),
                File("file-then-folder", "f"), Folder("folder-then-file"), File("folder-then-file/inside", "i"),
                SymbolicLink("link", "etc"),
            ],
            [
                Folder("etc") with { Mode = 0b111_000_000 }, File("etc/a", "a2"), Whiteout("etc/b"), Whiteout("gone"),
                Folder("opaque"), OpaqueFolder("opaque"), File("opaque/new", "new"),
                Folder("file-then-folder"), File("file-then-folder/now", "now"), File("folder-then-file", "now a file"),
            ],
            [File("gone/again", "again")]);

        Assert.Equal(
            [
                "etc", "etc/a", "etc/c", "file-then-folder", "file-then-folder/now", "folder-then-file", "gone", "gone/again", "link",
                "opaque", "opaque/new",
            ],
            image.List("").Select(e => e.Path));
        Assert.Equal(["etc/a", "etc/c"], image.List("etc").Select(e => e.Path));
        Assert.Equal("a2", Text(image, "etc/a"));
        Assert.Equal("c1", Text(image, "etc/c"));
        Assert.Equal(0b111_000_000, image.FindFile("etc")!.Entry.Mode);
        Assert.Equal(FileTreeEntryKind.SymbolicLink, image.Find("link")!.Kind);
        Assert.Null(image.Find("link/a"));
        Assert.Null(image.Find("gone/x"));
        Assert.Throws<FileNotFoundException>(() => image.Open("etc/b"));
        Assert.Throws<FileNotFoundException>(() => image.Open("etc"));
        Assert.Empty(image.List("nowhere"));
    }

    [Fact]
    public async Task A_removal_means_the_layers_below_and_not_its_own()
    {
        var image = await ImageAsync([File("a", "old")], [Whiteout("a"), File("a", "new")], [OpaqueFolder("d"), Folder("d"), File("d/x", "x")]);
        Assert.Equal("new", Text(image, "a"));
        Assert.Equal("x", Text(image, "d/x"));
    }

    [Fact]
    public async Task A_folder_below_a_file_of_a_middle_layer_stays_hidden()
    {
        var image = await ImageAsync([Folder("a"), File("a/c", "c")], [File("a", "file")], [File("a/b", "b")]);
        Assert.Equal(["a", "a/b"], image.List("").Select(e => e.Path));
    }

    [Theory]
    [InlineData(LayerCompression.None)]
    [InlineData(LayerCompression.Gzip)]
    [InlineData(LayerCompression.Zstd)]
    public async Task Files_are_read_one_by_one_and_in_one_pass(LayerCompression compression)
    {
        var entries = Everything().Where(e => e.Kind is LayerEntryKind.File or LayerEntryKind.HardLink).ToList();
        var image = await ImageAsync(compression, entries);
        var seen = new Dictionary<string, Digest>();
        await image.ReadFilesAsync(
            entries.Select(e => e.Path),
            async (path, stream, token) =>
            {
                var content = new MemoryStream();
                await stream.CopyToAsync(content, token);
                seen.Add(path, Digest.Of(content.ToArray()));
            },
            CancellationToken.None);
        Assert.Equal(entries.Count, seen.Count);
        foreach (var file in image.Files.Where(f => f.Content is not null))
        {
            var content = new MemoryStream();
            using (var stream = image.Open(file.Path))
                stream.CopyTo(content);
            Assert.Equal(file.Size, content.Length);
            Assert.Equal(file.Digest, Digest.Of(content.ToArray()));
            Assert.Equal(file.Digest, seen[file.Path]);
        }

        Assert.Equal("127.0.0.1 localhost\n", Text(image, "etc/hosts"));
    }

    [Fact]
    public async Task Part_of_a_file_may_be_read_and_the_next_one_is_still_right()
    {
        var image = await ImageAsync([File("a", Content(500_000, 1)), File("b", "b"), File("c", "c")]);
        var read = new List<string>();
        await image.ReadFilesAsync(
            ["c", "a"],
            async (path, stream, token) =>
            {
                var one = new byte[1];
                await stream.ReadExactlyAsync(one, token);
                read.Add(path + (path == "c" ? Encoding.UTF8.GetString(one) : ""));
            },
            CancellationToken.None);
        Assert.Equal(["a", "cc"], read);
    }

    [Fact]
    public async Task The_index_of_a_layer_is_kept_and_a_broken_one_made_again()
    {
        var layer = await LayerWriter.WriteAsync(_store, Everything(), new LayerOptions(), null, CancellationToken.None);
        var made = await LayerCatalog.LoadAsync(_store, layer.Descriptor, CancellationToken.None);
        var kept = await LayerCatalog.LoadAsync(_store, layer.Descriptor, CancellationToken.None);
        Assert.Equal(made.Entries, kept.Entries);
        Assert.Equal(made.Checkpoints, kept.Checkpoints);
        Assert.Equal((made.Digest, made.DiffId, made.UncompressedSize), (kept.Digest, kept.DiffId, kept.UncompressedSize));
        _store.WriteCache("layer-index " + layer.Descriptor.Digest, "{\"Version\":1}"u8.ToArray(), []);
        Assert.Equal(made.Entries, (await LayerCatalog.LoadAsync(_store, layer.Descriptor, CancellationToken.None)).Entries);
    }

    [Fact]
    public async Task Of_two_entries_of_one_path_the_last_counts()
    {
        var tar = new TarBytes().File("a", "first").File("a", "last").Ended();
        var catalog = await LayerCatalog.ReadAsync(new MemoryStream(tar), null, CancellationToken.None);
        Assert.Equal(Digest.Of("last"u8), Assert.Single(catalog.Entries).Digest);
    }

    [Fact]
    public async Task A_file_below_a_symbolic_link_of_its_own_layer_is_refused()
    {
        var tar = new TarBytes().SymbolicLink("a", "/etc").File("a/passwd", "root").Ended();
        var error = await Assert.ThrowsAsync<SealerException>(() => LayerCatalog.ReadAsync(new MemoryStream(tar), null, CancellationToken.None));
        Assert.Equal("UnsafeLayerPath", error.Id);
    }

    [Fact]
    public async Task Hard_links_to_nothing_and_in_circles_are_refused()
    {
        foreach (var tar in (byte[][])[new TarBytes().HardLink("a", "b").Ended(), new TarBytes().HardLink("a", "b").HardLink("b", "a").Ended()])
        {
            await using var blob = _store.CreateBlob();
            await blob.WriteAsync(tar);
            var (digest, size) = await blob.CommitAsync(null, CancellationToken.None);
            var layer = new Descriptor { MediaType = MediaType.OciLayer, Digest = digest, Size = size };
            var error = await Assert.ThrowsAsync<SealerException>(() => ImageFileSystem.LoadAsync(_store, [layer], CancellationToken.None));
            Assert.Equal("InvalidLayer", error.Id);
        }
    }

    [GoldenFact]
    public async Task A_layer_of_sealer_is_read()
    {
        using var archive = new System.Formats.Tar.TarReader(System.IO.File.OpenRead(Golden.PathOf("sealer-0.11-simple.oci-archive.tar")));
        var read = 0;
        while (await archive.GetNextEntryAsync() is { } blob)
        {
            if (blob.Length < 1024 || blob.DataStream is null)
                continue;
            var catalog = await LayerCatalog.ReadAsync(blob.DataStream, null, CancellationToken.None).ContinueWith(t => t.IsCompletedSuccessfully ? t.Result : null);
            read += catalog?.Entries.Count(e => e.Kind == LayerEntryKind.File) ?? 0;
        }

        Assert.True(read > 0);
    }

    private async Task<ImageFileSystem> ImageAsync(params IEnumerable<LayerEntry>[] layers) => await ImageAsync(LayerCompression.Zstd, layers);

    private async Task<ImageFileSystem> ImageAsync(LayerCompression compression, params IEnumerable<LayerEntry>[] layers)
    {
        var written = new List<Descriptor>();
        foreach (var layer in layers)
        {
            var options = new LayerOptions { Compression = compression };
            written.Add((await LayerWriter.WriteAsync(_store, layer, options, null, CancellationToken.None)).Descriptor);
        }

        return await ImageFileSystem.LoadAsync(_store, written, CancellationToken.None);
    }

    private static string Text(IFileTree tree, string path)
    {
        using var reader = new StreamReader(tree.Open(path));
        return reader.ReadToEnd();
    }
}
