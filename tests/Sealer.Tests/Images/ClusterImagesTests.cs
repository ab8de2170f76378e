using Sealer.Images;

namespace Sealer.Tests.Images;

public sealed class ClusterImagesTests
{
    private const string Kube = """{"buildClient":{"sealerVersion":"v0.11.0","buildahVersion":"1.27.1"},"schemaVersion":"v1alpha1","type":"kube-installer","launch":{}}""";
    private readonly MemoryImages _images = new();

    [Fact]
    public async Task An_image_says_what_it_holds()
    {
        var descriptor = _images.AddImage(
            """{"schemaVersion":"v1alpha1","type":"app-installer","applications":[{"name":"web","type":"helm","files":["web"],"version":"v1","env":{"B":"2","A":"1"}}],"env":{"PORT":"8080"},"launch":{"app_names":["web"]}}""",
            """[{"image":"docker.io/library/busybox:1.36","appName":"web","platform":{"architecture":"amd64","os":"linux"}}]""",
            labels: new Dictionary<string, string>
            {
                ["cluster.alpha.sealer.io/kube-cni-calico"] = "true",
                ["cluster.alpha.sealer.io/cluster-runtime-type"] = "k0s",
                ["app.alpha.sealer.io/supported-kube-version"] = "1.22-1.24",
            },
            layers: ["one", "two"]);

        var image = await Load(descriptor, "skyline:v3");

        Assert.Equal("skyline:v3", image.Name);
        Assert.Equal("docker.io/library/skyline:v3", image.FullName);
        Assert.Equal(descriptor.Digest, image.Digest);
        Assert.Equal("linux/amd64", Assert.Single(image.Platforms).ToString());
        Assert.Equal("app-installer", image.Type);
        Assert.Equal(["A", "B"], Assert.Single(image.Applications).Env!.Keys);
        Assert.Equal("web", Assert.Single(Assert.Single(image.ContainerImages).AppNames));
        Assert.Equal("8080", image.Env["PORT"]);
        Assert.Equal(["web"], image.Launch.AppNames);
        Assert.Equal(("k0s", "docker"), (image.RuntimeType, image.ContainerRuntime));
        Assert.Equal(["calico"], image.Cni);
        Assert.Equal("1.22-1.24", image.SupportedKubeVersion);
        Assert.Equal(["COPY one", "COPY two"], image.Layers.Select(l => l.CreatedBy));
        Assert.Equal(Digest.Of("two"u8), image.Layers[1].DiffId);
        Assert.Equal(6 + descriptor.Size + image.Manifest!.Config.Size, image.Size);
    }

    [Fact]
    public async Task Manifest_and_config_are_read_once_each_and_no_layer()
    {
        await Load(_images.AddImage(Kube, layers: ["one"]));
        Assert.Equal(2, _images.Opened);
    }

    [Fact]
    public async Task What_sealer_0_9_0_called_launchfiles_are_the_files()
    {
        var image = await Load(_images.AddImage("""{"applications":[{"name":"a","type":"kube","launchfiles":["a.yaml"]}],"launch":{"app_names":["a"]}}"""));
        Assert.Equal(["a.yaml"], image.Applications[0].Files);
        Assert.Null(image.Applications[0].LaunchFiles);
    }

    [Fact]
    public async Task What_sealer_0_10_kept_in_app_configs_are_the_commands_of_the_application()
    {
        var image = await Load(_images.AddImage(
            """{"applications":[{"name":"a"},{"name":"b","cmds":["own"]}],"launch":{"appConfigs":[{"name":"a","launch":{"cmds":["x","y"]}},{"name":"b","launch":{"cmds":["old"]}}]}}"""));
        Assert.Equal(["x", "y"], image.Applications[0].Cmds);
        Assert.Equal(["own"], image.Applications[1].Cmds);
        Assert.Null(image.Launch.AppConfigs);
    }

    [Fact]
    public async Task A_docker_image_has_the_annotations_in_its_labels_and_does_not_show_them_there()
    {
        var image = await Load(_images.AddImage(Kube, """[{"image":"docker.io/library/a:1"}]""", asLabels: true, labels: new Dictionary<string, string> { ["vendor"] = "peer" }));
        Assert.True(image.IsClusterImage);
        Assert.Single(image.ContainerImages);
        Assert.Equal(["vendor"], image.Labels.Keys);
    }

