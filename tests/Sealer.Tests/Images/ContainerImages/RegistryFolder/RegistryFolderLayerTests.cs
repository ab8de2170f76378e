using System.Formats.Tar;
using System.Text;
using Sealer.Images;
using Sealer.Images.ContainerImages.Fetching;
using Sealer.Images.ContainerImages.RegistryFolder;
using Sealer.Images.Copying;

namespace Sealer.Tests.Images.ContainerImages.RegistryFolder;

public sealed class RegistryFolderLayerTests : IDisposable
{
    private readonly RegistryFolderFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void A_parent_that_says_its_images_lie_elsewhere_than_the_rule_has_it_is_not_believed()
    {
        var honest = KeyValuePair.Create("quay.io/team/app:v1", "quay.io/team/app");
        var paths = new Dictionary<string, string>([honest, new("quay.io/team/evil:v1", "../../../../etc"), new("no name", "x")]);
        var tree = new RegistryFolderSource(null, null, paths);
        Assert.Equal([honest], tree.Paths);
        Assert.Equal("team/evil", tree.PathOf(ImageReference.Parse("quay.io/team/evil:v1")));
    }

    [Fact]
    public async Task The_layer_is_docker_distributions_storage()
    {
        var image = await _fixture.PushAsync("r.io:5000/demo/app:v1", 1, layers: 1);
        var (result, _, _) = await _fixture.BuildAsync(null, RegistryFolderSource.Empty, "r.io:5000/demo/app:v1");
        var manifest = OciJson.ReadManifest(_fixture.Of("r.io:5000").Blobs[image.Digest]);
        const string root = "registry/docker/registry/v2/";
        var expected = new[] { manifest.Config, manifest.Layers[0], image }
            .Select(blob => $"{root}blobs/sha256/{blob.Digest.Hex[..2]}/{blob.Digest.Hex}/data")
            .Concat(new[] { manifest.Config, manifest.Layers[0] }.Select(blob => $"{root}repositories/demo/app/_layers/sha256/{blob.Digest.Hex}/link"))
            .Append($"{root}repositories/demo/app/_manifests/revisions/sha256/{image.Digest.Hex}/link")
            .Append($"{root}repositories/demo/app/_manifests/tags/v1/current/link")
            .Append($"{root}repositories/demo/app/_manifests/tags/v1/index/sha256/{image.Digest.Hex}/link");
        var entries = _fixture.Entries(result);
        var files = entries.Where(entry => entry.Entry.EntryType == TarEntryType.RegularFile).ToList();
        Assert.Equal(expected.Order(StringComparer.Ordinal), files.Select(entry => entry.Entry.Name));
        Assert.All(files.Where(entry => entry.Entry.Name.EndsWith("/link", StringComparison.Ordinal)), entry =>
            Assert.StartsWith("sha256:", Encoding.ASCII.GetString(entry.Content), StringComparison.Ordinal));
        Assert.All(entries, entry => Assert.Equal((0, 0, DateTimeOffset.UnixEpoch), (entry.Entry.Uid, entry.Entry.Gid, entry.Entry.ModificationTime)));
        // Every folder stands before what is in it.
        var seen = new HashSet<string> { "" };
        Assert.All(entries, entry =>
        {
            var path = entry.Entry.Name.TrimEnd('/');
            Assert.Contains(path.Contains('/', StringComparison.Ordinal) ? path[..path.LastIndexOf('/')] : "", seen);
            seen.Add(path);
        });
    }

    [Fact]
    public async Task Every_image_is_found_in_the_layer_by_tag_and_by_digest()
    {
        await _fixture.PushAsync("nginx:1", 1);
        var pinned = await _fixture.PushAsync("r.io/a:1", 2);
        var digest = $"r.io/a@{pinned.Digest}";
        await _fixture.Of("r.io").TagAsync(ImageReference.Parse(digest), pinned, CancellationToken.None);
        var index = await RandomImage.WriteIndexAsync(_fixture.Of("r.io"), 3, "linux/amd64", "linux/arm64");
        await _fixture.Of("r.io").TagAsync(ImageReference.Parse("r.io/multi:1"), index, CancellationToken.None);
        var (_, tree, files) = await _fixture.BuildAsync(null, RegistryFolderSource.Empty, "nginx:1", digest, "r.io/multi:1");
        await VerifyAsync(tree, "nginx:1", digest, "r.io/multi:1", $"r.io/multi@{index.Digest}");
        Assert.Null(files.Find("registry/docker/registry/v2/repositories/a/_manifests/tags"));
    }

