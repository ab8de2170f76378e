using System.IO.Compression;
using Sealer.Images;
using Sealer.Images.Archives;
using Sealer.Images.Storage;

namespace Sealer.Tests.Images.Archives;

public sealed class ArchiveRoundTripTests : ArchiveTestBase
{
    [Theory]
    [InlineData(ArchiveFormat.OciArchive)]
    [InlineData(ArchiveFormat.OciFolder)]
    public async Task An_index_comes_back_from_OCI_forms_with_the_same_digest(ArchiveFormat format)
    {
        var index = await RandomImage.WriteIndexAsync(Store, 1, "linux/amd64", "linux/arm64");
        var path = await ExportAsync(index, format);
        using (var archive = await ImageArchive.OpenAsync(path, default))
        {
            Assert.Equal(format, archive.Format);
            Assert.Equal(Name, Assert.Single(archive.Images).Reference);
        }

        var (store, root) = await ImportAsync(path);
        Assert.Equal(index.Digest, root.Digest);
        Assert.Equal(Blobs("store"), Blobs("other"));
        Assert.Equal(Name, store.List().Single().Reference);
    }

    [Theory]
    [InlineData(ArchiveFormat.DockerArchive)]
    [InlineData(ArchiveFormat.DockerFolder)]
    public async Task A_cluster_image_keeps_its_annotations_and_its_config_through_Dockers_forms(ArchiveFormat format)
    {
        var image = await RandomImage.WriteAsync(Store, 1, layers: 3, annotations: ClusterImage);
        var path = await ExportAsync(image, format);
        var (store, root) = await ImportAsync(path);
        var (config, annotations) = await DescribeAsync(store, root);
        Assert.Equal(Lines(ClusterImage), Lines(annotations));
        Assert.Null(config.Settings);
        var before = OciJson.ReadManifest(await ImageDocument.ReadAsync(Store, image, default));
        var after = OciJson.ReadManifest(await ImageDocument.ReadAsync(store, root, default));
        Assert.Equal(before.Config.Digest, after.Config.Digest);
        Assert.Equal(before.Layers, after.Layers);
    }

    [Fact]
    public async Task Labels_beside_the_fallback_stay()
    {
        var labels = new Dictionary<string, string> { ["io.sealer.version"] = "0.11", ["a"] = "<b>" };
        var image = await RandomImage.WriteAsync(Store, 1, annotations: ClusterImage, labels: labels);
        var (store, root) = await ImportAsync(await ExportAsync(image, ArchiveFormat.DockerArchive));
        var (config, _) = await DescribeAsync(store, root);
        Assert.Equal(Lines(labels), Lines(config.Settings!.Labels));
    }

    [Theory]
    [InlineData(ArchiveFormat.DockerArchive, true)]
    [InlineData(ArchiveFormat.DockerArchive, false)]
    [InlineData(ArchiveFormat.DockerFolder, true)]
    public async Task Zstd_layers_are_plain_in_Dockers_forms_whether_their_frames_state_a_size_or_not(ArchiveFormat format, bool sized)
    {
        var tar = TinyTar.Of(("a", RandomImage.Bytes(1, 400_000)), ("b", new byte[3_000_000]));
        var packed = PackedImage.Zstd(tar, sized);
        Assert.Equal(sized ? tar.Length : null, ZstdFrames.TryMeasure(new MemoryStream(packed)));
        var image = await PackedImage.WriteAsync(Store, MediaType.OciLayerZstd, packed, tar);
        var (store, root) = await ImportAsync(await ExportAsync(image, format));
        var layer = Assert.Single(OciJson.ReadManifest(await ImageDocument.ReadAsync(store, root, default)).Layers);
        Assert.Equal((MediaType.OciLayer, Digest.Of(tar), tar.Length), (OciType(layer.MediaType), layer.Digest, layer.Size));
    }

    [Fact]
    public async Task Gzip_layers_stay_gzip_in_Dockers_forms()
    {
        var tar = TinyTar.Of("a", RandomImage.Bytes(1, 400_000));
        var packed = PackedImage.Gzip(tar);
        var image = await PackedImage.WriteAsync(Store, MediaType.OciLayerGzip, packed, tar);
        foreach (var format in new[] { ArchiveFormat.DockerArchive, ArchiveFormat.DockerFolder })
        {
            var (store, root) = await ImportAsync(await ExportAsync(image, format, name: $"{format}"), $"store-{format}");
            var layer = Assert.Single(OciJson.ReadManifest(await ImageDocument.ReadAsync(store, root, default)).Layers);
            Assert.Equal(Digest.Of(packed), layer.Digest);
        }
    }

