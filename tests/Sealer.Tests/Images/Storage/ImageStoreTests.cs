using System.Text;
using Sealer.Images;
using Sealer.Images.Storage;

namespace Sealer.Tests.Images.Storage;

public sealed class ImageStoreTests : IDisposable
{
    private static readonly ImageReference Name = ImageReference.Parse("registry.example.com/skyline:v3");
    private readonly TemporaryFolder _temp = new();

    private ImageStore Store => ImageStore.Open(_temp["store"]);

    public void Dispose() => _temp.Dispose();

    [Fact]
    public async Task What_is_written_is_read_back_at_any_offset()
    {
        var store = Store;
        var content = RandomImage.Bytes(1, 3_000_000);
        var blob = await store.PutAsync(MediaType.OciLayer, content);
        Assert.True(store.TryGetSize(blob.Digest, out var size));
        Assert.Equal(content.Length, size);
        Assert.Equal(content, ReadAll(await store.OpenAsync(blob, 0, default)));
        Assert.Equal(content[1_234_567..], ReadAll(await store.OpenAsync(blob, 1_234_567, default)));
        Assert.Equal(content, File.ReadAllBytes(_temp[$"store/blobs/sha256/{blob.Digest.Hex}"]));
    }

    [Fact]
    public async Task A_writer_names_the_blob_by_what_was_written()
    {
        var store = Store;
        var content = RandomImage.Bytes(2, 1_500_000);
        await using var writer = store.CreateBlob();
        await writer.WriteAsync(content.AsMemory(0, 7));
        writer.Write(content, 7, 1000);
        await writer.WriteAsync(content.AsMemory(1007));
        var (digest, size) = await writer.CommitAsync(null, default);
        Assert.Equal(Digest.Of(content), digest);
        Assert.Equal(content.Length, size);
        Assert.Equal(content, ReadAll(store.OpenRead(digest)));
        Assert.Empty(Directory.GetFiles(_temp["store/partial"]));
    }

    [Fact]
    public async Task A_writer_that_is_not_committed_leaves_nothing()
    {
        var store = Store;
        await using (var writer = store.CreateBlob())
            await writer.WriteAsync(RandomImage.Bytes(3, 100_000));
        await using (var writer = store.CreateBlob())
        {
            await writer.WriteAsync(RandomImage.Bytes(3, 100));
            var error = await Assert.ThrowsAsync<SealerException>(() => writer.CommitAsync(Digest.Of([1]), default));
            Assert.Equal("DigestMismatch", error.Id);
        }

        Assert.Empty(Directory.GetFiles(_temp["store/partial"]));
        Assert.Empty(Directory.GetFiles(_temp["store/blobs/sha256"]));
    }

    [Fact]
    public async Task Names_are_given_moved_listed_and_taken_away()
    {
        var store = Store;
        var one = await RandomImage.WriteAsync(store, 1);
        var two = await RandomImage.WriteAsync(store, 2);
        await store.TagAsync(Name, one, default);
        await store.TagAsync(Name.WithTag("latest"), one, default);
        await store.TagAsync(Name, two, default);
        Assert.Equal(two.Digest, (await store.ResolveAsync(Name, default))?.Digest);
        Assert.Equal(["registry.example.com/skyline:latest", "registry.example.com/skyline:v3"], Store.List().Select(i => i.Reference!.ToString()).Order());
        Assert.True(await store.UntagAsync(Name, default));
        Assert.False(await store.UntagAsync(Name, default));
        Assert.Null(await store.ResolveAsync(Name, default));
        Assert.Equal(one.Digest, (await store.ResolveAsync(Name.WithDigest(one.Digest), default))?.Digest);
        Assert.Equal(MediaType.OciManifest, (await store.ResolveAsync(Name.WithDigest(two.Digest), default))?.MediaType);
        Assert.Null(await store.ResolveAsync(Name.WithDigest(Digest.Of([9])), default));
    }

    [Fact]
    public async Task A_name_for_what_is_not_there_is_refused()
    {
        var missing = Descriptor.Of(MediaType.OciManifest, "{}"u8);
        Assert.Equal("BlobNotFound", (await Assert.ThrowsAsync<SealerException>(() => Store.TagAsync(Name, missing, default))).Id);
        Assert.Equal("BlobNotFound", (await Assert.ThrowsAsync<SealerException>(() => Store.OpenAsync(missing, 0, default))).Id);
    }

    [Fact]
    public async Task The_store_is_an_OCI_layout_with_the_full_name()
    {
        await Store.TagAsync(ImageReference.Parse("nginx"), await RandomImage.WriteAsync(Store, 1), default);
        Assert.Equal("""{"imageLayoutVersion":"1.0.0"}""", File.ReadAllText(_temp["store/oci-layout"]));
        var entry = Assert.Single(OciJson.ReadIndex(File.ReadAllBytes(_temp["store/index.json"])).Manifests);
        Assert.Equal("docker.io/library/nginx:latest", entry.Annotations!["org.opencontainers.image.ref.name"]);
    }

