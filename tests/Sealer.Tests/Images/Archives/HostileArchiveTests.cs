using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Sealer.Images;
using Sealer.Images.Archives;
using Sealer.Tests.Images.Layers;

namespace Sealer.Tests.Images.Archives;

/// <summary>Archives that are broken, or made to do harm. Each would be believed without its guard.</summary>
public sealed class HostileArchiveTests : ArchiveTestBase
{
    [Fact]
    public async Task A_truncated_archive_is_told_wherever_it_was_cut()
    {
        var path = await GoodAsync();
        var bytes = File.ReadAllBytes(path);
        foreach (var length in new[] { 0, 100, 512, 1000, bytes.Length / 3, bytes.Length / 2, bytes.Length - 2600 })
        {
            File.WriteAllBytes(path, bytes[..length]);
            var error = await Assert.ThrowsAsync<SealerException>(() => ArchiveImport.ImportAsync(path, Store, new(), null, default));
            Assert.Contains(error.Id, new[] { "ArchiveTruncated", "NotAnImageArchive" });
            Assert.Empty(Store.List());
        }
    }

    [Fact]
    public async Task A_truncated_compressed_archive_is_told()
    {
        var path = await GoodAsync();
        var packed = PackedImage.Gzip(File.ReadAllBytes(path));
        File.WriteAllBytes(path, packed[..(packed.Length / 2)]);
        var error = await Assert.ThrowsAsync<SealerException>(() => ArchiveImport.ImportAsync(path, Store, new(), null, default));
        Assert.Contains(error.Id, new[] { "ArchiveTruncated", "InvalidArchive" });
        Assert.Empty(Store.List());
    }

