using System.Formats.Tar;
using Sealer.Images;
using Sealer.Images.Verifying;

namespace Sealer.Tests.Images.Verifying;

public sealed class ImageVerifierTests
{
    private readonly MemoryImages _images = new();
    private readonly TinyClusterImage _image = new();

    [Fact]
    public async Task A_whole_image_has_no_finding_and_every_container_image_is_counted()
    {
        _image.File("etc/a", "a").NextLayer().Contain("docker.io/library/nginx:1", "nginx").Contain("quay.io/demo/app:v1", "app", asIndex: true);
        var result = await Verify();
        Assert.Empty(result.Findings);
        Assert.True(result.Passed);
        Assert.Equal((2, 4), (result.ContainerImages, result.Blobs));
        Assert.Equal(_images.Blobs.Values.Sum(b => (long)b.Length), result.Bytes);
    }

    [GoldenFact]
    public async Task Sealers_own_image_is_whole()
    {
        Descriptor? root = null;
        using (var tar = new TarReader(File.OpenRead(Golden.PathOf("sealer-0.11-simple.oci-archive.tar"))))
        {
            while (await tar.GetNextEntryAsync(copyData: true) is { } entry)
            {
                if (entry.DataStream is null)
                    continue;
                using var content = new MemoryStream();
                await entry.DataStream.CopyToAsync(content);
                if (entry.Name == "index.json")
                    root = OciJson.ReadIndex(content.ToArray()).Manifests[0];
                else
                    _images.Add("", content.ToArray());
            }
        }

        Assert.Empty((await ImageVerifier.VerifyAsync(_images, null, root!, null, CancellationToken.None)).Findings);
    }

    [Fact]
    public async Task A_layer_with_one_bit_changed_is_found_and_the_others_are_read_all_the_same()
    {
        _image.File("a", "a").NextLayer().File("b", "b");
        var root = await _image.WriteAsync(_images);
        var layer = Manifest(root).Layers[0].Digest;
        _images.Blobs[layer][600] ^= 1;
        var result = await Verify(root);
        Assert.Equal([("DigestMismatch", layer.ToString())], result.Findings.Select(f => (f.Id, f.Subject)));
        Assert.False(result.Passed);
        Assert.Equal(3, result.Blobs);
    }

    [Fact]
    public async Task A_truncated_layer_is_found()
    {
        var root = await _image.File("a", new string('x', 5000)).WriteAsync(_images);
        var layer = Manifest(root).Layers[0].Digest;
        _images.Blobs[layer] = _images.Blobs[layer][..1024];
        Assert.Contains((await Verify(root)).Findings, f => f.Severity == FindingSeverity.Error && f.Subject == layer.ToString());
    }

    [Fact]
    public async Task A_layer_that_is_not_there_is_found()
    {
        var root = await _image.WriteAsync(_images);
        _images.Blobs.TryRemove(Manifest(root).Layers[0].Digest, out _);
        Assert.Equal("BlobNotFound", Assert.Single((await Verify(root)).Findings).Id);
    }

    [Theory]
    [InlineData(-1, "SizeMismatch")]
    [InlineData(1, "Truncated")]
    public async Task A_layer_whose_size_the_manifest_gets_wrong_is_found(int more, string id) => await Finds(
        id, m => m with { Layers = [m.Layers[0] with { Size = m.Layers[0].Size + more }] });

    [Fact]
    public async Task A_layer_of_another_media_type_than_told_is_found() => await Finds(
        "MediaTypeMismatch", m => m with { Layers = [m.Layers[0] with { MediaType = MediaType.OciLayerGzip }] });

    [Fact]
    public async Task A_layer_whose_diff_id_is_wrong_is_found() => await Finds(
        "DigestMismatch", null, c => c with { Rootfs = new ImageRootfs { DiffIds = [Digest.Of("other"u8)] } });

    [Fact]
    public async Task More_diff_ids_than_layers_are_found() => await Finds(
        "LayerCountMismatch", null, c => c with { Rootfs = new ImageRootfs { DiffIds = [.. c.Rootfs.DiffIds, Digest.Of("more"u8)] } });

    [Fact]
    public async Task A_history_of_more_layers_is_a_warning()
    {
        var result = await Verify(await _image.WriteAsync(_images, null, c => c with { History = [.. c.History!, .. c.History!] }));
        Assert.Equal(("HistoryMismatch", FindingSeverity.Warning), (result.Findings[0].Id, result.Findings[0].Severity));
        Assert.True(result.Passed);
    }

