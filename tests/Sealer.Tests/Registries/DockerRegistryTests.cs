using System.Text.Json;
using Sealer.Images;
using Sealer.Registries;
using Sealer.Tests.Peers;

namespace Sealer.Tests.Registries;

[Trait("Tier", "parts")]
public sealed class DockerRegistryTests
{
    [Fact]
    public async Task What_is_pushed_is_pulled_and_skopeo_reads_it()
    {
        await using var registry = await DockerRegistry.StartAsync();
        using var folder = new TemporaryFolder();
        using var client = Client(registry.Domain);
        var name = ImageReference.Parse($"{registry.Domain}/team/app:v1");
        var repository = client.Repository(name);
        var image = await PushAsync(repository, name, HostileRegistry.Noise(5_000_000));

        Assert.Equal(image.Manifest, await repository.ResolveAsync(name, default));
        Assert.Equal(image.Content, await RegistryPullTests.ReadAsync(repository, image.Layer));
        Assert.Equal(image.Content[1234..], await RegistryPullTests.ReadAsync(repository, image.Layer, 1234));
        Assert.Empty(await RegistryPullTests.ReadAsync(repository, image.Layer, image.Layer.Size));
        await Peer.RunAsync("skopeo", "copy", "--src-tls-verify=false", $"docker://{name}", $"dir:{folder["copy"]}");
        Assert.Equal(image.Content, File.ReadAllBytes(folder[$"copy/{image.Layer.Digest.Hex}"]));
    }

    [Fact]
    public async Task What_skopeo_pushed_is_pulled()
    {
        await using var registry = await DockerRegistry.StartAsync();
        using var client = Client(registry.Domain);
        var first = ImageReference.Parse($"{registry.Domain}/team/app:v1");
        var image = await PushAsync(client.Repository(first), first, HostileRegistry.Noise(100_000));
        var second = ImageReference.Parse($"{registry.Domain}/other/app:v2");
        await Peer.RunAsync("skopeo", "copy", "--src-tls-verify=false", "--dest-tls-verify=false", "--format", "v2s2", $"docker://{first}", $"docker://{second}");
        var found = await client.Repository(second).ResolveAsync(second, default);
        Assert.Equal(MediaType.DockerManifest, found!.MediaType);
        var manifest = OciJson.ReadManifest(await RegistryPullTests.ReadAsync(client.Repository(second), found));

        // As a Docker image the uncompressed layer may have been compressed; what counts is that all of it can be read.
        var layer = Assert.Single(manifest.Layers);
        Assert.Equal(layer.Digest, Digest.Of(await RegistryPullTests.ReadAsync(client.Repository(second), layer)));
        Assert.NotEqual(image.Manifest.Digest, found.Digest);
    }

    [Fact]
    public async Task A_blob_is_mounted_from_another_repository()
    {
        await using var registry = await DockerRegistry.StartAsync();
        await using var link = new CuttingLink(registry.Domain);
        var content = HostileRegistry.Noise(4_000_000);
        var blob = Descriptor.Of(MediaType.OciLayer, content);
        using (var client = Client(link.Domain))
            await PutAsync(client.Repository(ImageReference.Parse($"{link.Domain}/team/base")), blob, content);
        var before = link.Bytes.Up;
        using (var client = Client(link.Domain))
        {
            var repository = client.Repository(ImageReference.Parse($"{link.Domain}/team/app"), ["team/base"]);
            Assert.False(await repository.ExistsAsync(blob, default));
            await PutAsync(repository, blob, content);
            Assert.True(await repository.ExistsAsync(blob, default));
        }

        Assert.InRange(link.Bytes.Up - before, 1, 10_000);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(1_000_000L)]
    public async Task A_push_that_is_cut_arrives_all_the_same(long? chunk)
    {
        await using var registry = await DockerRegistry.StartAsync();
        await using var link = new CuttingLink(registry.Domain) { Cuts = 2, CutAfter = 2_500_000 };
        var content = HostileRegistry.Noise(6_000_000);
        var blob = Descriptor.Of(MediaType.OciLayer, content);
        using var client = Client(link.Domain, chunk);
        var repository = client.Repository(ImageReference.Parse($"{link.Domain}/team/app"));
        await PutAsync(repository, blob, content);
        Assert.Equal(content, await RegistryPullTests.ReadAsync(repository, blob));
        Assert.Equal(0, link.Cuts);
    }

    [Fact]
    public async Task A_pull_that_is_cut_fetches_only_the_rest()
    {
        await using var registry = await DockerRegistry.StartAsync();
        await using var link = new CuttingLink(registry.Domain);
        var content = HostileRegistry.Noise(20_000_000);
        var blob = Descriptor.Of(MediaType.OciLayer, content);
        using (var direct = Client(registry.Domain))
            await PutAsync(direct.Repository(ImageReference.Parse($"{registry.Domain}/team/app")), blob, content);
        using var client = Client(link.Domain);
        link.CutAfter = 6_000_000;
        link.Cuts = 3;
        Assert.Equal(content, await RegistryPullTests.ReadAsync(client.Repository(ImageReference.Parse($"{link.Domain}/team/app")), blob));
        Assert.Equal(0, link.Cuts);
        Assert.InRange(link.Bytes.Down, 20_000_000, 26_000_000);
    }

