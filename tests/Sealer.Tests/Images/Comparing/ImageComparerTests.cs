using Sealer.Images;
using Sealer.Images.Comparing;

namespace Sealer.Tests.Images.Comparing;

public sealed class ImageComparerTests
{
    private readonly MemoryImages _images = new();
    private readonly TinyClusterImage _before = new();
    private readonly TinyClusterImage _after = new();

    [Fact]
    public async Task An_image_does_not_differ_from_itself()
    {
        var image = await Load(_before.File("a", "a"));
        Assert.Empty(await Compare(image, image));
    }

    [Fact]
    public async Task Files_that_came_went_or_changed_are_told_in_order()
    {
        _before.File("a", "a").File("b", "b").File("c", "c");
        _after.File("a", "a").File("b", "other").File("d", "d");
        var differences = await Compare();
        Assert.Equal(["File b Changed", "File c Removed", "File d Added"], differences.Select(d => d.ToString()));
        Assert.Equal((1, 5), (differences[0].FileBefore!.Size, differences[0].FileAfter!.Size));
        Assert.Equal(Digest.Of("other"u8), differences[0].FileAfter!.Digest);
        Assert.Null(differences[1].After);
        Assert.Equal("linux/amd64", differences[0].Platform!.ToString());
    }

    [Fact]
    public async Task The_same_files_in_other_layers_are_no_difference()
    {
        _before.File("a/x", "a").File("b", "b");
        _after.File("a/x", "old").File("gone", "x").NextLayer().File("a/x", "a").File(".wh.gone", "").NextLayer().File("b", "b");
        Assert.Empty(await Compare());
    }

    [Fact]
    public async Task What_a_layer_above_hides_is_not_there()
    {
        _before.File("folder/x", "x").File("folder/y", "y").File("f", "f");
        _after.File("folder/x", "x").File("folder/y", "y").File("f", "f").NextLayer().File("folder/.wh..wh..opq", "").File("folder/z", "z").File(".wh.f", "");
        Assert.Equal(["File f Removed", "File folder/x Removed", "File folder/y Removed", "File folder/z Added"], (await Compare()).Select(d => d.ToString()));
    }

    [Fact]
    public async Task Layers_that_both_share_are_read_once()
    {
        _before.File("base", "base").NextLayer().File("a", "a");
        _after.File("base", "base").NextLayer().File("a", "b");
        var (before, after) = (await Load(_before), await Load(_after));
        var opened = _images.Opened;
        await Compare(before, after);
        Assert.Equal(3, _images.Opened - opened);
    }

    [Fact]
    public async Task Labels_env_launch_and_applications_are_compared_by_name()
    {
        _before.Extension = """{"type":"app-installer","applications":[{"name":"a","type":"kube","files":["x"]},{"name":"b"}],"env":{"A":"1","B":"2"},"launch":{"app_names":["a","b"]}}""";
        _before.Labels["l"] = "1";
        _before.Env.Add("PATH=/bin");
        _after.Extension = """{"type":"kube-installer","applications":[{"name":"a","type":"helm","files":["x"]},{"name":"c"}],"env":{"A":"2"},"launch":{"app_names":["a","c"]}}""";
        _after.Labels["l"] = "2";
        _after.Env.Add("PATH=/usr/bin");
        Assert.Equal(
            [
                "Setting Launch.AppNames Changed", "Setting Type Changed", "Label l Changed", "Env A Changed", "Env B Removed", "Env PATH Changed",
                "Application a Changed", "Application b Removed", "Application c Added",
            ],
            (await Compare()).Select(d => d.ToString()));
    }

    [Fact]
    public async Task Container_images_are_told_by_name_and_not_blob_by_blob()
    {
        _before.Contain("a.io/same:1", "same").Contain("a.io/changed:1", "one").Contain("a.io/gone:1", "gone");
        _after.Contain("a.io/same:1", "same").Contain("a.io/changed:1", "two").Contain("a.io/new:1", "new");
        Assert.Equal(
            ["ContainerImage a.io/gone:1 Removed", "ContainerImage a.io/new:1 Added", "ContainerImage a.io/changed:1 Changed"],
            (await Compare()).Select(d => d.ToString()));
    }

    [Fact]
    public async Task Platforms_that_only_one_has_are_told_and_those_that_both_have_are_compared()
    {
        var before = await Index(_before.File("a", "a"), new TinyClusterImage { Platform = "linux/arm64" });
        var after = await Index(_after.File("a", "b"), new TinyClusterImage { Platform = "linux/s390x" });
        Assert.Equal(
            ["Platform linux/arm64 Removed", "Platform linux/s390x Added", "File a Changed"],
            (await Compare(before, after)).Select(d => d.ToString()));
    }

    [Fact]
    public async Task A_wanted_platform_that_one_has_not_is_an_error() =>
        Assert.Equal("PlatformNotFound", (await Assert.ThrowsAsync<SealerException>(async () => await Compare(
            await Load(_before), await Load(_after.File("a", "")), new CompareOptions { Platforms = [Platform.Parse("linux/arm64")] }))).Id);

    [Fact]
    public async Task Without_files_no_layer_is_read()
    {
        _before.Labels["a"] = "a";
        var (before, after) = (await Load(_before), await Load(_after.File("x", "x")));
        var opened = _images.Opened;
        Assert.Single(await Compare(before, after, new CompareOptions { Files = false }));
        Assert.Equal(opened, _images.Opened);
    }

    [Fact]
    public async Task A_layer_that_was_changed_is_not_believed()
    {
        var (before, after) = (await Load(_before), await Load(_after.File("x", "x")));
        _images.Blobs[after.Layers[0].Digest][512] ^= 1;
        await Assert.ThrowsAsync<SealerException>(() => Compare(before, after));
    }

    private async Task<ClusterImage> Load(TinyClusterImage image) =>
        await ClusterImages.LoadAsync(_images, null, await image.WriteAsync(_images), CancellationToken.None);

    private async Task<ClusterImage> Index(params TinyClusterImage[] images)
    {
        var members = new List<Descriptor>();
        foreach (var image in images)
            members.Add(await image.WriteAsync(_images) with { Platform = Platform.Parse(image.Platform) });
        return await ClusterImages.LoadAsync(_images, null, _images.AddIndex(MediaType.OciIndex, [.. members]), CancellationToken.None);
    }

    private async Task<List<ImageDifference>> Compare() => await Compare(await Load(_before), await Load(_after));

    private async Task<List<ImageDifference>> Compare(ClusterImage before, ClusterImage after, CompareOptions? options = null)
    {
        var differences = new List<ImageDifference>();
        await foreach (var difference in ImageComparer.CompareAsync(_images, before, _images, after, options, null, CancellationToken.None))
            differences.Add(difference);
        return differences;
    }
}