    [Fact]
    public async Task A_manifest_that_calls_itself_something_else_is_found() => await Finds(
        "MediaTypeMismatch", m => m with { MediaType = MediaType.DockerManifest });

    [Fact]
    public async Task A_config_that_was_changed_is_found_and_the_layers_are_read_all_the_same()
    {
        var root = await _image.File("a", "a").WriteAsync(_images);
        var config = Manifest(root).Config.Digest;
        _images.Blobs[config][^2] ^= 1;
        var result = await Verify(root);
        Assert.Equal("DigestMismatch", Assert.Single(result.Findings).Id);
        Assert.Equal(2, result.Blobs);
    }

    [Fact]
    public async Task An_image_that_is_not_there_is_an_error_and_not_a_warning()
    {
        var root = await _image.WriteAsync(_images);
        _images.Blobs.TryRemove(root.Digest, out _);
        Assert.False((await Verify(root)).Passed);
    }

    [Fact]
    public async Task Annotations_that_cannot_be_read_are_found()
    {
        _image.Extension = "{";
        Assert.Equal("InvalidManifest", Assert.Single((await Verify()).Findings).Id);
    }

    [Theory]
    [InlineData("""{"type":"kube","launch":{}}""", "InvalidImageType")]
    [InlineData("""{"type":"app-installer","launch":{"app_names":["x"]}}""", "LaunchUnknown")]
    [InlineData("""{"applications":[{"name":"a"},{"name":"a"}]}""", "DuplicateApplication")]
    [InlineData("""{"applications":[{"name":"../a"}]}""", "InvalidApplicationName")]
    [InlineData("""{"applications":[{"name":"a","type":"shell","files":["../../etc/passwd"]}]}""", "UnsafeApplicationFile")]
    [InlineData("""{"applications":[{"name":"a","type":"kube","files":["a.yaml"]}]}""", "ApplicationFileMissing")]
    public async Task What_contradicts_itself_in_sealers_data_is_found(string extension, string id)
    {
        _image.Extension = extension;
        Assert.Contains((await Verify()).Findings, f => f.Id == id && f.Severity == FindingSeverity.Error);
    }

    [Fact]
    public async Task An_application_whose_files_are_there_is_whole()
    {
        _image.Extension = """{"applications":[{"name":"a","type":"kube","files":["/x/a.yaml"]}],"launch":{"app_names":["a"]}}""";
        _image.File("application/apps/a/x/a.yaml", "kind: Pod");
        Assert.Empty((await Verify()).Findings);
    }

