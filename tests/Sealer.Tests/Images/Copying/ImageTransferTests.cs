using Sealer.Images;
using Sealer.Images.Copying;
using Sealer.Images.Storage;

namespace Sealer.Tests.Images.Copying;

public sealed class ImageTransferTests : IDisposable
{
    private static readonly ImageReference Name = ImageReference.Parse("registry.example.com/skyline:v3");
    private readonly TemporaryFolder _folder = new();
    private readonly ImageStore _here;
    private readonly ImageStore _there;

    public ImageTransferTests()
    {
        _here = ImageStore.Open(_folder["here"]);
        _there = ImageStore.Open(_folder["there"]);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_is_received_has_its_name_and_its_content()
    {
        var root = await IndexAsync();
        await _there.TagAsync(Name, root, CancellationToken.None);
        var image = await ImageTransfer.ReceiveAsync(_there, Name, _here, new CopyOptions(), null, CancellationToken.None);
        Assert.Equal(root.Digest, image.Digest);
        Assert.Equal(root.Digest, (await _here.ResolveAsync(Name, CancellationToken.None))!.Digest);
        Assert.Equal(2, image.Platforms.Count);
    }

    [Fact]
    public async Task A_name_that_nobody_knows_is_an_error_with_the_next_step()
    {
        var e = await Assert.ThrowsAsync<SealerException>(
            () => ImageTransfer.ReceiveAsync(_there, Name, _here, new CopyOptions(), null, CancellationToken.None));
        Assert.Equal("ImageNotFound", e.Id);
        Assert.Contains("Find-ClusterImage registry.example.com/skyline", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Within_one_store_only_a_name_is_new_and_all_members_have_it()
    {
        var image = await ClusterImages.LoadAsync(_here, null, await IndexAsync(_here), CancellationToken.None);
        var blobs = Blobs();
        var copy = await ImageTransfer.SendAsync(_here, image, _here, Name, new CopyOptions(), null, CancellationToken.None);
        Assert.Equal(blobs, Blobs());
        Assert.All(copy.Images.Prepend(copy), i => Assert.Equal(Name, i.Reference));
        Assert.Equal(image.Digest, (await _here.ResolveAsync(Name, CancellationToken.None))!.Digest);
    }

    [Fact]
    public async Task Of_one_platform_the_name_stands_for_its_image_alone()
    {
        var image = await ClusterImages.LoadAsync(_here, null, await IndexAsync(_here), CancellationToken.None);
        var options = new CopyOptions { Platforms = [Platform.Parse("linux/arm64")] };
        var sent = await ImageTransfer.SendAsync(_here, image, _there, Name, options, null, CancellationToken.None);
        Assert.Equal("linux/arm64", Assert.Single(sent.Platforms).ToString());
        Assert.False(sent.IsIndex);
    }

    private async Task<Descriptor> IndexAsync(ImageStore? store = null)
    {
        store ??= _there;
        var members = new List<Descriptor>();
        foreach (var platform in new[] { "linux/amd64", "linux/arm64" })
            members.Add(await new TinyClusterImage { Platform = platform }.File("x", platform).WriteAsync(store) with { Platform = Platform.Parse(platform) });
        return await store.PutAsync(MediaType.OciIndex, OciJson.Write(new ImageIndex { MediaType = MediaType.OciIndex, Manifests = members }));
    }

    private int Blobs() => Directory.EnumerateFiles(Path.Combine(_here.Folder, "blobs"), "*", SearchOption.AllDirectories).Count();
}
