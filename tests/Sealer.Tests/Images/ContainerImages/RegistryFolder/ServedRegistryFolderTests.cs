using System.Formats.Tar;
using Sealer.Images;
using Sealer.Images.ContainerImages.RegistryFolder;
using Sealer.Tests.Peers;

namespace Sealer.Tests.Images.ContainerImages.RegistryFolder;

/// <summary>What is laid into a cluster image, served by Debian's docker-registry and pulled by others.</summary>
[Trait("Tier", "parts")]
public sealed class ServedRegistryFolderTests : IAsyncLifetime
{
    private readonly RegistryFolderFixture _fixture = new();
    private readonly TemporaryFolder _host = new();
    private DockerRegistry? _server;

    private DockerRegistry Server => _server!;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
        _host.Dispose();
        _fixture.Dispose();
    }

    [Fact]
    public async Task Skopeo_and_containerd_pull_every_image_by_tag_and_by_digest()
    {
        var images = new Dictionary<string, Descriptor>
        {
            ["nginx:1.25"] = await _fixture.PushAsync("nginx:1.25", 1),
            ["quay.io/demo/app:v1"] = await _fixture.PushAsync("quay.io/demo/app:v1", 2, layers: 4),
            ["127.0.0.1:5443/a/b/c/d:x_Y.z-1"] = await _fixture.PushAsync("127.0.0.1:5443/a/b/c/d:x_Y.z-1", 3),
        };
        var index = await RandomImage.WriteIndexAsync(_fixture.Of("quay.io"), 10, "linux/arm64", "linux/amd64");
        await _fixture.Of("quay.io").TagAsync(ImageReference.Parse("quay.io/demo/multi:v1"), index, CancellationToken.None);
        images["quay.io/demo/multi:v1"] = index;
        var pinned = await _fixture.PushAsync("quay.io/demo/pinned:v1", 20);
        var byDigest = $"quay.io/demo/pinned@{pinned.Digest}";
        await _fixture.Of("quay.io").TagAsync(ImageReference.Parse(byDigest), pinned, CancellationToken.None);
        await ServeAsync([.. images.Keys, byDigest]);
        await using var containerd = await Containerd.StartAsync();
        foreach (var (name, root) in images)
        {
            var reference = ImageReference.Parse(name);
            foreach (var suffix in new[] { $":{reference.Tag}", $"@{root.Digest}" })
                await PullAsync(containerd, reference.Repository + suffix, root.Digest);
        }

        await PullAsync(containerd, $"demo/pinned@{pinned.Digest}", pinned.Digest);
    }

    [Fact]
    public async Task Skopeo_and_containerd_pull_both_of_two_images_that_claim_one_path_containerd_by_hosts_toml()
    {
        var first = await _fixture.PushAsync("docker.io/demo/app:v1", 1);
        var second = await _fixture.PushAsync("quay.io/demo/app:v1", 2);
        var byRule = await _fixture.PushAsync("quay.io/demo/other:v1", 3);
        var result = await ServeAsync("docker.io/demo/app:v1", "quay.io/demo/app:v1", "quay.io/demo/other:v1");
        Assert.Equal("quay.io/demo/app", result.Paths["quay.io/demo/app:v1"]);
        // What the delivery writes: of a domain with images elsewhere first its own folder, then the rule.
        await WriteHostsAsync("docker.io", $"[host.\"http://{Server.Domain}\"]\n  capabilities = [\"pull\", \"resolve\"]\n");
        await WriteHostsAsync(
            "quay.io",
            $"[host.\"http://{Server.Domain}/v2/{RegistryFolderPath.FolderOf("quay.io")}\"]\n  capabilities = [\"pull\", \"resolve\"]\n  override_path = true\n"
            + $"[host.\"http://{Server.Domain}\"]\n  capabilities = [\"pull\", \"resolve\"]\n");
        await using var containerd = await Containerd.StartAsync();
        foreach (var (name, expected) in new[]
                 {
                     ("docker.io/demo/app:v1", first), ("quay.io/demo/app:v1", second), ("quay.io/demo/other:v1", byRule),
                     ($"quay.io/demo/app@{second.Digest}", second),
                 })
        {
            await containerd.PullAsync(name, "--hosts-dir", _host["hosts"]);
            Assert.Contains(expected.Digest.ToString(), await containerd.CtrAsync("images", "ls", $"name=={name}"), StringComparison.Ordinal);
        }

        // And each from its place, by whoever is told it.
        await PullAsync(containerd, "demo/app:v1", first.Digest);
        await PullAsync(containerd, "quay.io/demo/app:v1", second.Digest);
    }

    private async Task PullAsync(Containerd containerd, string path, Digest expected)
    {
        var name = $"{Server.Domain}/{path}";
        var raw = await Peer.RunAsync("skopeo", "inspect", "--raw", "--tls-verify=false", $"docker://{name}");
        Assert.Equal(expected, Digest.Of(System.Text.Encoding.UTF8.GetBytes(raw)));
        using var copy = new TemporaryFolder();
        await Peer.RunAsync(
            "skopeo", "--override-os", "linux", "--override-arch", "amd64", "copy", "-q", "--src-tls-verify=false", $"docker://{name}", $"dir:{copy.Path}");
        await containerd.PullAsync(name, "--plain-http");
        Assert.Contains(expected.ToString(), await containerd.CtrAsync("images", "ls", $"name=={name}"), StringComparison.Ordinal);
    }

    private async Task<RegistryFolderLayerResult> ServeAsync(params string[] names)
    {
        var (result, _, _) = await _fixture.BuildAsync(null, RegistryFolderSource.Empty, names);
        await using (var layer = _fixture.Store.OpenRead(result.Layer!.Digest))
            await TarFile.ExtractToDirectoryAsync(layer, _host.Path, overwriteFiles: false);
        _server = await DockerRegistry.StartAsync(new() { Root = _host["registry"], ReadOnly = true });
        return result;
    }

    private async Task WriteHostsAsync(string domain, string toml)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_host["hosts"], domain)).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "hosts.toml"), $"server = \"https://{domain}\"\n{toml}");
    }
}
