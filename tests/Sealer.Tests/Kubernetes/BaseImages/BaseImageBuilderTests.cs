using Sealer.Images;
using Sealer.Images.Layers;
using Sealer.Images.Storage;
using Sealer.Kubernetes;
using Sealer.Kubernetes.BaseImages;
using Sealer.Registries;
using Sealer.Tests.Images;
using Sealer.Tests.Registries;

namespace Sealer.Tests.Kubernetes.BaseImages;

public sealed class BaseImageBuilderTests : IDisposable
{
    private const string Version = "v1.31.1";

    private readonly TemporaryFolder _temp = new();
    private readonly MemoryImages _registry = new();

    public BaseImageBuilderTests()
    {
        File.WriteAllText(_temp["net.yaml"], ReleaseFolder.Manifest);
        foreach (var name in KubernetesRelease.Of(KubernetesVersion.Parse(Version)).UpstreamImages.Append("quay.io/net/node:v1")
            .Append("docker.io/sealerio/lvscare:v1.1.3-beta.8").Append("docker.io/library/haproxy:3.0-alpine"))
        {
            _registry.Names[ImageReference.Parse(name).ToString()] = _registry.AddImage(null, layers: name);
        }
    }

    private ImageStore Store => ImageStore.Open(_temp["store"]);

    private string Mirror => _temp["mirror"];

    private BaseImageOptions Options => new()
    {
        Kubernetes = KubernetesVersion.Parse(Version),
        Tag = ImageReference.Parse("kubernetes:v1"),
        Source = Mirror,
        Platforms = [Platform.Parse("linux/amd64")],
        NetworkManifest = _temp["net.yaml"],
    };

    public void Dispose() => _temp.Dispose();

    [Fact]
    public async Task A_folder_of_releases_becomes_an_image_with_scripts_programs_and_container_images()
    {
        _ = new ReleaseFolder(Mirror, Version);
        var image = await BuildAsync(Options);
        var files = await ImageFileSystem.LoadAsync(Store, [.. image.Layers.Select(layer => layer.Descriptor)], default);
        var listed = files.Files.Where(file => file.Kind == LayerEntryKind.File && !file.Path.StartsWith("registry/", StringComparison.Ordinal)).ToDictionary(file => file.Path, file => file.Entry.Mode & 0x1FF);
        Assert.All(new[] { "bin/kubeadm", "bin/kubelet", "bin/kubectl", "bin/helm", "cri/runc", "scripts/containerd.sh", "scripts/init-registry.sh", "scripts/init-kube.sh", "scripts/kubelet-pre-start.sh" },
            path => Assert.Equal(0x1ED, listed[path]));
        Assert.All(new[] { "cri/containerd.tar.gz", "cri/crictl.tar.gz", "cri/cni-plugins.tgz", "cri/registry.tar.gz", "etc/containerd-config.toml.tmpl", "etc/kubelet.service", "application/apps/calico/net.yaml" },
            path => Assert.Equal(0x1A4, listed[path]));
        Assert.Contains("/pause:3.10\"", await ReadAsync(files, "etc/containerd-config.toml.tmpl"), StringComparison.Ordinal);
        Assert.Contains("helmamd64", await ReadAsync(files, "bin/helm"), StringComparison.Ordinal);
        Assert.DoesNotContain('\r', await ReadAsync(files, "scripts/common.sh"));
        Assert.Equal(["calico"], image.Launch.AppNames);
        Assert.Equal(("v1.31.1", "containerd"), (image.RuntimeVersion, image.ContainerRuntime));
        Assert.Equal(["calico"], image.Cni);
        Assert.Equal(10, image.ContainerImages.Count);
        Assert.Contains(image.ContainerImages, found => found.Image == "quay.io/net/node:v1");
    }

    [Fact]
    public async Task The_same_releases_make_the_same_image()
    {
        _ = new ReleaseFolder(Mirror, Version);
        var first = await BuildAsync(Options);
        _ = new ReleaseFolder(_temp["again"], Version);
        File.SetLastWriteTimeUtc(_temp["net.yaml"], DateTime.UtcNow.AddDays(-3));
        var second = await new BaseImageBuilder(ImageStore.Open(_temp["other"])) { Registries = _ => _registry }.BuildAsync(Options with { Source = _temp["again"] }, default);
        Assert.Equal(first.Digest, second.Digest);
    }

    [Theory]
    [InlineData("bin/kubeadm")]
    [InlineData("bin/helm")]
    [InlineData("cri/runc")]
    public async Task What_is_not_what_was_published_is_refused(string target)
    {
        var releases = new ReleaseFolder(Mirror, Version);
        var place = releases.PathOf(releases.Files[target].Address);
        File.AppendAllText(place, "#");
        var error = await Assert.ThrowsAsync<SealerException>(() => BuildAsync(Options));
        Assert.Equal("ChecksumMismatch", error.Id);
        Assert.Contains(place, error.Message, StringComparison.Ordinal);
        Assert.Empty(Store.List());
    }