    [Fact]
    public async Task A_layer_that_is_a_recipe_is_exported_whole()
    {
        var inner = await Store.PutAsync(MediaType.OciLayer, RandomImage.Bytes(1, 5000));
        using var writer = Store.CreateRecipe();
        writer.Append(new byte[512]);
        await writer.AppendAsync(inner.Digest, default);
        var (digest, size) = await writer.CommitAsync(default);
        var layer = new Descriptor { MediaType = MediaType.OciLayer, Digest = digest, Size = size };
        var image = await PackedImage.WriteAsync(Store, layer, digest);
        var (store, _) = await ImportAsync(await ExportAsync(image, ArchiveFormat.OciArchive));
        Assert.NotNull(store.TryGetPath(digest));
    }

    [Fact]
    public async Task Dockers_forms_want_one_platform()
    {
        var index = await RandomImage.WriteIndexAsync(Store, 1, "linux/amd64", "linux/arm64");
        var error = await Assert.ThrowsAsync<SealerException>(() => ExportAsync(index, ArchiveFormat.DockerArchive));
        Assert.Equal("OnePlatformOnly", error.Id);
        Assert.Contains("linux/arm64", error.Message);
        Assert.False(File.Exists(Temp["out"]));
        var (store, root) = await ImportAsync(await ExportAsync(
            index, ArchiveFormat.DockerArchive, new ExportOptions { Platforms = [Platform.Parse("linux/arm64")] }));
        Assert.Equal("arm64", (await DescribeAsync(store, root)).Config.Architecture);
    }

    [Fact]
    public async Task Several_images_share_an_archive_and_their_layers()
    {
        var one = await RandomImage.WriteAsync(Store, 1);
        var two = await RandomImage.WriteAsync(Store, 2);
        (ImageReference?, Descriptor)[] images = [(Name, one), (Name.WithTag("latest"), one), (Name.WithTag("v4"), two)];
        foreach (var format in new[] { ArchiveFormat.OciArchive, ArchiveFormat.DockerArchive })
        {
            await ArchiveExport.WriteAsync(Store, images, Temp[$"{format}"], format, new(), null, default);
            using var archive = await ImageArchive.OpenAsync(Temp[$"{format}"], default);
            Assert.Equal(3, archive.Images.Count);
            Assert.Equal(archive.Images[0].Descriptor.Digest, archive.Images[1].Descriptor.Digest);
            Assert.True(new FileInfo(Temp[$"{format}"]).Length < 60_000);
            Assert.Equal(3, (await ArchiveImport.ImportAsync(Temp[$"{format}"], ImageStore.Open(Temp[$"s{format}"]), new(), null, default)).Count);
        }
    }

    [Fact]
    public async Task The_same_image_makes_the_same_archive()
    {
        var index = await RandomImage.WriteIndexAsync(Store, 1, "linux/amd64", "linux/arm64");
        var one = await ExportAsync(index, ArchiveFormat.OciArchive, name: "one");
        var two = await ExportAsync(index, ArchiveFormat.OciArchive, name: "two");
        Assert.Equal(File.ReadAllBytes(one), File.ReadAllBytes(two));
    }

    [Fact]
    public async Task Artifacts_that_refer_to_the_image_go_along_when_asked()
    {
        var image = await RandomImage.WriteAsync(Store, 1);
        await Store.TagAsync(Name, image, default);
        await Store.PinAsync(await RandomImage.WriteAsync(Store, 2, subject: image), default);
        var (store, _) = await ImportAsync(await ExportAsync(image, ArchiveFormat.OciArchive, new ExportOptions { Referrers = true }));
        Assert.Single(await store.ListReferrersAsync(image, default));
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("zstd")]
    public async Task A_compressed_archive_is_imported_as_it_streams(string with)
    {
        var index = await RandomImage.WriteIndexAsync(Store, 1, "linux/amd64", "linux/arm64");
        var path = await ExportAsync(index, ArchiveFormat.OciArchive);
        var tar = File.ReadAllBytes(path);
        File.WriteAllBytes(path, with == "gzip" ? PackedImage.Gzip(tar) : PackedImage.Zstd(tar, sized: true));
        Assert.Equal("ArchiveCompressed", (await Assert.ThrowsAsync<SealerException>(() => ImageArchive.OpenAsync(path, default))).Id);
        var (_, root) = await ImportAsync(path);
        Assert.Equal(index.Digest, root.Digest);
        Assert.Equal(Blobs("store"), Blobs("other"));
    }

