using Sealer.Images;
using Sealer.Images.ContainerImages;
using Sealer.Images.ContainerImages.RegistryFolder;

namespace Sealer.Tests.Images.ContainerImages.Fetching;

public sealed class ContainerImageFetcherTests : IDisposable
{
    private readonly RegistryFolderFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task Only_the_wanted_platform_of_an_index_is_fetched_and_the_index_is_kept_as_it_is()
    {
        var registry = _fixture.Of("r.io");
        var index = await RandomImage.WriteIndexAsync(registry, 10, "linux/arm64", "linux/amd64");
        await registry.TagAsync(ImageReference.Parse("r.io/a:1"), index, CancellationToken.None);
        var image = Assert.Single(await _fixture.FetchAsync(RegistryFolderSource.Empty, "r.io/a:1"));
        Assert.Equal(index, image.Root);
        Assert.Equal([index.Digest, OciJson.ReadIndex(registry.Blobs[index.Digest]).Manifests[1].Digest], image.Documents.Select(d => d.Digest));
        Assert.Equal(3, image.Blobs.Count);
        Assert.All(image.Documents.Concat(image.Blobs), blob => Assert.True(_fixture.Store.TryGetSize(blob.Digest, out _)));
        var others = OciJson.ReadManifest(registry.Blobs[OciJson.ReadIndex(registry.Blobs[index.Digest]).Manifests[0].Digest]).Layers;
        Assert.All(others, layer => Assert.False(_fixture.Store.TryGetSize(layer.Digest, out _)));
    }

    [Theory]
    [InlineData("linux/arm/v7", "linux/arm/v6 linux/arm/v7", 1)]
    [InlineData("linux/arm64", "linux/amd64 linux/arm64/v8", 1)]
    [InlineData("linux/arm64/v8", "linux/amd64 linux/arm64", 1)]
    [InlineData("linux/amd64", "linux/amd64/v3 linux/amd64", 1)]
    [InlineData("linux/amd64", "linux/amd64/v3", 0)]
    public async Task The_instance_with_the_same_variant_is_chosen_else_the_first_that_runs(string wanted, string offered, int chosen)
    {
        var registry = _fixture.Of("r.io");
        var index = await RandomImage.WriteIndexAsync(registry, 20, offered.Split(' '));
        await registry.TagAsync(ImageReference.Parse("r.io/a:1"), index, CancellationToken.None);
        var image = Assert.Single(await _fixture.Fetcher.FetchAsync(
            [RegistryFolderFixture.Wanted("r.io/a:1")], Platform.Parse(wanted), RegistryFolderSource.Empty, CancellationToken.None));
        Assert.Equal(OciJson.ReadIndex(registry.Blobs[index.Digest]).Manifests[chosen].Digest, image.Documents[^1].Digest);
    }

    [Fact]
    public async Task An_index_without_the_platform_is_told_with_what_it_offers()
    {
        var registry = _fixture.Of("r.io");
        var index = await RandomImage.WriteIndexAsync(registry, 30, "linux/arm64", "linux/s390x", "unknown/unknown");
        await registry.TagAsync(ImageReference.Parse("r.io/a:1"), index, CancellationToken.None);
        var error = await FailAsync("r.io/a:1");
        Assert.Contains("r.io/a:1 (asked for by manifests/imageList:1): It is not offered for linux/amd64; it offers linux/arm64, linux/s390x.", error.Message, StringComparison.Ordinal);
        Assert.Equal(ErrorKind.NotFound, error.Kind);
    }