    [Fact]
    public async Task A_cut_source_is_asked_for_the_rest_only()
    {
        var store = Store;
        var content = RandomImage.Bytes(4, 5_000_000);
        var blob = Descriptor.Of(MediaType.OciLayer, content);
        var offsets = new List<long>();
        await store.PutAsync(
            blob,
            (offset, _) =>
            {
                offsets.Add(offset);
                return Task.FromResult<Stream>(new CutStream(content, (int)offset, 2_000_000));
            },
            null,
            default);
        Assert.Equal([0L, 2_000_000L, 4_000_000L], offsets);
        Assert.Equal(content, ReadAll(store.OpenRead(blob.Digest)));
    }

    [Fact]
    public async Task A_later_call_goes_on_where_an_earlier_one_was_cut()
    {
        var store = Store;
        var content = RandomImage.Bytes(5, 3_000_000);
        var blob = Descriptor.Of(MediaType.OciLayer, content);
        var calls = 0;
        await Assert.ThrowsAsync<IOException>(() => store.PutAsync(
            blob,
            (offset, _) => calls++ == 0
                ? Task.FromResult<Stream>(new CutStream(content, 0, 1_700_000))
                : throw new IOException("The cable is out."),
            null,
            default));
        Assert.False(store.TryGetSize(blob.Digest, out _));

        var offsets = new List<long>();
        await Store.PutAsync(
            blob,
            (offset, _) =>
            {
                offsets.Add(offset);
                return Task.FromResult<Stream>(new MemoryStream(content[(int)offset..]));
            },
            null,
            default);
        Assert.Equal([1_700_000L], offsets);
        Assert.Equal(content, ReadAll(store.OpenRead(blob.Digest)));
        Assert.Empty(Directory.GetFiles(_temp["store/partial"]));
    }

    [Fact]
    public async Task What_a_strangers_index_said_of_an_image_does_not_fill_the_list_of_the_store()
    {
        var image = await RandomImage.WriteAsync(Store, 1, layers: 1) with
        {
            Annotations = new Dictionary<string, string> { ["x"] = new('x', OciJson.MaxManifestSize) },
            Urls = [new('x', OciJson.MaxManifestSize)],
        };
        await Store.TagAsync(ImageReference.Parse("a:1"), image, default);
        await Store.PinAsync(image, default);
        Assert.All(Store.List(), stored => Assert.Equal(image.Digest, stored.Descriptor.Digest));
    }

    [Fact]
    public async Task A_list_that_could_not_be_read_again_is_not_written()
    {
        var image = await RandomImage.WriteAsync(Store, 1, layers: 1);
        await Store.TagAsync(ImageReference.Parse("a:1"), image, default);
        var hostile = image with { ArtifactType = new('x', OciJson.MaxManifestSize) };
        var error = await Assert.ThrowsAsync<SealerException>(() => Store.TagAsync(ImageReference.Parse("a:2"), hostile, default));
        Assert.Equal("StoreIndexFull", error.Id);
        Assert.Equal("a:1", Assert.Single(Store.List()).Reference!.ToFamiliarString());
    }

    [Fact]
    public async Task A_damaged_leftover_is_fetched_again_from_the_beginning()
    {
        var content = RandomImage.Bytes(6, 1_000_000);
        var blob = Descriptor.Of(MediaType.OciLayer, content);
        _ = Store;
        File.WriteAllBytes(_temp[$"store/partial/sha256-{blob.Digest.Hex}"], new byte[600_000]);
        var offsets = new List<long>();
        await Store.PutAsync(
            blob,
            (offset, _) =>
            {
                offsets.Add(offset);
                return Task.FromResult<Stream>(new MemoryStream(content[(int)offset..]));
            },
            null,
            default);
        Assert.Equal([600_000L, 0L], offsets);
        Assert.Equal(content, ReadAll(Store.OpenRead(blob.Digest)));
    }