    [Fact]
    public async Task A_container_image_that_is_listed_and_not_inside_is_found()
    {
        _image.Contain("quay.io/demo/app:v1", "app");
        _image.ContainerImages.Add(new ContainerImageEntry { Image = "quay.io/demo/other:v1" });
        var finding = Assert.Single((await Verify()).Findings);
        Assert.Equal(("ContainerImageMissing", "quay.io/demo/other:v1"), (finding.Id, finding.Subject));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_container_image_without_one_of_its_blobs_is_found(int which)
    {
        _image.Contain("quay.io/demo/app:v1", "app");
        _image.Layers[0].RemoveAt(_image.Layers[0].FindAllIndices(f => f.Name.EndsWith("/data", StringComparison.Ordinal))[which]);
        Assert.Equal("ContainerImageIncomplete", Assert.Single((await Verify()).Findings).Id);
    }

    [Fact]
    public async Task A_blob_of_a_container_image_that_was_changed_is_found()
    {
        _image.Contain("quay.io/demo/app:v1", "app");
        var index = _image.Layers[0].FindIndex(f => f.Name.EndsWith("/data", StringComparison.Ordinal));
        _image.Layers[0][index].Content[600] ^= 1;
        var ids = (await Verify()).Findings.Select(f => f.Id).Distinct();
        Assert.Equal(["ContainerImageIncomplete", "DigestMismatch"], ids);
    }

    [Fact]
    public async Task A_container_image_that_a_later_layer_removes_is_found()
    {
        _image.Contain("quay.io/demo/app:v1", "app").NextLayer().File("registry/docker/registry/v2/repositories/demo/.wh.app", "");
        Assert.Equal("ContainerImageMissing", Assert.Single((await Verify()).Findings).Id);
    }

    [Fact]
    public async Task A_link_that_holds_no_digest_is_found()
    {
        _image.Contain("quay.io/demo/app:v1", "app").NextLayer().File("registry/docker/registry/v2/repositories/demo/app/_manifests/tags/v1/current/link", "../../etc/passwd");
        Assert.Equal(["ContainerImageMissing", "InvalidRegistry"], (await Verify()).Findings.Select(f => f.Id));
    }

    [Fact]
    public async Task A_container_image_for_another_platform_than_the_cluster_image_is_found()
    {
        _image.Contain("quay.io/demo/app:v1", "app", asIndex: true);
        _image.ContainerImages[0] = _image.ContainerImages[0] with { Platform = Platform.Parse("linux/s390x") };
        Assert.Equal(["ContainerImageIncomplete", "PlatformMismatch"], (await Verify()).Findings.Select(f => f.Id));
    }

    [Fact]
    public async Task A_container_image_under_its_domain_is_found_where_the_image_says()
    {
        _image.Contain("quay.io/demo/app:v1", "one").Contain("ghcr.io/demo/app:v1", "two", repository: "ghcr.io/demo/app");
        _image.Paths["ghcr.io/demo/app:v1"] = "ghcr.io/demo/app";
        var result = await Verify();
        Assert.Empty(result.Findings);
        Assert.Equal(2, result.ContainerImages);
    }

    [Fact]
    public async Task An_image_without_registry_is_whole_with_a_warning()
    {
        _image.ContainerImages.Add(new ContainerImageEntry { Image = "quay.io/demo/other:v1" });
        var result = await Verify();
        Assert.Equal("NoRegistry", Assert.Single(result.Findings).Id);
        Assert.True(result.Passed);
    }

    [Fact]
    public async Task Every_platform_is_verified_and_one_that_was_not_pulled_is_a_warning()
    {
        var amd = await _image.WriteAsync(_images) with { Platform = Platform.Parse("linux/amd64") };
        var arm = await new TinyClusterImage { Platform = "linux/arm64" }.WriteAsync(_images) with { Platform = Platform.Parse("linux/arm64") };
        var absent = Descriptor.Of(MediaType.OciManifest, "absent"u8) with { Platform = Platform.Parse("linux/s390x") };
        var result = await Verify(_images.AddIndex(MediaType.OciIndex, amd, arm, absent));
        Assert.Equal(2, result.Platforms.Count);
        Assert.Equal(("PlatformAbsent", "linux/s390x"), (Assert.Single(result.Findings).Id, result.Findings[0].Platform!.ToString()));
        Assert.True(result.Passed);
    }

    [Fact]
    public async Task An_index_that_announces_another_platform_than_the_image_is_for_is_found()
    {
        var amd = await _image.WriteAsync(_images) with { Platform = Platform.Parse("linux/arm64") };
        Assert.Equal("PlatformMismatch", Assert.Single((await Verify(_images.AddIndex(MediaType.OciIndex, amd))).Findings).Id);
    }

    [Fact]
    public async Task Indexes_nested_without_end_end()
    {
        var root = await _image.WriteAsync(_images);
        for (var i = 0; i < 10; i++)
            root = _images.AddIndex(MediaType.OciIndex, root);
        Assert.Equal("IndexTooDeep", Assert.Single((await Verify(root)).Findings).Id);
    }

    private async Task Finds(string id, Func<ImageManifest, ImageManifest>? change, Func<ImageConfig, ImageConfig>? changeConfig = null)
    {
        var result = await Verify(await _image.File("a", "a").WriteAsync(_images, change, changeConfig));
        Assert.Contains(result.Findings, f => f.Id == id && f.Severity == FindingSeverity.Error);
    }

    private ImageManifest Manifest(Descriptor root) => OciJson.ReadManifest(_images.Blobs[root.Digest]);

    private async Task<ImageVerification> Verify() => await Verify(await _image.WriteAsync(_images));

    private Task<ImageVerification> Verify(Descriptor root) =>
        ImageVerifier.VerifyAsync(_images, null, root, null, CancellationToken.None);
}

internal static class ListExtensions
{
    public static List<int> FindAllIndices<T>(this List<T> list, Predicate<T> match) =>
        [.. Enumerable.Range(0, list.Count).Where(i => match(list[i]))];
}
