using System.Text;
using Sealer.Images;

namespace Sealer.Tests.Images;

/// <summary>Makes small cluster images with real layers, and container images inside.</summary>
internal sealed class TinyClusterImage
{
    public const string Kube = """{"type":"kube-installer","launch":{}}""";

    public string? Extension { get; set; } = Kube;

    public string Platform { get; set; } = "linux/amd64";

    public List<ContainerImageEntry> ContainerImages { get; } = [];

    public Dictionary<string, string> Paths { get; } = [];

    public Dictionary<string, string> Labels { get; } = [];

    public List<string> Env { get; } = [];

    /// <summary>Files of each layer.</summary>
    public List<List<(string Name, byte[] Content)>> Layers { get; } = [[]];

    public TinyClusterImage File(string name, string content)
    {
        Layers[^1].Add((name, Encoding.UTF8.GetBytes(content)));
        return this;
    }

    public TinyClusterImage NextLayer()
    {
        Layers.Add([]);
        return this;
    }

    /// <summary>Puts a container image of one layer into the registry of the current layer, and lists it.</summary>
    public TinyClusterImage Contain(string name, string content, bool asIndex = false, string? repository = null, bool listed = true)
    {
        var reference = ImageReference.Parse(name);
        repository ??= reference.Repository;
        var platform = Sealer.Images.Platform.Parse(Platform);
        var layer = Blob(MediaType.OciLayer, TinyTar.Of("content", Encoding.UTF8.GetBytes(content)));
        var config = Blob(MediaType.OciConfig, OciJson.Write(new ImageConfig
        {
            Os = platform.Os,
            Architecture = platform.Architecture,
            Rootfs = new ImageRootfs { DiffIds = [layer.Digest] },
        }));
        var top = Blob(MediaType.OciManifest, OciJson.Write(new ImageManifest { MediaType = MediaType.OciManifest, Config = config, Layers = [layer] }));
        Link($"repositories/{repository}/_manifests/revisions/sha256/{top.Digest.Hex}/link", top.Digest);
        if (asIndex)
        {
            top = Blob(MediaType.OciIndex, OciJson.Write(new ImageIndex
            {
                MediaType = MediaType.OciIndex,
                Manifests = [top with { Platform = platform }, Descriptor.Of(MediaType.OciManifest, "not taken along"u8) with { Platform = Sealer.Images.Platform.Parse("linux/s390x") }],
            }));
            Link($"repositories/{repository}/_manifests/revisions/sha256/{top.Digest.Hex}/link", top.Digest);
        }

        if (reference.Tag is not null)
        {
            Link($"repositories/{repository}/_manifests/tags/{reference.Tag}/current/link", top.Digest);
            Link($"repositories/{repository}/_manifests/tags/{reference.Tag}/index/sha256/{top.Digest.Hex}/link", top.Digest);
        }

        foreach (var blob in new[] { layer, config })
            Link($"repositories/{repository}/_layers/sha256/{blob.Digest.Hex}/link", blob.Digest);
        if (listed)
            ContainerImages.Add(new ContainerImageEntry { Image = reference.ToString(), Platform = platform });
        return this;
    }

    /// <summary>Writes it; <paramref name="change"/> may spoil the manifest.</summary>
    public async Task<Descriptor> WriteAsync(IImageTarget target, Func<ImageManifest, ImageManifest>? change = null, Func<ImageConfig, ImageConfig>? changeConfig = null)
    {
        var layers = new List<Descriptor>();
        foreach (var files in Layers)
            layers.Add(await target.PutAsync(MediaType.OciLayer, TinyTar.Of([.. files.DistinctBy(f => f.Name)])));
        var platform = Sealer.Images.Platform.Parse(Platform);
        var config = new ImageConfig
        {
            Created = DateTimeOffset.UnixEpoch,
            Os = platform.Os,
            Architecture = platform.Architecture,
            Variant = platform.Variant,
            Settings = new ImageSettings { Labels = Labels.Count == 0 ? null : Labels, Env = Env.Count == 0 ? null : Env },
            Rootfs = new ImageRootfs { DiffIds = [.. layers.Select(l => l.Digest)] },
            History = [.. layers.Select((_, i) => new ImageHistory { CreatedBy = $"COPY {i} ." })],
        };
        config = changeConfig?.Invoke(config) ?? config;
        var annotations = new Dictionary<string, string>();
        if (Extension is not null)
            annotations[SealerAnnotations.Extension] = Extension;
        if (ContainerImages.Count > 0)
            annotations[SealerAnnotations.ContainerImages] = OciJson.Write(ContainerImages);
        if (Paths.Count > 0)
            annotations[SealerAnnotations.ContainerImagePaths] = System.Text.Json.JsonSerializer.Serialize(Paths);
        var manifest = new ImageManifest
        {
            MediaType = MediaType.OciManifest,
            Config = await target.PutAsync(MediaType.OciConfig, OciJson.Write(config)),
            Layers = layers,
            Annotations = annotations.Count == 0 ? null : annotations,
        };
        return await target.PutAsync(MediaType.OciManifest, OciJson.Write(change?.Invoke(manifest) ?? manifest));
    }

    private Descriptor Blob(string mediaType, byte[] content)
    {
        var descriptor = Descriptor.Of(mediaType, content);
        Layers[^1].Add(($"registry/docker/registry/v2/blobs/sha256/{descriptor.Digest.Hex[..2]}/{descriptor.Digest.Hex}/data", content));
        return descriptor;
    }

    private void Link(string path, Digest digest) => File("registry/docker/registry/v2/" + path, digest.ToString());
}
