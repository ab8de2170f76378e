using Sealer.Images;
using Sealer.Images.Layers;
using Sealer.Images.Merging;
using Sealer.Images.Storage;
using Sealer.Images.Verifying;

namespace Sealer.Tests.Images.Merging;

public sealed class ImageMergerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ImageStore _store;
    private readonly TinyClusterImage _a = App("a");
    private readonly TinyClusterImage _b = App("b");

    public ImageMergerTests() => _store = ImageStore.Open(_folder["store"]);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Images_that_claim_nothing_in_common_are_one_without_a_collision_and_without_a_copied_blob()
    {
        _a.File("etc/a", "a").Contain("a.io/one:1", "one");
        _b.File("etc/b", "b").Contain("a.io/two:1", "two");
        _b.Extension = _b.Extension!.Replace("app-installer", "kube-installer", StringComparison.Ordinal);
        var (a, b) = (await Load(_a, "a"), await Load(_b, "b"));
        var blobs = Blobs();

        var result = await Merge(a, b);

        Assert.Empty(result.Collisions);
        Assert.Equal(a.Layers.Concat(b.Layers).Select(l => l.Digest), result.Image.Layers.Select(l => l.Digest));
        Assert.Equal(blobs + 2, Blobs());
        Assert.Equal(["a", "b"], result.Image.Applications.Select(x => x.Name));
        Assert.Equal(["a", "b"], result.Image.Launch.AppNames);
        Assert.Equal("kube-installer", result.Image.Type);
        Assert.Equal(2, result.Image.ContainerImages.Count);
        Assert.Equal("merged:v1", result.Image.Name);
        Assert.Equal(result.Image.Digest, (await _store.ResolveAsync(ImageReference.Parse("merged:v1"), CancellationToken.None))!.Digest);
        await AssertWhole(result.Image, containerImages: 2);
    }

    [Fact]
    public async Task The_same_images_give_the_same_digest()
    {
        var (a, b) = (await Load(_a, "a"), await Load(_b, "b"));
        Assert.Equal((await Merge(a, b)).Image.Digest, (await Merge(a, b)).Image.Digest);
    }

    [Fact]
    public async Task Of_a_file_that_both_have_the_later_wins_and_it_is_reported()
    {
        _a.File("etc/x", "a").File("etc/same", "same");
        _b.File("etc/x", "b").File("etc/same", "same");
        var result = await Merge(await Load(_a, "a"), await Load(_b, "b"));
        var collision = Assert.Single(result.Collisions);
        Assert.Equal((MergeCollisionKind.File, "etc/x", "a:latest", "b:latest"), (collision.Kind, collision.Name, collision.Earlier, collision.Later));
        Assert.Equal("b", await ReadAsync(result.Image, "etc/x"));
    }

    [Fact]
    public async Task Layers_that_both_begin_with_lie_there_once_and_what_only_one_changed_stays_changed()
    {
        var (x, y) = (new TinyClusterImage(), new TinyClusterImage());
        foreach (var image in new[] { x, y })
            image.File("base", "base").File("changed-by-a", "base").File("changed-by-b", "base").NextLayer();
        x.File("changed-by-a", "a");
        y.File("changed-by-b", "b");
        var result = await Merge(await Load(x, "a"), await Load(y, "b"));
        Assert.Empty(result.Collisions);
        Assert.Equal(3, result.Image.Layers.Count);
        Assert.Equal(3, result.Image.Config!.History!.Count);
        Assert.Equal(("a", "b"), (await ReadAsync(result.Image, "changed-by-a"), await ReadAsync(result.Image, "changed-by-b")));
        await AssertWhole(result.Image);
    }

    [Fact]
    public async Task A_file_that_the_later_image_removes_of_its_own_base_is_reported()
    {
        _a.File("etc/x", "a");
        _b.File("etc/x", "base").NextLayer().File("etc/.wh.x", "");
        var result = await Merge(await Load(_a, "a"), await Load(_b, "b"));
        Assert.Equal((MergeCollisionKind.RemovedFile, "etc/x"), (Assert.Single(result.Collisions).Kind, result.Collisions[0].Name));
        Assert.Null(await ReadAsync(result.Image, "etc/x"));
    }

    [Fact]
    public async Task Of_an_application_that_both_have_the_later_comes_with_its_files_alone()
    {
        _a.Extension = """{"type":"app-installer","applications":[{"name":"web","type":"kube","files":["old.yaml","web.yaml"]}],"launch":{"app_names":["web"]}}""";
        _a.File("application/apps/web/old.yaml", "old").File("application/apps/web/web.yaml", "old");
        _b.Extension = """{"type":"app-installer","applications":[{"name":"web","type":"kube","files":["web.yaml"]}],"launch":{"app_names":["web"]}}""";
        _b.File("application/apps/web/web.yaml", "new");
        var result = await Merge(await Load(_a, "a"), await Load(_b, "b"));
        Assert.Equal((MergeCollisionKind.Application, "web"), (Assert.Single(result.Collisions).Kind, result.Collisions[0].Name));
        Assert.Null(await ReadAsync(result.Image, "application/apps/web/old.yaml"));
        Assert.Equal("new", await ReadAsync(result.Image, "application/apps/web/web.yaml"));
        Assert.Equal(["web.yaml"], Assert.Single(result.Image.Applications).Files);
        Assert.Equal(["web"], result.Image.Launch.AppNames);
        await AssertWhole(result.Image);
    }

    [Fact]
    public async Task An_application_that_both_have_from_one_base_is_no_collision()
    {
        const string Extension = """{"type":"app-installer","applications":[{"name":"web","type":"kube","files":["web.yaml"]}],"launch":{}}""";
        var (x, y) = (new TinyClusterImage { Extension = Extension }, new TinyClusterImage { Extension = Extension });
        foreach (var image in new[] { x, y })
            image.File("application/apps/web/web.yaml", "web").NextLayer();
        x.File("application/apps/web/web.yaml", "changed by a alone");
        y.File("b", "b");
        var result = await Merge(await Load(x, "a"), await Load(y, "b"));
        Assert.Empty(result.Collisions);
        Assert.Equal("changed by a alone", await ReadAsync(result.Image, "application/apps/web/web.yaml"));
    }

    [Fact]
    public async Task Of_a_container_image_of_one_name_the_later_wins_and_it_is_reported()
    {
        _a.Contain("quay.io/demo/app:v1", "one");
        _b.Contain("quay.io/demo/app:v1", "two");
        var result = await Merge(await Load(_a, "a"), await Load(_b, "b"));
        Assert.Equal((MergeCollisionKind.ContainerImage, "quay.io/demo/app:v1"), (Assert.Single(result.Collisions).Kind, result.Collisions[0].Name));
        Assert.Single(result.Image.ContainerImages);
        await AssertWhole(result.Image, containerImages: 1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Container_images_of_one_path_at_two_registries_are_both_inside(bool asIndex)
    {
        _a.Contain("quay.io/demo/app:v1", "one", asIndex);
        _b.Contain("ghcr.io/demo/app:v1", "two", asIndex);
        var result = await Merge(await Load(_a, "a"), await Load(_b, "b"));
        Assert.Contains("quay.io/demo/app", Assert.Single(result.Collisions).Resolution, StringComparison.Ordinal);
        Assert.Equal("quay.io/demo/app", result.Image.ContainerImagePaths["quay.io/demo/app:v1"]);
        await AssertWhole(result.Image, containerImages: 2);
        Assert.NotEqual(
            await ReadAsync(result.Image, "registry/docker/registry/v2/repositories/demo/app/_manifests/tags/v1/current/link"),
            await ReadAsync(result.Image, "registry/docker/registry/v2/repositories/quay.io/demo/app/_manifests/tags/v1/current/link"));
    }

    [Fact]
    public async Task Labels_env_and_settings_of_one_name_have_the_later_value_and_are_reported()
    {
        _a.Extension = """{"type":"app-installer","env":{"PORT":"1","A":"a"},"launch":{}}""";
        _b.Extension = """{"type":"app-installer","env":{"PORT":"2","B":"b"},"launch":{}}""";
        _a.Labels["vendor"] = "a";
        _b.Labels["vendor"] = "b";
        _a.Labels[SealerAnnotations.VersionLabel] = "v0.11.0";
        _b.Labels[SealerAnnotations.VersionLabel] = "v0.10.0";
        _a.Env.AddRange(["PATH=/bin", "PORT=1"]);
        _b.Env.AddRange(["PATH=/usr/bin", "PORT=2"]);
        var result = await Merge(await Load(_a, "a"), await Load(_b, "b"));
        Assert.Equal(["Label vendor", "Env PORT", "Env PATH"], result.Collisions.Select(c => $"{c.Kind} {c.Name}"));
        Assert.Equal(["A=a", "B=b", "PORT=2"], result.Image.Env.Select(e => $"{e.Key}={e.Value}"));
        Assert.Equal(["PATH=/usr/bin", "PORT=2"], result.Image.Config!.Settings!.Env!);
        Assert.Equal("b", result.Image.Labels["vendor"]);
    }

    [Theory]
    [InlineData("""{"app_names":["x","y"]}""", """{"app_names":["y","z"]}""", "x,y,z", "", 0)]
    [InlineData("""{"app_names":["x","y"]}""", """{"app_names":["y","x"]}""", "x,y", "", 1)]
    [InlineData("""{"cmds":["one","two"]}""", """{"cmds":["two","three"]}""", "", "one,two,three", 0)]
    [InlineData("""{"app_names":["x"]}""", """{"cmds":["one"]}""", "", "one", 1)]
    [InlineData("""{"cmds":["one"]}""", """{"app_names":["x"]}""", "x", "", 1)]
    [InlineData("""{"app_names":["x"]}""", "{}", "x", "", 0)]
    public async Task Launches_are_joined_in_order(string a, string b, string names, string commands, int collisions)
    {
        _a.Extension = """{"type":"app-installer","launch":""" + a + "}";
        _b.Extension = """{"type":"app-installer","launch":""" + b + "}";
        var result = await Merge(await Load(_a, "a"), await Load(_b, "b"));
        Assert.Equal(names, string.Join(',', result.Image.Launch.AppNames ?? []));
        Assert.Equal(commands, string.Join(',', result.Image.Launch.Cmds ?? []));
        Assert.Equal(collisions, result.Collisions.Count);
    }

    [Fact]
    public async Task Three_images_are_merged_in_order()
    {
        var c = App("c").File("etc/x", "c");
        _a.File("etc/x", "a");
        var result = await Merge(await Load(_a, "a"), await Load(_b, "b"), await Load(c, "c"));
        Assert.Equal(("a:latest", "c:latest"), (Assert.Single(result.Collisions).Earlier, result.Collisions[0].Later));
        Assert.Equal("c", await ReadAsync(result.Image, "etc/x"));
    }

    [Fact]
    public async Task Images_of_several_platforms_are_merged_platform_by_platform()
    {
        var result = await Merge(await Index("a", "linux/amd64", "linux/arm64"), await Index("b", "linux/arm64", "linux/amd64"));
        Assert.True(result.Image.IsIndex);
        Assert.All(result.Image.Images, i => Assert.Equal(["a", "b"], i.Applications.Select(x => x.Name)));
        Assert.Equal(["linux/amd64", "linux/arm64"], result.Image.Platforms.Select(p => p.ToString()));
    }

    [Fact]
    public async Task Of_an_application_that_both_changed_the_later_has_all_its_files()
    {
        const string Extension = """{"type":"app-installer","applications":[{"name":"web","type":"helm","files":["web"]}],"launch":{}}""";
        var (x, y) = (new TinyClusterImage { Extension = Extension }, new TinyClusterImage { Extension = Extension });
        foreach (var image in new[] { x, y })
            image.File("application/apps/web/a.yaml", "base").File("application/apps/web/b.yaml", "base").NextLayer();
        x.File("application/apps/web/a.yaml", "changed by a").File("application/apps/web/extra/extra.yaml", "a's alone");
        y.File("application/apps/web/b.yaml", "changed by b");
        var result = await Merge(await Load(x, "a"), await Load(y, "b"));
        Assert.Equal(MergeCollisionKind.Application, Assert.Single(result.Collisions).Kind);
        Assert.Equal(
            ("base", "changed by b", null),
            (await ReadAsync(result.Image, "application/apps/web/a.yaml"), await ReadAsync(result.Image, "application/apps/web/b.yaml"), await ReadAsync(result.Image, "application/apps/web/extra/extra.yaml")));
        Assert.Equal(4, result.Image.Config!.History!.Count);
        await AssertWhole(result.Image);
    }

    [Fact]
    public async Task A_third_image_of_one_path_moves_away_everybody_who_was_there()
    {
        // quay.io's and ghcr.io's are one image; docker.io's is another.
        _a.Contain("quay.io/demo/app:v1", "one");
        _b.Contain("ghcr.io/demo/app:v1", "one");
        var c = App("c").Contain("docker.io/demo/app:v1", "two");
        var result = await Merge(await Load(_a, "a"), await Load(_b, "b"), await Load(c, "c"));
        Assert.Equal(["quay.io/demo/app:v1", "ghcr.io/demo/app:v1"], result.Collisions.Select(x => x.Name));
        Assert.Equal(
            [("ghcr.io/demo/app:v1", "ghcr.io/demo/app"), ("quay.io/demo/app:v1", "quay.io/demo/app")],
            result.Image.ContainerImagePaths.Select(p => (p.Key, p.Value)));
        await AssertWhole(result.Image, containerImages: 3);
    }

    [Fact]
    public async Task A_moved_container_image_that_a_later_image_brings_anew_lies_by_rule_again()
    {
        _a.Contain("quay.io/demo/app:v1", "one");
        _b.Contain("ghcr.io/demo/app:v1", "two");
        var c = App("c").Contain("quay.io/demo/app:v1", "three");
        var result = await Merge(await Load(_a, "a"), await Load(_b, "b"), await Load(c, "c"));
        Assert.Equal(["quay.io/demo/app:v1", "quay.io/demo/app:v1", "ghcr.io/demo/app:v1"], result.Collisions.Select(x => x.Name));
        Assert.Equal("ghcr.io/demo/app", Assert.Single(result.Image.ContainerImagePaths).Value);
        await AssertWhole(result.Image, containerImages: 2);
    }

    [Fact]
    public async Task A_container_image_that_finds_no_place_is_refused()
    {
        _a.Contain("quay.io/demo/app:v1", "one").Contain("docker.io/quay.io/demo/app:v1", "in the way");
        _b.Contain("ghcr.io/demo/app:v1", "two");
        Assert.Equal("ContainerImageConflict", (await Refused(await Load(_a, "a"), await Load(_b, "b"))).Id);
    }

    [Fact]
    public async Task A_container_image_without_a_listed_name_that_is_replaced_is_reported()
    {
        _a.Contain("quay.io/demo/app:v1", "one", listed: false);
        _b.Contain("quay.io/demo/app:v1", "two", listed: false);
        var result = await Merge(await Load(_a, "a"), await Load(_b, "b"));
        Assert.Equal((MergeCollisionKind.ContainerImage, "demo/app:v1"), (Assert.Single(result.Collisions).Kind, result.Collisions[0].Name));
    }

    [Theory]
    [InlineData(".wh.registry")]
    [InlineData("registry/docker/registry/v2/repositories/demo/.wh.app")]
    [InlineData("registry/docker/registry/v2/blobs/sha256/.wh..wh..opq")]
    public async Task A_container_image_that_a_later_images_layers_would_hide_is_not_lost_silently(string whiteout)
    {
        _a.Contain("quay.io/demo/app:v1", "one");
        _b.File(whiteout, "");
        var (a, b) = (await Load(_a, "a"), await Load(_b, "b"));
        var e = await Refused(a, b);
        Assert.Equal("ContainerImageLost", e.Id);
        Assert.Contains("quay.io/demo/app:v1", e.Message, StringComparison.Ordinal);
        await AssertWhole((await Merge(b, a)).Image, containerImages: 1);
    }

    [Fact]
    public async Task A_blob_that_is_not_what_its_name_says_does_not_take_the_place_of_a_good_one()
    {
        _a.Contain("quay.io/demo/app:v1", "one");
        var blob = _a.Layers[0].Select(f => f.Name).First(n => n.EndsWith("/data", StringComparison.Ordinal));
        _b.File(blob, "something else");
        Assert.Equal("ContainerImageLost", (await Refused(await Load(_a, "a"), await Load(_b, "b"))).Id);
    }

    [Fact]
    public async Task A_container_image_that_both_were_built_from_and_one_removed_is_gone()
    {
        var (x, y) = (new TinyClusterImage(), new TinyClusterImage());
        foreach (var image in new[] { x, y })
            image.Contain("quay.io/demo/app:v1", "one", listed: image == x).NextLayer();

        y.File("registry/docker/registry/v2/repositories/demo/.wh.app", "");
        var result = await Merge(await Load(x, "a"), await Load(y, "b"));
        Assert.Empty(result.Collisions);
        Assert.Empty(result.Image.ContainerImages);
        await AssertWhole(result.Image);
    }

    [Fact]
    public async Task A_layer_that_claims_to_be_another_images_layer_is_read_and_refused()
    {
        _a.File("etc/x", "good");
        _b.File("etc/x", "evil");
        var a = await Load(_a, "a");
        var evil = await _b.WriteAsync(_store, changeConfig: c => c with { Rootfs = c.Rootfs with { DiffIds = [a.Layers[0].DiffId!.Value] } });
        var b = await ClusterImages.LoadAsync(_store, ImageReference.Parse("b"), evil, CancellationToken.None);
        Assert.Equal("DigestMismatch", (await Refused(a, b)).Id);
    }

    [Fact]
    public async Task A_label_that_would_steer_a_terminal_is_told_harmlessly()
    {
        _a.Labels["vendor"] = "a";
        _b.Labels["vendor"] = "\u001b[2J##vso[task.setvariable]";
        var collision = Assert.Single((await Merge(await Load(_a, "a"), await Load(_b, "b"))).Collisions);
        Assert.DoesNotContain('\u001b', collision.Resolution);
        Assert.DoesNotContain("##vso", collision.Resolution, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Annotations_of_one_name_are_reported()
    {
        var a = await ClusterImages.LoadAsync(_store, ImageReference.Parse("a"), await _a.WriteAsync(_store, m => Titled(m, "a")), CancellationToken.None);
        var b = await ClusterImages.LoadAsync(_store, ImageReference.Parse("b"), await _b.WriteAsync(_store, m => Titled(m, "b")), CancellationToken.None);
        var result = await Merge(a, b);
        Assert.Equal((MergeCollisionKind.Annotation, "title"), (Assert.Single(result.Collisions).Kind, result.Collisions[0].Name));
        Assert.Equal("b", result.Image.Manifest!.Annotations!["title"]);

        static ImageManifest Titled(ImageManifest m, string title) =>
            m with { Annotations = new Dictionary<string, string>(m.Annotations!) { ["title"] = title } };
    }

    [Fact]
    public async Task A_preview_tells_the_same_and_writes_nothing()
    {
        _a.File("etc/x", "a").Contain("quay.io/demo/app:v1", "one");
        _b.File("etc/x", "b").Contain("ghcr.io/demo/app:v1", "two");
        var images = new[] { await Load(_a, "a"), await Load(_b, "b") };
        var blobs = Blobs();
        var told = await ImageMerger.PreviewAsync(_store, images, null, null, CancellationToken.None);
        Assert.Equal(blobs, Blobs());
        Assert.Equal((await Merge(images)).Collisions, told);
        Assert.Equal(2, told.Count);
    }

    [Fact]
    public async Task Only_the_wanted_platforms_are_merged()
    {
        var images = new[] { await Index("a", "linux/amd64", "linux/arm64"), await Index("b", "linux/amd64", "linux/s390x") };
        Assert.Equal("PlatformMismatch", (await Refused(images)).Id);
        var options = new MergeOptions { Platforms = [Platform.Parse("linux/amd64")] };
        var result = await ImageMerger.MergeAsync(_store, ImageReference.Parse("merged:v1"), images, options, null, CancellationToken.None);
        Assert.Equal("linux/amd64", Assert.Single(result.Image.Platforms).ToString());
        Assert.False(result.Image.IsIndex);
    }

    [Fact]
    public async Task Two_ways_to_write_a_platform_are_one()
    {
        (_a.Platform, _b.Platform) = ("linux/arm64", "linux/arm64/v8");
        Assert.Equal(["a", "b"], (await Merge(await Load(_a, "a"), await Load(_b, "b"))).Image.Applications.Select(x => x.Name));
    }

    [Fact]
    public async Task Images_for_different_platforms_are_refused()
    {
        _b.Platform = "linux/arm64";
        var e = await Refused(await Load(_a, "a"), await Load(_b, "b"));
        Assert.Equal("PlatformMismatch", e.Id);
        Assert.Contains("linux/arm64", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_ordinary_image_is_refused()
    {
        _b.Extension = null;
        Assert.Equal("NotAClusterImage", (await Refused(await Load(_a, "a"), await Load(_b, "b"))).Id);
    }

    [Fact]
    public async Task One_image_is_too_few() => Assert.Equal("TooFewImages", (await Refused(await Load(_a, "a"))).Id);

    [Fact]
    public async Task A_layer_that_was_changed_is_not_merged_and_nothing_is_named()
    {
        var (a, b) = (await Load(_a.File("x", "x"), "a"), await Load(_b, "b"));
        var path = _store.TryGetPath(a.Layers[0].Digest)!;
        File.SetAttributes(path, FileAttributes.Normal);
        var content = await File.ReadAllBytesAsync(path);
        content[600] ^= 1;
        await File.WriteAllBytesAsync(path, content);
        Assert.Equal("DigestMismatch", (await Refused(a, b)).Id);
        Assert.Null(await _store.ResolveAsync(ImageReference.Parse("merged:v1"), CancellationToken.None));
    }

    private static TinyClusterImage App(string name)
    {
        var image = new TinyClusterImage
        {
            Extension = $$$"""{"type":"app-installer","applications":[{"name":"{{{name}}}","type":"kube","files":["{{{name}}}.yaml"]}],"launch":{"app_names":["{{{name}}}"]}}""",
        };
        return image.File($"application/apps/{name}/{name}.yaml", name);
    }

    private async Task<ClusterImage> Load(TinyClusterImage image, string name) => await ClusterImages.LoadAsync(
        _store, ImageReference.Parse(name), await image.WriteAsync(_store), CancellationToken.None);

    private async Task<ClusterImage> Index(string name, params string[] platforms)
    {
        var members = new List<Descriptor>();
        foreach (var platform in platforms)
        {
            var image = App(name);
            image.Platform = platform;
            members.Add(await image.WriteAsync(_store) with { Platform = Platform.Parse(platform) });
        }

        var index = await _store.PutAsync(MediaType.OciIndex, OciJson.Write(new ImageIndex { MediaType = MediaType.OciIndex, Manifests = members }));
        return await ClusterImages.LoadAsync(_store, ImageReference.Parse(name), index, CancellationToken.None);
    }

    private Task<MergeResult> Merge(params ClusterImage[] images) =>
        ImageMerger.MergeAsync(_store, ImageReference.Parse("merged:v1"), images, null, null, CancellationToken.None);

    private Task<SealerException> Refused(params ClusterImage[] images) => Assert.ThrowsAsync<SealerException>(() => Merge(images));

    private async Task AssertWhole(ClusterImage image, int containerImages = 0)
    {
        var result = await ImageVerifier.VerifyAsync(_store, null, image.Descriptor, null, CancellationToken.None);
        Assert.Empty(result.Findings);
        Assert.Equal(containerImages, result.ContainerImages);
    }

    private async Task<string?> ReadAsync(ClusterImage image, string path)
    {
        var files = await ImageFileSystem.LoadAsync(_store, [.. image.Layers.Select(l => l.Descriptor)], CancellationToken.None);
        if (files.Find(path) is null)
            return null;
        using var reader = new StreamReader(files.Open(path));
        return await reader.ReadToEndAsync();
    }

    private int Blobs() => Directory.EnumerateFiles(Path.Combine(_store.Folder, "blobs"), "*", SearchOption.AllDirectories).Count();
}