    [Fact]
    public async Task Tags_and_repositories_are_listed_over_pages()
    {
        await using var registry = await DockerRegistry.StartAsync();
        using var client = Client(registry.Domain);
        var name = ImageReference.Parse($"{registry.Domain}/team/app:v1");
        var repository = client.Repository(name);
        var image = await PushAsync(repository, name, [1, 2, 3]);
        await repository.TagAsync(name.WithTag("v2"), image.Manifest, default);
        for (var i = 0; i < 3; i++)
        {
            var other = ImageReference.Parse($"{registry.Domain}/more/app{i}:v1");
            await PushAsync(client.Repository(other), other, [1, 2, 3]);
        }

        var tags = new List<string>();
        await foreach (var tag in repository.ListTagsAsync())
            tags.Add(tag);
        Assert.Equal(["v1", "v2"], tags.Order());
        var repositories = new List<string>();
        await foreach (var found in client.ListRepositoriesAsync(registry.Domain))
            repositories.Add(found);
        Assert.Equal(["more/app0", "more/app1", "more/app2", "team/app"], repositories.Order());
        Assert.True(await repository.DeleteAsync(name.WithDigest(image.Manifest.Digest), default));
        Assert.Null(await repository.ResolveAsync(name, default));
    }

    [Fact]
    public async Task Referrers_are_kept_under_a_tag()
    {
        await using var registry = await DockerRegistry.StartAsync();
        using var client = Client(registry.Domain);
        var name = ImageReference.Parse($"{registry.Domain}/team/app:v1");
        var repository = client.Repository(name);
        var image = await PushAsync(repository, name, [1, 2, 3]);
        await PutAsync(repository, Descriptor.Of(MediaType.OciEmpty, "{}"u8), "{}"u8.ToArray());
        var signature = JsonSerializer.SerializeToUtf8Bytes(new
        {
            schemaVersion = 2,
            mediaType = MediaType.OciManifest,
            artifactType = "application/x-signature",
            config = Descriptor.Of(MediaType.OciEmpty, "{}"u8),
            layers = Array.Empty<object>(),
            subject = image.Manifest,
        });
        await PutAsync(repository, Descriptor.Of(MediaType.OciManifest, signature), signature);
        var found = Assert.Single(await repository.ListReferrersAsync(image.Manifest.Digest));
        Assert.Equal((Digest.Of(signature), "application/x-signature"), (found.Digest, found.ArtifactType));
    }

    [Fact]
    public async Task A_registry_with_its_own_authority_lets_its_user_in_and_nobody_else()
    {
        await using var registry = await DockerRegistry.StartAsync(new() { Tls = true, User = ("ann", "s3cret-word") });
        using var folder = new TemporaryFolder();
        var name = ImageReference.Parse($"{registry.Domain}/team/app:v1");
        var options = new RegistryOptions { CertificateFolders = [], CertificateAuthorityFiles = [registry.AuthorityFile!] };
        using (var anonymous = new RegistryClient(options))
        {
            var e = await Assert.ThrowsAsync<RegistryException>(() => anonymous.Repository(name).ResolveAsync(name, default));
            Assert.Equal("RegistryUnauthorized", e.Id);
        }

        using (var stranger = new RegistryClient(options with { CertificateAuthorityFiles = [] }))
            Assert.Equal("CertificateNotTrusted", (await Assert.ThrowsAsync<RegistryException>(() => stranger.PingAsync(registry.Domain, default))).Id);
        using (var plain = new RegistryClient(options with { PlainHttp = [registry.Domain] }))
            Assert.Equal("HttpsExpected", (await Assert.ThrowsAsync<RegistryException>(() => plain.PingAsync(registry.Domain, default))).Id);

        var store = CredentialStore.Open(new SealerHome(folder["home"]));
        using var client = new RegistryClient(options with { Credentials = store });
        Assert.Equal("RegistryUnauthorized", (await Assert.ThrowsAsync<RegistryException>(
            () => client.LoginAsync(registry.Domain, "ann", Secret.Of("wrong"), default))).Id);
        Assert.True(await client.LoginAsync(registry.Domain, "ann", Secret.Of("s3cret-word"), default));
        var image = await PushAsync(client.Repository(name), name, HostileRegistry.Noise(2_000_000));

        // Our file is one that skopeo takes.
        var shown = await Peer.RunAsync(
            "skopeo", "inspect", "--authfile", folder["home/auth.json"], "--cert-dir", Path.GetDirectoryName(registry.AuthorityFile)!, "--raw", $"docker://{name}");
        Assert.Equal(image.Manifest.Digest, Digest.Of(System.Text.Encoding.UTF8.GetBytes(shown)));
    }

    internal static async Task<(Descriptor Manifest, Descriptor Layer, byte[] Content)> PushAsync(
        RegistryRepository repository, ImageReference name, byte[] content)
    {
        var config = """{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":["sha256:0000000000000000000000000000000000000000000000000000000000000000"]}}"""u8.ToArray();
        var layer = Descriptor.Of(MediaType.OciLayer, content);
        var manifest = OciJson.Write(new ImageManifest
        {
            MediaType = MediaType.OciManifest,
            Config = Descriptor.Of(MediaType.OciConfig, config),
            Layers = [layer],
        });
        await PutAsync(repository, layer, content);
        await PutAsync(repository, Descriptor.Of(MediaType.OciConfig, config), config);
        var root = Descriptor.Of(MediaType.OciManifest, manifest);
        await PutAsync(repository, root, manifest);
        await repository.TagAsync(name, root, default);
        return (root, layer, content);
    }

    internal static Task PutAsync(IImageTarget target, Descriptor descriptor, byte[] content, IProgress<long>? progress = null) =>
        target.PutAsync(
            descriptor,
            (offset, _) => Task.FromResult<Stream>(new MemoryStream(content, (int)offset, content.Length - (int)offset, writable: false)),
            progress,
            default);

    private static RegistryClient Client(string domain, long? chunk = null) =>
        new(new RegistryOptions { PlainHttp = [domain], CertificateFolders = [], UploadChunkSize = chunk });
}