    [Fact]
    public async Task A_compressed_Docker_archive_is_imported_as_it_streams()
    {
        var tar = TinyTar.Of("a", RandomImage.Bytes(1, 400_000));
        var image = await PackedImage.WriteAsync(Store, MediaType.OciLayerGzip, PackedImage.Gzip(tar), tar, ClusterImage);
        var path = await ExportAsync(image, ArchiveFormat.DockerArchive);
        File.WriteAllBytes(path, PackedImage.Gzip(File.ReadAllBytes(path)));
        var (store, root) = await ImportAsync(path);
        Assert.Equal(Lines(ClusterImage), Lines((await DescribeAsync(store, root)).Annotations));
    }

    [Fact]
    public async Task A_folder_of_an_unpacked_Docker_archive_is_read()
    {
        var image = await RandomImage.WriteAsync(Store, 1, annotations: ClusterImage);
        var path = await ExportAsync(image, ArchiveFormat.DockerArchive);
        System.Formats.Tar.TarFile.ExtractToDirectory(path, Directory.CreateDirectory(Temp["unpacked"]).FullName, false);
        var (store, root) = await ImportAsync(Temp["unpacked"]);
        Assert.Equal(Lines(ClusterImage), Lines((await DescribeAsync(store, root)).Annotations));
    }

    [Fact]
    public async Task An_OCI_folder_takes_another_image_beside_those_that_it_has()
    {
        await ExportAsync(await RandomImage.WriteAsync(Store, 1), ArchiveFormat.OciFolder);
        await ArchiveExport.WriteAsync(
            Store, [(Name.WithTag("v4"), await RandomImage.WriteAsync(Store, 2))], Temp["out"], ArchiveFormat.OciFolder, new(), null, default);
        using var archive = await ImageArchive.OpenAsync(Temp["out"], default);
        Assert.Equal(2, archive.Images.Count);
    }

    [Theory]
    [InlineData(ArchiveFormat.OciFolder)]
    [InlineData(ArchiveFormat.DockerFolder)]
    public async Task A_folder_of_other_things_is_not_written_to(ArchiveFormat format)
    {
        Directory.CreateDirectory(Temp["out"]);
        File.WriteAllText(Temp["out/thesis.docx"], "");
        var image = await RandomImage.WriteAsync(Store, 1);
        Assert.Equal("FolderNotEmpty", (await Assert.ThrowsAsync<SealerException>(() => ExportAsync(image, format))).Id);
        Assert.Single(Directory.GetFileSystemEntries(Temp["out"]));
    }

    [Fact]
    public async Task A_folder_that_only_has_a_file_named_version_is_spared()
    {
        Directory.CreateDirectory(Temp["out/thesis"]);
        File.WriteAllText(Temp["out/thesis/chapter.docx"], "years of work");
        File.WriteAllText(Temp["out/version"], "1.0\n");
        var image = await RandomImage.WriteAsync(Store, 1);
        await RefusedAsync("FolderNotEmpty");

        // Of the form, but with something of the user in it.
        File.WriteAllText(Temp["out/version"], "Directory Transport Version: 1.1\n");
        File.WriteAllText(Temp["out/manifest.json"], "{}");
        await RefusedAsync("FolderNotEmpty");
        Assert.Equal("years of work", File.ReadAllText(Temp["out/thesis/chapter.docx"]));

        async Task RefusedAsync(string id) => Assert.Equal(
            id,
            (await Assert.ThrowsAsync<SealerException>(() => ExportAsync(image, ArchiveFormat.DockerFolder, new ExportOptions { Replace = true }))).Id);
    }