    [Fact]
    public async Task What_is_missing_is_named_with_its_address_upstream()
    {
        var releases = new ReleaseFolder(Mirror, Version);
        File.Delete(releases.PathOf(releases.Files["cri/runc"].Address));
        var error = await Assert.ThrowsAsync<SealerException>(() => BuildAsync(Options));
        Assert.Equal("ReleaseFileNotFound", error.Id);
        Assert.Contains("https://github.com/opencontainers/runc/releases/download/", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<html>Not found</html>")]
    [InlineData("")]
    [InlineData("1111111111111111111111111111111111111111111111111111111111111111  another\n")]
    public async Task A_list_that_does_not_say_a_digest_is_refused(string list)
    {
        var releases = new ReleaseFolder(Mirror, Version);
        File.WriteAllText(releases.PathOf(releases.Files["bin/kubeadm"].Checksums!), list);
        Assert.Equal("ChecksumNotFound", (await Assert.ThrowsAsync<SealerException>(() => BuildAsync(Options))).Id);
    }

    [Fact]
    public async Task A_manifest_whose_digest_is_known_must_be_that_one()
    {
        var releases = new ReleaseFolder(Mirror, Version);
        var address = ReleaseFile.Manifest(BaseImageNetwork.Calico, KubernetesVersion.Parse(Version))!.Address;
        Directory.CreateDirectory(Path.GetDirectoryName(releases.PathOf(address))!);
        File.WriteAllText(releases.PathOf(address), ReleaseFolder.Manifest);
        Assert.Equal("ChecksumMismatch", (await Assert.ThrowsAsync<SealerException>(() => BuildAsync(Options with { NetworkManifest = null }))).Id);
    }

    [Fact]
    public async Task A_mirror_serves_several_platforms_under_one_name()
    {
        _ = new ReleaseFolder(Mirror, Version, "amd64", "arm64");
        await using var server = Serve();
        var options = Options with
        {
            Source = $"http://{server.Domain}/",
            Platforms = [Platform.Parse("linux/amd64"), Platform.Parse("linux/arm64")],
            Network = BaseImageNetwork.None,
            Registries = new RegistryOptions { PlainHttp = [server.Domain] },
        };
        foreach (var name in _registry.Names.Keys.ToList())
        {
            _registry.Names[name] = _registry.AddIndex(
                MediaType.OciIndex, [.. options.Platforms.Select(platform => _registry.AddImage(null, platform: platform.ToString(), layers: name) with { Platform = platform })]);
        }

        var image = await BuildAsync(options);
        Assert.Equal(["linux/amd64", "linux/arm64"], image.Images.SelectMany(member => member.Platforms).Select(platform => platform.ToString()));
        Assert.Equal("kubernetes:v1", Assert.Single(Store.List()).Reference!.ToFamiliarString());
        foreach (var member in image.Images)
        {
            var files = await ImageFileSystem.LoadAsync(Store, [.. member.Layers.Select(layer => layer.Descriptor)], default);
            Assert.Contains("kubeadm" + member.Platforms[0].Architecture, await ReadAsync(files, "bin/kubeadm"), StringComparison.Ordinal);
            Assert.Contains("helm" + member.Platforms[0].Architecture, await ReadAsync(files, "bin/helm"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_mirror_that_changes_a_file_is_found_out()
    {
        var releases = new ReleaseFolder(Mirror, Version);
        await using var server = Serve();
        var options = Options with { Source = $"http://{server.Domain}", Registries = new RegistryOptions { PlainHttp = [server.Domain] } };
        File.AppendAllText(releases.PathOf(releases.Files["bin/kubelet"].Address), "#");
        Assert.Equal("ChecksumMismatch", (await Assert.ThrowsAsync<SealerException>(() => BuildAsync(options))).Id);
        Assert.Empty(Store.List());
    }

    [Fact]
    public async Task A_preview_downloads_nothing_and_says_the_addresses()
    {
        var preview = await new BaseImageBuilder(Store) { Registries = _ => _registry }.PreviewAsync(Options with { Source = null, NetworkManifest = null }, default);
        var text = string.Join('\n', preview.Platforms.Single().Instructions.Select(instruction => instruction.ToString()));
        Assert.Contains("https://dl.k8s.io/release/v1.31.1/bin/linux/amd64/kubeadm", text, StringComparison.Ordinal);
        Assert.Contains("https://raw.githubusercontent.com/projectcalico/calico/", text, StringComparison.Ordinal);
        Assert.Empty(Store.List());
    }

    [Fact]
    public async Task A_network_that_is_not_known_for_a_version_says_what_else_there_is()
    {
        var old = Options with { Kubernetes = KubernetesVersion.Parse("v1.20.2"), NetworkManifest = null };
        _ = new ReleaseFolder(Mirror, "v1.20.2");
        var error = await Assert.ThrowsAsync<SealerException>(() => BuildAsync(old));
        Assert.Equal("NetworkNotSupported", error.Id);
        Assert.Contains("-Network Flannel", error.Message, StringComparison.Ordinal);
    }

    private Task<ClusterImage> BuildAsync(BaseImageOptions options) => new BaseImageBuilder(Store) { Registries = _ => _registry }.BuildAsync(options, default);

    private HostileRegistry Serve() => new()
    {
        On = exchange => File.Exists(_temp["mirror" + exchange.Path]) ? exchange.ReplyAsync(200, File.ReadAllBytes(_temp["mirror" + exchange.Path]), null) : exchange.ReplyAsync(404, Array.Empty<byte>(), null),
    };

    private static async Task<string> ReadAsync(ImageFileSystem files, string path)
    {
        using var reader = new StreamReader(files.Open(path));
        return await reader.ReadToEndAsync();
    }
}
