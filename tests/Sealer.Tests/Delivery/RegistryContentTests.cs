using Sealer.Clusterfiles.Documents;
using Sealer.Delivery;
using Sealer.Images;
using Sealer.Images.ContainerImages.RegistryFolder;
using Sealer.Registries;
using Sealer.Tests.Images;
using Sealer.Tests.Images.ContainerImages;
using Sealer.Tests.Peers;

namespace Sealer.Tests.Delivery;

/// <summary>What a registry that is there already gets of a cluster image: Debian's docker-registry, with TLS and a password.</summary>
[Trait("Tier", "parts")]
public sealed class RegistryContentTests : IAsyncLifetime
{
    private const string Password = "hunter2-registry";

    private readonly RegistryFolderFixture _fixture = new();
    private DockerRegistry _server = null!;

    public async Task InitializeAsync() => _server = await DockerRegistry.StartAsync(new() { Tls = true, User = ("ops", Password) });

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        _fixture.Dispose();
    }

    [Fact]
    public async Task It_has_every_name_afterwards_once_and_again_only_what_it_lost()
    {
        var nginx = await _fixture.PushAsync("nginx:1.25", 1);
        var app = await _fixture.PushAsync("quay.io/demo/app:v1", 2, layers: 4);
        var pinned = await _fixture.PushAsync("quay.io/demo/pinned:v1", 20);
        var byDigest = $"quay.io/demo/pinned@{pinned.Digest}";
        await _fixture.Of("quay.io").TagAsync(ImageReference.Parse(byDigest), pinned, CancellationToken.None);
        var content = await ContentAsync("nginx:1.25", "quay.io/demo/app:v1", byDigest);

        var before = await content.InspectAsync(default);
        Assert.Equal((_server.Domain, 3), (before.Endpoint, before.Images));
        Assert.Equal(["demo/app:v1", "library/nginx:1.25", $"demo/pinned@{pinned.Digest}"], before.Missing);
        var bytes = new Last();
        await content.FillAsync(bytes, null, default);
        Assert.InRange(bytes.Value, before.Bytes - 20_000, before.Bytes);
        var after = await content.InspectAsync(default);
        Assert.Equal((3, 0, 0L, before.Digest), (after.Images, after.Missing.Count, after.Bytes, after.Digest));
        foreach (var (name, root) in new[] { ("library/nginx:1.25", nginx), ("demo/app:v1", app), ($"demo/pinned@{pinned.Digest}", pinned) })
            Assert.Equal(root.Digest, await DigestOfAsync(name));

        // Another image under a name of ours is put right, and nothing else is sent.
        using (var client = new RegistryClient(Options with { Credentials = Ops }))
        {
            var other = ImageReference.Parse($"{_server.Domain}/library/nginx:1.25");
            var repository = client.Repository(other);
            await repository.TagAsync(other, await RandomImage.WriteAsync(repository, 7), default);
        }

        Assert.Equal(["library/nginx:1.25"], (await content.InspectAsync(default)).Missing);
        await content.FillAsync(bytes, null, default);
        Assert.Equal(nginx.Digest, await DigestOfAsync("library/nginx:1.25"));
        Assert.Empty((await content.InspectAsync(default)).Missing);
    }

    [Fact]
    public async Task Of_an_index_comes_what_the_image_holds_and_of_several_platforms_all_of_them()
    {
        var index = await RandomImage.WriteIndexAsync(_fixture.Of("quay.io"), 10, "linux/amd64", "linux/arm64");
        await _fixture.Of("quay.io").TagAsync(ImageReference.Parse("quay.io/demo/multi:v1"), index, CancellationToken.None);
        var (_, _, files) = await _fixture.BuildAsync(null, RegistryFolderSource.Empty, "quay.io/demo/multi:v1");
        var one = Of(files);
        var wanted = await one.InspectAsync(default);
        Assert.Equal(["demo/multi:v1"], wanted.Missing);
        await one.FillAsync(null, null, default);
        Assert.Empty((await one.InspectAsync(default)).Missing);
        Assert.NotEqual(index.Digest, await DigestOfAsync("demo/multi:v1"));
        await Peer.RunAsync("skopeo", "--override-os", "linux", "--override-arch", "amd64", "inspect", "--tls-verify=false", "--creds", $"ops:{Password}", $"docker://{_server.Domain}/demo/multi:v1");

        var arm = new MemoryFiles();
        foreach (var entry in files.List(""))
            arm.Add(entry.Path, Read(files, entry.Path));
        await FillAsync(arm, index, _fixture.Of("quay.io"));
        var both = Of(files, arm);
        Assert.Equal(["demo/multi:v1"], (await both.InspectAsync(default)).Missing);
        await both.FillAsync(null, null, default);
        Assert.Equal(index.Digest, await DigestOfAsync("demo/multi:v1"));
    }

    [Fact]
    public async Task Images_that_are_other_ones_for_each_platform_are_refused()
    {
        await _fixture.PushAsync("demo/app:v1", 1);
        var (_, _, amd) = await _fixture.BuildAsync(null, RegistryFolderSource.Empty, "demo/app:v1");
        await _fixture.PushAsync("demo/app:v1", 2);
        var (_, _, arm) = await _fixture.BuildAsync(null, RegistryFolderSource.Empty, "demo/app:v1");
        var error = await Assert.ThrowsAsync<SealerException>(() => Of(amd, arm).InspectAsync(default));
        Assert.Equal("ContainerImagesDiffer", error.Id);
        Assert.Contains("demo/app:v1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_may_not_is_told_so_and_no_password_is()
    {
        await _fixture.PushAsync("nginx:1.25", 1);
        var (_, _, files) = await _fixture.BuildAsync(null, RegistryFolderSource.Empty, "nginx:1.25");
        var wrong = RegistryContent.Of(Spec with { Password = Secret.Of("wrong-" + Password) }, new ImageContentOptions { Registries = Options }, [files])!;
        var refused = await Assert.ThrowsAsync<RegistryException>(() => wrong.InspectAsync(default));
        Assert.Equal("RegistryUnauthorized", refused.Id);
        Assert.DoesNotContain(Password, refused.ToString(), StringComparison.Ordinal);

        var untrusted = RegistryContent.Of(Spec, new ImageContentOptions(), [files])!;
        var error = await Assert.ThrowsAsync<SealerException>(() => untrusted.InspectAsync(default));
        Assert.Equal("CertificateNotTrusted", error.Id);
        Assert.Contains("of every host", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(" -", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_image_without_container_images_fills_nothing() =>
        Assert.Null(RegistryContent.Of(Spec, new ImageContentOptions(), [new MemoryFiles { ["scripts/init.sh"] = "" }]));

    private RegistryOptions Options => new() { CertificateAuthorityFiles = [_server.AuthorityFile!] };

    private GivenCredentials Ops => new(new Dictionary<string, RegistryCredential> { [_server.Domain] = new() { UserName = "ops", Password = Secret.Of(Password) } });

    private ExternalRegistrySpec Spec => new()
    {
        Domain = _server.Domain.Split(':')[0],
        Port = int.Parse(_server.Domain.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture),
        UserName = "ops",
        Password = Secret.Of(Password),
    };

    private RegistryContent Of(params MemoryFiles[] platforms) => RegistryContent.Of(Spec, new ImageContentOptions { Registries = Options }, platforms)!;

    private async Task<RegistryContent> ContentAsync(params string[] names) => Of((await _fixture.BuildAsync(null, RegistryFolderSource.Empty, names)).Files);

    private async Task<Digest> DigestOfAsync(string name) => Digest.Of(System.Text.Encoding.UTF8.GetBytes(
        await Peer.RunAsync("skopeo", "inspect", "--raw", "--tls-verify=false", "--creds", $"ops:{Password}", $"docker://{_server.Domain}/{name}")));

    private static byte[] Read(MemoryFiles files, string path)
    {
        using var content = new MemoryStream();
        using var from = files.Open(path);
        from.CopyTo(content);
        return content.ToArray();
    }

    // All that the index names, as the image of the other platform holds its part.
    private static async Task FillAsync(MemoryFiles files, Descriptor root, IImageSource from)
    {
        using var content = new MemoryStream();
        using (var stream = await from.OpenAsync(root, 0, default))
            await stream.CopyToAsync(content);
        files.Add(RegistryFolderLayout.Blob(root.Digest), content.ToArray());
        var document = RegistryFolderManifest.TryRead(content.ToArray());
        foreach (var child in document?.Index?.Manifests ?? document?.Manifest?.Layers.Append(document.Manifest.Config) ?? [])
            await FillAsync(files, child, from);
    }

    private sealed class Last : IProgress<long>
    {
        public long Value { get; private set; }

        public void Report(long value) => Value = value;
    }
}