    [Fact]
    public async Task An_earlier_export_to_a_folder_is_replaced_only_where_it_shall_be()
    {
        await ExportAsync(await RandomImage.WriteAsync(Store, 1), ArchiveFormat.DockerFolder);
        var before = Directory.GetFiles(Temp["out"]).Order().ToList();
        var other = await RandomImage.WriteAsync(Store, 2);
        Assert.Equal("FileExists", (await Assert.ThrowsAsync<SealerException>(() => ExportAsync(other, ArchiveFormat.DockerFolder))).Id);
        Assert.Equal(before, Directory.GetFiles(Temp["out"]).Order());

        await ExportAsync(other, ArchiveFormat.DockerFolder, new ExportOptions { Replace = true });
        var (store, _) = await ImportAsync(Temp["out"]);
        Assert.Single(store.List());
        Assert.Equal(["manifest.json", "version"], Directory.GetFiles(Temp["out"]).Order().Intersect(before).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_damaged_blob_of_an_OCI_folder_is_written_again()
    {
        var image = await RandomImage.WriteAsync(Store, 1);
        await ExportAsync(image, ArchiveFormat.OciFolder);
        var layer = OciJson.ReadManifest(await ImageDocument.ReadAsync(Store, image, default)).Layers[0];
        var blob = Temp[$"out/blobs/sha256/{layer.Digest.Hex}"];
        var bytes = File.ReadAllBytes(blob);
        bytes[600]++;
        File.WriteAllBytes(blob, bytes);

        await ExportAsync(image, ArchiveFormat.OciFolder);
        Assert.Equal(layer.Digest, Digest.Of(File.ReadAllBytes(blob)));
        var (_, root) = await ImportAsync(Temp["out"]);
        Assert.Equal(image.Digest, root.Digest);
    }

    [Fact]
    public async Task A_failed_export_leaves_nothing_and_spares_the_old_archive()
    {
        File.WriteAllText(Temp["out"], "old");
        var image = await RandomImage.WriteAsync(Store, 1);
        var layer = OciJson.ReadManifest(await ImageDocument.ReadAsync(Store, image, default)).Layers[1];
        var blob = Store.TryGetPath(layer.Digest)!;
        var bytes = File.ReadAllBytes(blob);
        bytes[600]++;
        foreach (var format in new[] { ArchiveFormat.OciArchive, ArchiveFormat.DockerArchive })
        {
            File.WriteAllBytes(blob, bytes);
            Assert.Equal("DigestMismatch", (await Assert.ThrowsAsync<SealerException>(() => ExportAsync(image, format))).Id);
            Assert.Equal("old", File.ReadAllText(Temp["out"]));
        }

        Assert.Equal([Temp["out"], Temp["store"]], Directory.GetFileSystemEntries(Temp.Path).Order());
    }

    [Fact]
    public async Task A_name_is_given_to_an_image_that_has_none()
    {
        var image = await RandomImage.WriteAsync(Store, 1);
        await ArchiveExport.WriteAsync(Store, [(null, image)], Temp["out"], ArchiveFormat.OciArchive, new(), null, default);
        var unnamed = await ImportAsync(Temp["out"]);
        Assert.Null(unnamed.Store.List().Single().Reference);
        await ArchiveImport.ImportAsync(Temp["out"], unnamed.Store, new ImportOptions { Reference = Name }, null, default);
        Assert.Equal(Name, unnamed.Store.List().Single().Reference);
    }

    [Fact]
    public async Task Importing_again_writes_nothing()
    {
        var path = await ExportAsync(await RandomImage.WriteAsync(Store, 1), ArchiveFormat.OciArchive);
        await ImportAsync(path);
        var before = Directory.GetFiles(Temp["other/blobs/sha256"]).Select(f => (f, File.GetLastWriteTimeUtc(f))).Order().ToList();
        await ImportAsync(path);
        Assert.Equal(before, Directory.GetFiles(Temp["other/blobs/sha256"]).Select(f => (f, File.GetLastWriteTimeUtc(f))).Order());
    }

    private static string OciType(string mediaType) => mediaType == MediaType.DockerLayer ? MediaType.OciLayer : mediaType;

    private IEnumerable<string?> Blobs(string store) => Directory.GetFiles(Temp[$"{store}/blobs/sha256"]).Select(Path.GetFileName).Order();
}

/// <summary>Images of one layer that is packed somehow.</summary>
internal static class PackedImage
{
    public static byte[] Gzip(byte[] content)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
            gzip.Write(content);
        return packed.ToArray();
    }

    /// <summary>Two frames, which state their size or do not.</summary>
    public static byte[] Zstd(byte[] content, bool sized)
    {
        var packed = new MemoryStream();
        foreach (var half in new[] { content[..(content.Length / 2)], content[(content.Length / 2)..] })
        {
            if (sized)
            {
                using var compressor = new ZstdSharp.Compressor();
                packed.Write(compressor.Wrap(half));
            }
            else
            {
                using var stream = new ZstdSharp.CompressionStream(packed, leaveOpen: true);
                stream.Write(half);
            }
        }

        return packed.ToArray();
    }

    public static async Task<Descriptor> WriteAsync(
        IImageTarget target, string mediaType, byte[] packed, byte[] tar, IReadOnlyDictionary<string, string>? annotations = null) =>
        await WriteAsync(target, await target.PutAsync(mediaType, packed), Digest.Of(tar), annotations);

    public static async Task<Descriptor> WriteAsync(
        IImageTarget target, Descriptor layer, Digest diffId, IReadOnlyDictionary<string, string>? annotations = null)
    {
        var config = new ImageConfig { Architecture = "amd64", Os = "linux", Rootfs = new ImageRootfs { DiffIds = [diffId] } };
        return await target.PutAsync(MediaType.OciManifest, OciJson.Write(new ImageManifest
        {
            MediaType = MediaType.OciManifest,
            Config = await target.PutAsync(MediaType.OciConfig, OciJson.Write(config)),
            Layers = [layer],
            Annotations = annotations,
        }));
    }
}