    [Theory]
    [InlineData(MediaType.OciIndex)]
    [InlineData(MediaType.DockerManifestList)]
    public async Task An_index_has_an_image_a_platform_and_counts_shared_layers_once(string mediaType)
    {
        var amd = _images.AddImage(Kube, platform: "linux/amd64", layers: ["shared", "amd"]);
        var arm = _images.AddImage(Kube, platform: "linux/arm64", layers: ["shared", "arm"]);
        var index = _images.AddIndex(mediaType, amd with { Platform = Platform.Parse("linux/amd64") }, arm with { Platform = Platform.Parse("linux/arm64") });

        var image = await Load(index, "skyline:v3");

        Assert.True(image.IsIndex);
        Assert.True(image.IsClusterImage);
        Assert.Equal(["linux/amd64", "linux/arm64"], image.Platforms.Select(p => p.ToString()));
        Assert.Equal(arm.Digest, image.ForPlatform(Platform.Parse("linux/arm64")).Digest);
        var alone = image.Images.Sum(i => i.Size);
        Assert.Equal(alone - "shared".Length + index.Size, image.Size);
    }

    [Fact]
    public async Task A_platform_that_is_not_there_is_refused_with_those_that_are()
    {
        var image = await Load(_images.AddImage(Kube), "skyline:v3");
        var e = Assert.Throws<SealerException>(() => image.ForPlatform(Platform.Parse("linux/s390x")));
        Assert.Equal("PlatformNotFound", e.Id);
        Assert.Contains("linux/amd64", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_index_of_which_one_platform_was_pulled_says_which_are_absent()
    {
        var amd = _images.AddImage(Kube, layers: ["a"]);
        var arm = _images.AddImage(Kube, platform: "linux/arm64") with { Platform = Platform.Parse("linux/arm64") };
        var index = _images.AddIndex(MediaType.OciIndex, amd, arm);
        _images.Blobs.TryRemove(arm.Digest, out _);

        var image = await Load(index);

        Assert.Equal("linux/arm64", Assert.Single(image.AbsentPlatforms).ToString());
        Assert.Contains("receive", Assert.Throws<SealerException>(() => image.ForPlatform(arm.Platform)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_attestation_in_an_index_is_no_platform()
    {
        var index = _images.AddIndex(
            MediaType.OciIndex,
            _images.AddImage(Kube),
            _images.AddImage(null, layers: ["sbom"]) with { Platform = Platform.Parse("unknown/unknown") });
        Assert.Single((await Load(index)).Images);
    }

    [Fact]
    public async Task An_ordinary_image_is_described_and_refused_where_a_cluster_image_is_needed()
    {
        var image = await Load(_images.AddImage(null, layers: ["x"]), "busybox");
        Assert.False(image.IsClusterImage);
        var e = Assert.Throws<SealerException>(() => image.RequireClusterImage());
        Assert.Equal("NotAClusterImage", e.Id);
        Assert.Contains("busybox:latest", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_artifact_has_no_config_of_an_image_and_is_still_described()
    {
        var config = _images.Add("application/vnd.cncf.helm.config.v1+json", "{}");
        var chart = _images.Add(MediaType.OciManifest, OciJson.Write(new ImageManifest { Config = config, Layers = [] }));
        var image = await Load(chart);
        Assert.False(image.IsClusterImage);
        Assert.Empty(image.Platforms);
    }

    [Fact]
    public async Task An_image_of_sealer_0_8_is_recognised_and_told_to_be_built_again()
    {
        var config = _images.Add(MediaType.DockerConfig, """{"kind":"Image","architecture":"amd64","os":"linux","spec":{"layers":[{"type":"COPY","value":"a ."}]}}""");
        var image = await Load(_images.Add(MediaType.DockerManifest, OciJson.Write(new ImageManifest { Config = config, Layers = [] })));
        Assert.True(image.IsLegacy);
        Assert.Contains("0.8", Assert.Throws<SealerException>(() => image.RequireClusterImage()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_manifest_whose_content_was_changed_is_refused()
    {
        var descriptor = _images.AddImage(Kube);
        _images.Blobs[descriptor.Digest] = [.. _images.Blobs[descriptor.Digest].Reverse()];
        Assert.Equal("DigestMismatch", (await Assert.ThrowsAsync<SealerException>(() => Load(descriptor))).Id);
    }

    [Theory]
    [InlineData(-1, "SizeMismatch")]
    [InlineData(1, "Truncated")]
    public async Task A_manifest_of_another_size_than_told_is_refused(int more, string id)
    {
        var descriptor = _images.AddImage(Kube);
        var lie = descriptor with { Size = descriptor.Size + more };
        Assert.Equal(id, (await Assert.ThrowsAsync<SealerException>(() => Load(lie))).Id);
    }

    [Fact]
    public async Task A_manifest_said_to_be_huge_is_refused_before_it_is_read()
    {
        var lie = _images.AddImage(Kube) with { Size = long.MaxValue };
        Assert.Equal("ManifestTooLarge", (await Assert.ThrowsAsync<SealerException>(() => Load(lie))).Id);
        Assert.Equal(0, _images.Opened);
    }

    [Fact]
    public async Task A_document_that_is_manifest_and_index_at_once_is_refused()
    {
        var both = _images.Add(MediaType.OciIndex, """{"schemaVersion":2,"manifests":[],"layers":[]}""");
        Assert.Equal("InvalidManifest", (await Assert.ThrowsAsync<SealerException>(() => Load(both))).Id);
    }

    [Fact]
    public async Task An_index_announced_as_a_manifest_is_refused()
    {
        var lie = _images.AddIndex(MediaType.OciIndex) with { MediaType = MediaType.OciManifest };
        Assert.Equal("InvalidManifest", (await Assert.ThrowsAsync<SealerException>(() => Load(lie))).Id);
    }

    [Fact]
    public async Task Indexes_nested_without_end_are_refused()
    {
        var inner = _images.AddImage(Kube);
        for (var i = 0; i < 6; i++)
            inner = _images.AddIndex(MediaType.OciIndex, inner);
        Assert.Equal("InvalidManifest", (await Assert.ThrowsAsync<SealerException>(() => Load(inner))).Id);
    }

    [Fact]
    public async Task An_index_of_very_many_images_is_refused()
    {
        var members = Enumerable.Range(0, 300).Select(i => _images.AddImage(Kube, layers: [$"{i}"])).ToArray();
        var index = _images.AddIndex(MediaType.OciIndex, members);
        Assert.Equal("InvalidManifest", (await Assert.ThrowsAsync<SealerException>(() => Load(index))).Id);
    }

    [Theory]
    [InlineData("""{"schemaVersion":2,"config":null,"layers":[]}""")]
    [InlineData("""{"schemaVersion":2,"config":{"mediaType":"a","digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":0},"layers":null}""")]
    [InlineData("""{"schemaVersion":2,"config":{"mediaType":"a","digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":0},"layers":[null]}""")]
    [InlineData("""{"schemaVersion":2,"config":{"mediaType":"a","digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":-1},"layers":[]}""")]
    [InlineData("""{"schemaVersion":2,"config":{"mediaType":"a","digest":null,"size":0},"layers":[]}""")]
    [InlineData("""{"schemaVersion":2,"config":{"mediaType":"a","digest":"../../etc/passwd","size":0},"layers":[]}""")]
    [InlineData("not json")]
    public async Task A_manifest_with_holes_is_refused(string json)
    {
        var descriptor = _images.Add(MediaType.OciManifest, json);
        Assert.Equal("InvalidManifest", (await Assert.ThrowsAsync<SealerException>(() => Load(descriptor))).Id);
    }

    [Theory]
    [InlineData("""{"applications":[null],"launch":null,"buildClient":null,"type":null}""")]
    [InlineData("""{"applications":[{"name":null,"env":{"A":null}}],"launch":{"appConfigs":[null,{"name":null}]}}""")]
    public async Task Nulls_in_the_extension_do_no_harm(string extension)
    {
        var image = await Load(_images.AddImage(extension), "a");
        Assert.Equal("kube-installer", image.Type);
        Assert.Empty(image.Launch.Cmds ?? []);
        Assert.NotEmpty(image.ToInspectJson());
    }

    [Fact]
    public async Task A_broken_extension_is_an_error_and_not_an_ordinary_image() =>
        Assert.Equal("InvalidManifest", (await Assert.ThrowsAsync<SealerException>(() => Load(_images.AddImage("{")))).Id);

    [Fact]
    public async Task A_name_that_is_not_known_says_where_images_come_from()
    {
        var e = await Assert.ThrowsAsync<SealerException>(() => ClusterImages.LoadAsync(_images, ImageReference.Parse("nowhere"), CancellationToken.None));
        Assert.Equal(("ImageNotFound", ErrorKind.NotFound), (e.Id, e.Kind));
    }

    private Task<ClusterImage> Load(Descriptor descriptor, string? name = null) =>
        ClusterImages.LoadAsync(_images, name is null ? null : ImageReference.Parse(name), descriptor, CancellationToken.None);
}