    [Fact]
    public async Task The_same_images_give_the_same_layer()
    {
        await _fixture.PushAsync("r.io/a:1", 1);
        await _fixture.PushAsync("r.io/b:1", 2);
        var (first, _, _) = await _fixture.BuildAsync(null, RegistryFolderSource.Empty, "r.io/a:1", "r.io/b:1");
        var (second, _, _) = await _fixture.BuildAsync(null, RegistryFolderSource.Empty, "r.io/b:1", "r.io/a:1", "r.io/b:1");
        Assert.Equal(first.Layer, second.Layer);
        Assert.Equal(first.Layer!.Digest, Digest.Of(await ReadAsync(first.Layer)));
        Assert.Equal(MediaType.OciLayer, first.Layer.MediaType);
    }

    [Fact]
    public async Task The_layer_costs_no_second_copy()
    {
        await _fixture.Of("r.io").TagAsync(
            ImageReference.Parse("r.io/a:1"), await RandomImage.WriteAsync(_fixture.Of("r.io"), 1, 2, 3_000_000), CancellationToken.None);
        await _fixture.FetchAsync(RegistryFolderSource.Empty, "r.io/a:1");
        var before = _fixture.DiskUse;
        var (result, _, _) = await _fixture.BuildAsync(null, RegistryFolderSource.Empty, "r.io/a:1");
        Assert.True(result.Layer!.Size > 6_000_000);
        Assert.InRange(_fixture.DiskUse - before, 1, 60_000);
    }

    [Fact]
    public async Task What_the_parent_holds_is_neither_asked_for_nor_stored_again()
    {
        var first = await _fixture.PushAsync("r.io/a:1", 1, layers: 2);
        var (_, parent, files) = await _fixture.BuildAsync(null, RegistryFolderSource.Empty, "r.io/a:1");
        // Nobody answers for what is held any more, and the new image has a layer of the held one.
        _fixture.Of("r.io").Names.Clear();
        var shared = OciJson.ReadManifest(_fixture.Of("r.io").Blobs[first.Digest]).Layers[0];
        await _fixture.PushAsync("r.io/b:1", 1, layers: 1);
        var (result, tree, _) = await _fixture.BuildAsync(files, parent, "r.io/a:1", "r.io/b:1");
        await VerifyAsync(tree, "r.io/a:1", "r.io/b:1");
        var names = _fixture.Entries(result).Select(entry => entry.Entry.Name).ToList();
        Assert.DoesNotContain(names, name => name.Contains("repositories/a/", StringComparison.Ordinal));
        Assert.DoesNotContain(names, name => name.EndsWith($"{shared.Digest.Hex}/data", StringComparison.Ordinal));
        Assert.Contains(names, name => name.EndsWith($"repositories/b/_layers/sha256/{shared.Digest.Hex}/link", StringComparison.Ordinal));
        Assert.Equal(["r.io/a:1", "r.io/b:1"], tree.Images.Select(image => image.Image));
    }

    [Fact]
    public async Task Nothing_new_gives_no_layer()
    {
        await _fixture.PushAsync("r.io/a:1", 1);
        var (_, parent, files) = await _fixture.BuildAsync(null, RegistryFolderSource.Empty, "r.io/a:1");
        var (result, _, _) = await _fixture.BuildAsync(files, parent, "r.io/a:1");
        Assert.Null(result.Layer);
    }

    [Fact]
    public async Task A_parent_that_lost_a_blob_is_completed()
    {
        await _fixture.PushAsync("r.io/a:1", 1);
        var (_, parent, files) = await _fixture.BuildAsync(null, RegistryFolderSource.Empty, "r.io/a:1");
        var broken = new MemoryFiles();
        var lost = files.List("registry/docker/registry/v2/blobs").MaxBy(entry => entry.Size)!.Path;
        foreach (var entry in files.List("").Where(entry => entry.Path != lost))
        {
            using var content = new MemoryStream();
            await files.Open(entry.Path).CopyToAsync(content);
            broken.Add(entry.Path, content.ToArray());
        }

        var (result, tree, _) = await _fixture.BuildAsync(broken, new RegistryFolderSource(broken, parent.Images, null), "r.io/a:1");
        Assert.Equal([lost], _fixture.Entries(result).Where(entry => entry.Entry.EntryType == TarEntryType.RegularFile).Select(entry => entry.Entry.Name));
        await VerifyAsync(tree, "r.io/a:1");
    }

    [Fact]
    public async Task Two_images_that_claim_one_path_are_both_there()
    {
        var first = await _fixture.PushAsync("docker.io/demo/app:v1", 1);
        var second = await _fixture.PushAsync("quay.io:8443/demo/app:v1", 2);
        await _fixture.PushAsync("quay.io:8443/demo/app:v2", 3);
        var (result, tree, _) = await _fixture.BuildAsync(
            null, RegistryFolderSource.Empty, "quay.io:8443/demo/app:v1", "docker.io/demo/app:v1", "quay.io:8443/demo/app:v2");
        Assert.Equal([KeyValuePair.Create("quay.io:8443/demo/app:v1", "quay.io_8443/demo/app")], result.Paths);
        await VerifyAsync(tree, "docker.io/demo/app:v1", "quay.io:8443/demo/app:v1", "quay.io:8443/demo/app:v2");
        Assert.Equal(first.Digest, await tree.ReadTagAsync("demo/app", "v1", CancellationToken.None));
        Assert.Equal(second.Digest, await tree.ReadTagAsync("quay.io_8443/demo/app", "v1", CancellationToken.None));
    }

