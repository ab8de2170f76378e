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
        using var client = new RegistryClient(new RegistryOptions { PlainHttp = [registry.Domain], CertificateFolders = [] });
        var name = ImageReference.Parse($"{registry.Domain}/team/app:v1");
        var repository = client.Repository(name);
        var image = await PushAsync(repository, name, HostileRegistry.Noise(5_000_000));

        Assert.Equal(image.Manifest, await repository.ResolveAsync(name, default));
        Assert.Equal(image.Content, await RegistryPullTests.ReadAsync(repository, image.Layer));
        Assert.Equal(image.Content[1234..], await RegistryPullTests.ReadAsync(repository, image.Layer, 1234));
        var shown = await Peer.RunAsync("skopeo", "inspect", "--tls-verify=false", $"docker://{name}");
        Assert.Contains(image.Manifest.Digest.ToString(), shown);
    }

    internal static async Task<(Descriptor Manifest, Descriptor Layer, byte[] Content)> PushAsync(
        RegistryRepository repository, ImageReference name, byte[] content)
    {
        var config = """{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[]}}"""u8.ToArray();
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
}