    [Theory]
    [InlineData(0, 0, 1, "DigestMismatch")]
    [InlineData(-1, 0, 0, "SizeMismatch")]
    [InlineData(1, 0, 0, "Truncated")]
    [InlineData(0, 500_000, 0, "SizeMismatch")]
    public async Task Content_that_is_not_what_it_says_is_refused_and_not_kept(int sizeLie, int extra, byte change, string id)
    {
        var content = RandomImage.Bytes(7, 1_000_000);
        var blob = Descriptor.Of(MediaType.OciLayer, content);
        content[10] += change;
        var sent = content.Concat(new byte[extra]).ToArray();
        var store = Store;
        var error = await Assert.ThrowsAsync<SealerException>(() => store.PutAsync(
            blob with { Size = blob.Size + sizeLie },
            (offset, _) => Task.FromResult<Stream>(new MemoryStream(sent[(int)offset..])),
            null,
            default));
        Assert.Equal(id, error.Id);
        Assert.False(store.TryGetSize(blob.Digest, out _));
        Assert.Equal(0, new DirectoryInfo(_temp["store/partial"]).GetFiles().Sum(f => f.Length));
    }

    [Fact]
    public async Task Many_that_write_the_same_blob_at_once_fetch_it_once()
    {
        var content = RandomImage.Bytes(8, 2_000_000);
        var blob = Descriptor.Of(MediaType.OciLayer, content);
        var opened = 0;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Store.PutAsync(
            blob,
            async (offset, token) =>
            {
                Interlocked.Increment(ref opened);
                await Task.Delay(20, token);
                return new MemoryStream(content[(int)offset..]);
            },
            null,
            default))));
        Assert.Equal(1, opened);
        Assert.Equal(content, ReadAll(Store.OpenRead(blob.Digest)));
        Assert.Empty(Directory.GetFiles(_temp["store/partial"]));
    }

    [Fact]
    public async Task Many_that_name_at_once_all_find_their_name()
    {
        var image = await RandomImage.WriteAsync(Store, 1);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() => Store.TagAsync(Name.WithTag($"v{i}"), image, default))));
        Assert.Equal(20, Store.List().Count);
    }

    [Fact]
    public async Task A_blob_of_the_wrong_length_on_disk_counts_as_missing_and_is_written_anew()
    {
        var store = Store;
        var content = RandomImage.Bytes(9, 50_000);
        var blob = await store.PutAsync(MediaType.OciLayer, content);
        File.WriteAllBytes(_temp[$"store/blobs/sha256/{blob.Digest.Hex}"], content[..40_000]);
        Assert.False(await store.ExistsAsync(blob, default));
        await store.PutAsync(MediaType.OciLayer, content);
        Assert.Equal(content, ReadAll(store.OpenRead(blob.Digest)));
    }

    [Fact]
    public void A_folder_of_other_things_is_not_taken_for_a_store()
    {
        File.WriteAllText(_temp["thesis.docx"], "");
        Assert.Equal("NotAStore", Assert.Throws<SealerException>(() => ImageStore.Open(_temp.Path)).Id);
        Assert.Equal([_temp["thesis.docx"]], Directory.GetFileSystemEntries(_temp.Path));
    }

    [Theory]
    [InlineData("store.json", """{"version":2}""", "StoreTooNew")]
    [InlineData("store.json", "\0\0\0", "StoreCorrupt")]
    [InlineData("store.json", "{}", "StoreCorrupt")]
    [InlineData("index.json", "", "StoreCorrupt")]
    [InlineData("index.json", """{"manifests":[{"digest":"sha256:../../etc/passwd"}]}""", "StoreCorrupt")]
    public void A_damaged_or_newer_store_is_refused_with_a_reason(string file, string text, string id)
    {
        _ = Store;
        File.WriteAllText(_temp[$"store/{file}"], text);
        var error = Assert.Throws<SealerException>(() => Store);
        Assert.Equal(id, error.Id);
        Assert.Contains(_temp["store"], error.Message);
    }

    [Fact]
    public void Only_the_owner_may_look_into_the_store()
    {
        _ = Store;
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_temp["store"]));
    }

    [Fact]
    public async Task The_cache_gives_back_what_it_was_given_while_its_blobs_are_there()
    {
        var store = Store;
        var blob = await store.PutAsync(MediaType.OciLayer, [1, 2, 3]);
        store.WriteCache("COPY . / ../../x", Encoding.UTF8.GetBytes("""{"a":[1,2]}"""), [blob.Digest]);
        Assert.Equal("""{"a":[1,2]}""", Encoding.UTF8.GetString(Store.TryReadCache("COPY . / ../../x")!));
        Assert.Null(Store.TryReadCache("other"));
        File.Delete(_temp[$"store/blobs/sha256/{blob.Digest.Hex}"]);
        Assert.Null(Store.TryReadCache("COPY . / ../../x"));
        File.WriteAllText(Assert.Single(Directory.GetFiles(_temp["store/cache"])), "{");
        Assert.Null(Store.TryReadCache("COPY . / ../../x"));
    }

    private static byte[] ReadAll(Stream stream)
    {
        using (stream)
        {
            var all = new MemoryStream();
            stream.CopyTo(all);
            return all.ToArray();
        }
    }
}
