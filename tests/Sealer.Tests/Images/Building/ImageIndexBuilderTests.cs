using Sealer.Images;
using Sealer.Images.Building;

namespace Sealer.Tests.Images.Building;

public sealed class ImageIndexBuilderTests
{
    private const string Kube = """{"type":"kube-installer","launch":{}}""";
    private readonly MemoryImages _images = new();

    [Fact]
    public async Task Images_built_apart_become_one_name()
    {
        var index = await Create(await Image("linux/amd64"), await Image("linux/arm64"));
        Assert.Equal(["linux/amd64", "linux/arm64"], index.Platforms.Select(p => p.ToString()));
        Assert.Equal(index.Digest, (await ClusterImages.LoadAsync(_images, ImageReference.Parse("all:v1"), CancellationToken.None)).Digest);
        Assert.Equal(MediaType.OciIndex, index.Descriptor.MediaType);
    }

    [Fact]
    public async Task The_same_members_give_the_same_digest()
    {
        var a = await Create(await Image("linux/amd64"), await Image("linux/arm64"));
        var b = await Create(await Image("linux/amd64"), await Image("linux/arm64"));
        Assert.Equal(a.Digest, b.Digest);
    }

    [Fact]
    public async Task Of_an_index_among_the_members_each_image_is_added_and_none_twice()
    {
        var amd = await Image("linux/amd64");
        var first = await Create(amd, await Image("linux/arm64"));
        var second = await Create(amd, first, await Image("linux/arm/v7"));
        Assert.Equal(3, second.Images.Count);
    }

    [Fact]
    public async Task Two_different_images_for_one_platform_are_refused()
    {
        var e = await Refused(await Image("linux/amd64"), await Image("linux/amd64", layer: "other"));
        Assert.Equal(("DuplicatePlatform", ErrorKind.Conflict), (e.Id, e.Kind));
        Assert.Contains("linux/amd64", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cluster_and_applications_under_one_name_are_refused() =>
        Assert.Equal("ImageTypeMismatch", (await Refused(
            await Image("linux/amd64"), await Image("linux/arm64", """{"type":"app-installer","launch":{}}"""))).Id);

    [Fact]
    public async Task An_ordinary_image_is_refused() =>
        Assert.Equal("NotAClusterImage", (await Refused(await Image("linux/amd64", null))).Id);

    [Fact]
    public async Task No_image_at_all_is_refused() => Assert.Equal("NoImages", (await Refused()).Id);

    [Fact]
    public async Task A_member_whose_content_is_elsewhere_is_refused()
    {
        var image = await Image("linux/amd64");
        _images.Blobs.TryRemove(image.Digest, out _);
        Assert.Equal("BlobNotFound", (await Refused(image)).Id);
        Assert.Empty(_images.Names);
    }

    private async Task<ClusterImage> Image(string platform, string? extension = Kube, string layer = "x") => await ClusterImages.LoadAsync(
        _images, ImageReference.Parse("one:v1"), _images.AddImage(extension, platform: platform, layers: [layer]), CancellationToken.None);

    private Task<ClusterImage> Create(params ClusterImage[] members) =>
        ImageIndexBuilder.CreateAsync(_images, ImageReference.Parse("all:v1"), members, null, CancellationToken.None);

    private Task<SealerException> Refused(params ClusterImage[] members) => Assert.ThrowsAsync<SealerException>(() => Create(members));
}