    [Theory]
    [InlineData("9223372036854775807")]
    [InlineData("9223372036854775000")]
    public async Task A_size_that_no_file_can_have_is_refused_by_name(string size)
    {
        File.WriteAllBytes(Temp["huge"], new TarBytes().Pax('x', ("size", size)).File("blobs/sha256/x").Ended());
        Assert.Contains("'blobs/sha256/x'", (await RefusedAsync("InvalidArchive", Temp["huge"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_medium_fails_with_is_told_and_not_what_a_second_try_finds()
    {
        var content = RandomImage.Bytes(1, 3_000_000);
        var tar = TinyTar.Of($"blobs/sha256/{Digest.Of(content).Hex}", content);
        var error = await Assert.ThrowsAsync<SealerException>(
            () => StreamedFiles.ReadAsync(new FailingMedium(tar, 1_000_000), Store, (_, _) => null, default));
        Assert.Equal("ArchiveUnusable", error.Id);
        Assert.Contains("Input/output error", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("zstd")]
    public async Task A_compressed_archive_that_is_a_bomb_is_refused_before_it_fills_the_disk(string form)
    {
        // Some kilobytes that say they are a layer of 512 MiB.
        var head = new TarBytes().Entry('0', "blobs/sha256/" + new string('a', 64), size: "04000000000").Ended()[..512];
        File.WriteAllBytes(Temp["bomb"], Repeated(form, head, new byte[1024 * 1024], 512));
        var error = await RefusedAsync("InvalidArchive", Temp["bomb"]);
        Assert.Contains("times as many", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_archive_of_endless_entries_is_refused()
    {
        var folder = new TarBytes().Folder("a").Ended()[..512];
        File.WriteAllBytes(Temp["endless"], Repeated("gzip", [], folder, 200_001));
        Assert.Contains("200000 entries", (await RefusedAsync("InvalidArchive", Temp["endless"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_changed_layer_is_refused()
    {
        var path = await GoodAsync();
        var bytes = File.ReadAllBytes(path);
        bytes[3000]++;
        File.WriteAllBytes(path, bytes);
        await RefusedAsync("DigestMismatch", path);
        File.WriteAllBytes(path, PackedImage.Gzip(bytes));
        await RefusedAsync("DigestMismatch", path);
    }

    [Fact]
    public async Task A_size_that_lies_is_refused()
    {
        // The index states one byte more than the manifest has.
        await RefusedAsync("Truncated", await RewriteIndexAsync(d => d with { Size = d.Size + 1 }));
        await RefusedAsync("SizeMismatch", await RewriteIndexAsync(d => d with { Size = d.Size - 1 }));
        await RefusedAsync("ManifestTooLarge", await RewriteIndexAsync(d => d with { Size = 1L << 40 }));
    }

    [Fact]
    public async Task A_tar_head_that_lies_about_a_size_is_refused()
    {
        var path = await GoodAsync();
        var bytes = File.ReadAllBytes(path);
        Encoding.ASCII.GetBytes("77777777777").CopyTo(bytes, 124);
        Seal(bytes);
        File.WriteAllBytes(path, bytes);
        await RefusedAsync("ArchiveTruncated", path);
        bytes[124] = 0xFF;
        bytes.AsSpan(125, 11).Fill(0xFF);
        Seal(bytes);
        File.WriteAllBytes(path, bytes);
        await RefusedAsync("InvalidArchive", path);
    }

    [Fact]
    public async Task A_damaged_tar_head_is_refused()
    {
        var path = await GoodAsync();
        var bytes = File.ReadAllBytes(path);
        bytes[5]++;
        File.WriteAllBytes(path, bytes);
        await RefusedAsync("InvalidArchive", path);
    }

    [Theory]
    [InlineData("blobs/sha256/../../../etc/passwd")]
    [InlineData("/etc/passwd")]
    [InlineData("..")]
    [InlineData("blobs\\..\\x")]
    public async Task A_path_that_leads_out_of_the_archive_is_refused(string name)
    {
        var path = await AddEntryAsync(new UstarTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream([1]) });
        await RefusedAsync("InvalidArchive", path);
    }

    [Theory]
    [InlineData(TarEntryType.SymbolicLink)]
    [InlineData(TarEntryType.HardLink)]
    public async Task Links_in_an_OCI_archive_are_refused(TarEntryType type)
    {
        var path = await AddEntryAsync(new UstarTarEntry(type, "blobs/sha256/" + new string('a', 64)) { LinkName = "/etc/passwd" });
        await RefusedAsync("InvalidArchive", path);
    }

    [Theory]
    [InlineData(TarEntryType.Fifo)]
    [InlineData(TarEntryType.CharacterDevice)]
    [InlineData(TarEntryType.BlockDevice)]
    public async Task Devices_in_an_archive_are_refused(TarEntryType type) =>
        await RefusedAsync("InvalidArchive", await AddEntryAsync(new UstarTarEntry(type, "x")));

    [Fact]
    public async Task Two_entries_of_one_name_are_refused()
    {
        var path = await AddEntryAsync(new UstarTarEntry(TarEntryType.RegularFile, "./index.json")
        {
            DataStream = new MemoryStream("""{"schemaVersion":2,"manifests":[]}"""u8.ToArray()),
        });
        await RefusedAsync("InvalidArchive", path);
        File.WriteAllBytes(path, PackedImage.Gzip(File.ReadAllBytes(path)));
        await RefusedAsync("InvalidArchive", path);
    }

    [Fact]
    public async Task A_head_that_asks_for_endless_memory_is_refused()
    {
        var header = new byte[512];
        "././@LongLink"u8.CopyTo(header);
        Encoding.ASCII.GetBytes("77777777777").CopyTo(header, 124);
        header[156] = (byte)'L';
        Seal(header);
        File.WriteAllBytes(Temp["bad.tar"], [.. header, .. new byte[512]]);
        await RefusedAsync("InvalidArchive", Temp["bad.tar"]);
    }

    [Fact]
    public async Task A_manifest_in_an_archive_that_is_too_large_is_refused()
    {
        File.WriteAllBytes(Temp["bad.tar"], TinyTar.Of(
            ("oci-layout", """{"imageLayoutVersion":"1.0.0"}"""u8.ToArray()),
            ("index.json", new byte[OciJson.MaxManifestSize + 1])));
        await RefusedAsync("ManifestTooLarge", Temp["bad.tar"]);
    }

    [Fact]
    public async Task A_layer_that_the_archive_lacks_is_told()
    {
        var path = await GoodAsync();
        var entries = Read(path);
        entries.RemoveAt(0);
        Write(path, entries);
        await RefusedAsync("BlobNotFound", path);
        File.WriteAllBytes(path, PackedImage.Gzip(File.ReadAllBytes(path)));
        await RefusedAsync("BlobNotFound", path);
    }

    [Fact]
    public async Task A_later_layout_version_is_refused()
    {
        File.WriteAllBytes(Temp["bad.tar"], TinyTar.Of(
            ("oci-layout", """{"imageLayoutVersion":"2.0.0"}"""u8.ToArray()),
            ("index.json", """{"schemaVersion":2,"manifests":[]}"""u8.ToArray())));
        await RefusedAsync("ArchiveTooNew", Temp["bad.tar"]);
    }

    [Fact]
    public async Task What_is_no_image_is_told_with_what_it_holds()
    {
        File.WriteAllBytes(Temp["bad.tar"], TinyTar.Of("holiday.jpg", [1]));
        Assert.Contains("holiday.jpg", (await RefusedAsync("NotAnImageArchive", Temp["bad.tar"])).Message);
        File.WriteAllText(Temp["text"], new string('x', 1000));
        await RefusedAsync("InvalidArchive", Temp["text"]);
        await RefusedAsync("ArchiveNotFound", Temp["nowhere.tar"]);
    }

    [Fact]
    public async Task A_save_of_the_oldest_sealer_is_told_to_be_built_again()
    {
        File.WriteAllBytes(Temp["old.tar"], TinyTar.Of(("Metadata", """{"name":"x"}"""u8.ToArray()), ("a.yaml", [1])));
        await RefusedAsync("LegacySealerImage", Temp["old.tar"]);
    }

    [Fact]
    public async Task Docker_layers_behind_links_are_found()
    {
        var tar = TinyTar.Of("f", [1, 2, 3]);
        var (store, root) = await ImportAsync(DockerArchive(
            tar,
            new UstarTarEntry(TarEntryType.SymbolicLink, "b/layer.tar") { LinkName = "../a/layer.tar" },
            new UstarTarEntry(TarEntryType.HardLink, "c/layer.tar") { LinkName = "a/layer.tar" }));
        var layers = OciJson.ReadManifest(await ImageDocument.ReadAsync(store, root, default)).Layers;
        Assert.All(layers, l => Assert.Equal(Digest.Of(tar), l.Digest));
        Assert.Equal(3, layers.Count);
    }

    [Theory]
    [InlineData("../../etc/passwd")]
    [InlineData("/etc/passwd")]
    [InlineData("layer.tar")]
    public async Task Docker_layers_behind_links_that_lead_out_or_nowhere_are_refused(string target)
    {
        var path = DockerArchive(
            TinyTar.Of("f", [1, 2, 3]),
            new UstarTarEntry(TarEntryType.SymbolicLink, "b/layer.tar") { LinkName = target },
            new UstarTarEntry(TarEntryType.HardLink, "c/layer.tar") { LinkName = "a/layer.tar" });
        await RefusedAsync("InvalidArchive", path);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_Docker_layer_that_is_not_what_the_config_says_is_refused(bool gzip)
    {
        var (good, bad) = (TinyTar.Of("f", [1]), TinyTar.Of("f", [2]));
        var config = $$"""{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["{{Digest.Of(good)}}"]} }""";
        File.WriteAllBytes(Temp["bad.tar"], TinyTar.Of(
            ("l.tar", gzip ? PackedImage.Gzip(bad) : bad),
            ("c.json", Encoding.UTF8.GetBytes(config)),
            ("manifest.json", """[{"Config":"c.json","RepoTags":["a:b"],"Layers":["l.tar"]}]"""u8.ToArray())));
        await RefusedAsync("DigestMismatch", Temp["bad.tar"]);
    }

    [Theory]
    [InlineData("""[{"Config":"c.json","RepoTags":null,"Layers":["../../etc/passwd"]}]""", "BlobNotFound")]
    [InlineData("""[{"Config":"/etc/passwd","RepoTags":null,"Layers":[]}]""", "BlobNotFound")]
    [InlineData("""[{"Config":"c.json","RepoTags":null,"Layers":[]}]""", "LayerCountMismatch")]
    [InlineData("""[{"Config":"c.json","RepoTags":null}]""", "InvalidArchive")]
    [InlineData("""[{]""", "InvalidArchive")]
    [InlineData("""[null]""", "InvalidArchive")]
    [InlineData("""{"schemaVersion":2}""", "InvalidArchive")]
    public async Task A_Docker_manifest_that_lies_is_refused(string manifest, string id)
    {
        var config = $$"""{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["{{Digest.Of([1])}}"]} }""";
        File.WriteAllBytes(Temp["bad.tar"], TinyTar.Of(("c.json", Encoding.UTF8.GetBytes(config)), ("manifest.json", Encoding.UTF8.GetBytes(manifest))));
        await RefusedAsync(id, Temp["bad.tar"]);
    }

    [Fact]
    public async Task Links_in_a_folder_are_not_followed()
    {
        if (OperatingSystem.IsWindows())
            return;
        var image = await RandomImage.WriteAsync(Store, 1);
        var path = await ExportAsync(image, ArchiveFormat.OciFolder);
        File.Delete(Path.Combine(path, "index.json"));
        File.CreateSymbolicLink(Path.Combine(path, "index.json"), Temp["store/index.json"]);
        await RefusedAsync("NotAnImageArchive", path);
    }

    private static void Seal(byte[] header)
    {
        header.AsSpan(148, 8).Fill((byte)' ');
        var sum = header.AsSpan(0, 512).ToArray().Sum(b => b);
        Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(header, 148);
    }

    private static List<(string Name, byte[] Content)> Read(string path)
    {
        using var tar = new TarReader(File.OpenRead(path));
        var entries = new List<(string, byte[])>();
        while (tar.GetNextEntry(copyData: true) is { } entry)
            entries.Add((entry.Name, ((MemoryStream)entry.DataStream!).ToArray()));
        return entries;
    }

    private static void Write(string path, List<(string Name, byte[] Content)> entries) =>
        File.WriteAllBytes(path, TinyTar.Of([.. entries]));

    private static byte[] Repeated(string form, byte[] head, byte[] block, int times)
    {
        var packed = new MemoryStream();
        using (Stream compressor = form == "zstd"
            ? new ZstdSharp.CompressionStream(packed, leaveOpen: true)
            : new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            compressor.Write(head);
            for (var i = 0; i < times; i++)
                compressor.Write(block);
        }

        return packed.ToArray();
    }

    private async Task<string> GoodAsync()
    {
        var other = Sealer.Images.Storage.ImageStore.Open(Temp["good"]);
        var image = await RandomImage.WriteAsync(other, 1);
        await ArchiveExport.WriteAsync(other, [(Name, image)], Temp["bad.tar"], ArchiveFormat.OciArchive, new(), null, default);
        return Temp["bad.tar"];
    }

    private async Task<string> RewriteIndexAsync(Func<Descriptor, Descriptor> change)
    {
        var path = await GoodAsync();
        var entries = Read(path);
        var at = entries.FindIndex(e => e.Name == "index.json");
        var index = OciJson.ReadIndex(entries[at].Content);
        entries[at] = ("index.json", OciJson.Write(index with { Manifests = [change(index.Manifests[0])] }));
        Write(path, entries);
        return path;
    }

    private async Task<string> AddEntryAsync(TarEntry entry)
    {
        var path = await GoodAsync();
        var added = new MemoryStream();
        using (var tar = new TarWriter(added, leaveOpen: true))
            tar.WriteEntry(entry);

        // In front, so that the end of the archive stays its end.
        File.WriteAllBytes(path, [.. added.ToArray()[..^1024], .. File.ReadAllBytes(path)]);
        return path;
    }

    private string DockerArchive(byte[] layer, params TarEntry[] links)
    {
        var id = Digest.Of(layer);
        var config = $$"""{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["{{id}}","{{id}}","{{id}}"]} }""";
        var files = new (string, byte[])[]
        {
            ("a/layer.tar", layer),
            ("c.json", Encoding.UTF8.GetBytes(config)),
            ("manifest.json", """[{"Config":"c.json","RepoTags":["a:b"],"Layers":["a/layer.tar","b/layer.tar","c/layer.tar"]}]"""u8.ToArray()),
            ("repositories", "{}"u8.ToArray()),
        };
        using (var tar = new TarWriter(File.Create(Temp["docker.tar"]), TarEntryFormat.Ustar))
        {
            foreach (var (name, content) in files)
                tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content) });
            foreach (var link in links)
                tar.WriteEntry(link);
        }

        return Temp["docker.tar"];
    }

    /// <summary>A stream that ends in a fault of the medium.</summary>
    private sealed class FailingMedium(byte[] content, int good) : MemoryStream(content)
    {
        public override bool CanSeek => false;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            Position >= good ? throw new IOException("Input/output error") : base.ReadAsync(buffer, cancellationToken);
    }
}