    [Fact]
    public async Task An_image_of_another_platform_is_refused_as_containerd_would()
    {
        await _fixture.PushAsync("r.io/a:1", 1, platform: "linux/arm64");
        Assert.Contains("it offers linux/arm64", (await FailAsync("r.io/a:1")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Schema_one_is_refused()
    {
        var registry = _fixture.Of("r.io");
        var old = registry.Add("application/vnd.docker.distribution.manifest.v1+prettyjws", "{\"schemaVersion\":1}");
        await registry.TagAsync(ImageReference.Parse("r.io/a:1"), old, CancellationToken.None);
        Assert.Contains("Docker's first schema", (await FailAsync("r.io/a:1")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_index_in_an_index_is_followed_only_so_far()
    {
        var registry = _fixture.Of("r.io");
        var amd64 = Platform.Parse("linux/amd64");
        var current = await RandomImage.WriteAsync(registry, 1) with { Platform = amd64 };
        for (var depth = 1; depth <= 6; depth++)
        {
            current = registry.AddIndex(MediaType.OciIndex, current) with { Platform = amd64 };
            await registry.TagAsync(ImageReference.Parse($"r.io/a:{depth}"), current, CancellationToken.None);
        }

        Assert.Equal(3, Assert.Single(await _fixture.FetchAsync(RegistryFolderSource.Empty, "r.io/a:2")).Documents.Count);
        Assert.Contains("nested more than", (await FailAsync("r.io/a:6")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_images_that_cannot_be_had_are_told_at_once()
    {
        await _fixture.PushAsync("r.io/good:1", 1);
        await _fixture.PushAsync("r.io/arm:1", 2, platform: "linux/arm64");
        var error = await FailAsync("r.io/good:1", "r.io/arm:1", "r.io/gone:1");
        Assert.StartsWith("2 of 3 container images could not be fetched", error.Message, StringComparison.Ordinal);
        Assert.Contains("r.io/gone:1 (asked for by manifests/imageList:1): Its registry does not know it.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lying_blob_is_refused_and_nothing_of_it_is_kept()
    {
        var image = await _fixture.PushAsync("r.io/a:1", 1);
        var registry = _fixture.Of("r.io");
        var layer = OciJson.ReadManifest(registry.Blobs[image.Digest]).Layers[0];
        var lie = (byte[])registry.Blobs[layer.Digest].Clone();
        lie[100] ^= 1;
        registry.Blobs[layer.Digest] = lie;
        var error = await FailAsync("r.io/a:1");
        Assert.Equal("DigestMismatch", Assert.IsType<SealerException>(error.InnerException).Id);
        Assert.False(_fixture.Store.TryGetSize(layer.Digest, out _));
    }

    [Fact]
    public async Task Content_that_one_registry_has_lost_is_taken_from_another()
    {
        await _fixture.PushAsync("a.io/x:1", 1);
        var same = await _fixture.PushAsync("b.io/x:2", 1);
        var layer = OciJson.ReadManifest(_fixture.Of("a.io").Blobs[same.Digest]).Layers[0].Digest;
        _fixture.Of("a.io").Blobs.Remove(layer, out _);
        Assert.Equal(2, (await _fixture.FetchAsync(RegistryFolderSource.Empty, "a.io/x:1", "b.io/x:2")).Count);
    }

    [Fact]
    public async Task What_is_in_the_store_is_not_fetched_again()
    {
        await _fixture.PushAsync("r.io/a:1", 1, layers: 5);
        await _fixture.FetchAsync(RegistryFolderSource.Empty, "r.io/a:1");
        var before = _fixture.Of("r.io").Opened;
        await _fixture.FetchAsync(RegistryFolderSource.Empty, "r.io/a:1");
        // The manifest, and the config for its platform.
        Assert.Equal(2, _fixture.Of("r.io").Opened - before);
    }

    [Fact]
    public async Task An_image_may_come_from_an_archive()
    {
        var name = ImageReference.Parse("r.io/a:1");
        await _fixture.Of("/media/a.tar").TagAsync(name, await RandomImage.WriteAsync(_fixture.Of("/media/a.tar"), 1), CancellationToken.None);
        var archive = new ArchiveLocation(ArchiveKind.OciArchive, "/media/a.tar", "r.io/a:1");
        var found = new[] { RegistryFolderFixture.Wanted("r.io/a:1"), RegistryFolderFixture.Wanted("r.io/a:1", archive) };
        var image = Assert.Single(await _fixture.Fetcher.FetchAsync(found, RegistryFolderFixture.Amd64, RegistryFolderSource.Empty, CancellationToken.None));
        Assert.All(image.Blobs, blob => Assert.True(_fixture.Store.TryGetSize(blob.Digest, out _)));
    }

    private async Task<SealerException> FailAsync(params string[] names)
    {
        var error = await Assert.ThrowsAsync<SealerException>(() => _fixture.FetchAsync(RegistryFolderSource.Empty, names));
        Assert.Equal("ContainerImagesNotFetched", error.Id);
        return error;
    }
}