    [Fact]
    public async Task The_same_image_under_two_domains_is_there_once()
    {
        await _fixture.PushAsync("a.io/demo/app:v1", 1);
        await _fixture.PushAsync("b.io/demo/app:v1", 1);
        var (result, _, _) = await _fixture.BuildAsync(null, RegistryFolderSource.Empty, "a.io/demo/app:v1", "b.io/demo/app:v1");
        Assert.Empty(result.Paths);
    }

    [Fact]
    public async Task What_the_parent_has_at_a_path_stays_there()
    {
        var first = await _fixture.PushAsync("z.io/demo/app:v1", 1);
        var (_, parent, files) = await _fixture.BuildAsync(null, RegistryFolderSource.Empty, "z.io/demo/app:v1");
        await _fixture.PushAsync("a.io/demo/app:v1", 2);
        var (result, tree, builtFiles) = await _fixture.BuildAsync(files, parent, "a.io/demo/app:v1");
        Assert.Equal("a.io/demo/app", result.Paths["a.io/demo/app:v1"]);
        Assert.Equal(first.Digest, await tree.ReadTagAsync("demo/app", "v1", CancellationToken.None));
        await VerifyAsync(tree, "a.io/demo/app:v1", "z.io/demo/app:v1");
        // And a build on top of that keeps it so.
        var (again, top, _) = await _fixture.BuildAsync(builtFiles, tree, "a.io/demo/app:v1");
        Assert.Null(again.Layer);
        Assert.Equal("a.io/demo/app", top.PathOf(ImageReference.Parse("a.io/demo/app:v1")));
    }

    [Fact]
    public async Task A_tag_of_the_parent_that_another_platform_took_moves()
    {
        await _fixture.PushAsync("a.io/demo/app:v1", 1);
        var (_, parent, files) = await _fixture.BuildAsync(null, RegistryFolderSource.Empty, "a.io/demo/app:v1");
        var arm = Platform.Parse("linux/arm64");
        var moved = await _fixture.PushAsync("a.io/demo/app:v1", 2, platform: "linux/arm64");
        var fetched = await _fixture.Fetcher.FetchAsync([RegistryFolderFixture.Wanted("a.io/demo/app:v1")], arm, parent, CancellationToken.None);
        var result = await RegistryFolderLayer.WriteAsync(_fixture.Store, fetched, parent, DateTimeOffset.UnixEpoch, CancellationToken.None);
        Assert.Empty(result.Paths);
        var link = Assert.Single(_fixture.Entries(result), entry => entry.Entry.Name.EndsWith("/current/link", StringComparison.Ordinal));
        Assert.Equal(moved.Digest.ToString(), Encoding.ASCII.GetString(link.Content));
        Assert.NotNull(files);
    }

    [Theory]
    [InlineData("docker.io", "docker.io")]
    [InlineData("Registry.Example.COM", "registry.example.com")]
    [InlineData("10.0.0.5:5000", "10.0.0.5_5000")]
    [InlineData("localhost:5000", "localhost_5000")]
    [InlineData("[::1]:5000", "ipv6-00000000000000000000000000000001_5000")]
    [InlineData("[2001:DB8::]", "ipv6-20010db8000000000000000000000000")]
    public void A_domain_becomes_a_part_of_a_path(string domain, string folder)
    {
        Assert.Equal(folder, RegistryFolderPath.FolderOf(domain));
        // The rule of docker-distribution for names, as our own parser has it.
        Assert.Equal($"{folder}/x", ImageReference.Parse($"r.io/{folder}/x").Repository);
    }

    private static async Task VerifyAsync(RegistryFolderSource tree, params string[] names)
    {
        foreach (var name in names)
        {
            var reference = ImageReference.Parse(name);
            var root = await tree.ResolveAsync(reference, CancellationToken.None);
            Assert.NotNull(root);
            var instance = await PlatformImage.ReadAsync(tree, reference, root, RegistryFolderFixture.Amd64, CancellationToken.None);
            foreach (var blob in instance.Blobs)
                await ReadVerifiedAsync(tree, blob);
        }
    }

    private static async Task ReadVerifiedAsync(RegistryFolderSource tree, Descriptor blob)
    {
        await using var stream = new VerifyingStream(await tree.OpenAsync(blob, 0, CancellationToken.None), blob);
        await stream.CopyToAsync(Stream.Null);
        Assert.True(stream.IsVerified);
    }

    private async Task<byte[]> ReadAsync(Descriptor layer)
    {
        using var content = new MemoryStream();
        await using var stream = _fixture.Store.OpenRead(layer.Digest);
        await stream.CopyToAsync(content);
        return content.ToArray();
    }
}
