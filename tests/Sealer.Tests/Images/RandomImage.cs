using Sealer.Images;

namespace Sealer.Tests.Images;

/// <summary>Images of random (seeded) content, written to any target, for tests that do not care what is inside.</summary>
internal static class RandomImage
{
    public static byte[] Bytes(int seed, int size)
    {
        var bytes = new byte[size];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public static async Task<Descriptor> PutAsync(this IImageTarget target, string mediaType, byte[] content)
    {
        var descriptor = Descriptor.Of(mediaType, content);
        await target.PutAsync(
            descriptor,
            (offset, _) => Task.FromResult<Stream>(new MemoryStream(content[(int)offset..])),
            null,
            CancellationToken.None);
        return descriptor;
    }

    /// <summary>Writes an image with layers of <paramref name="layerSize"/> bytes that are no tars, unless content is given.</summary>
    public static async Task<Descriptor> WriteAsync(
        IImageTarget target,
        int seed,
        int layers = 2,
        int layerSize = 10_000,
        Platform? platform = null,
        IReadOnlyDictionary<string, string>? annotations = null,
        Descriptor? subject = null,
        IReadOnlyDictionary<string, string>? labels = null)
    {
        platform ??= new Platform { Os = "linux", Architecture = "amd64" };
        var stored = new List<Descriptor>();
        for (var i = 0; i < layers; i++)
            stored.Add(await target.PutAsync(MediaType.OciLayer, TinyTar.Of($"file-{seed}-{i}", Bytes((seed * 1000) + i, layerSize))));
        var config = new ImageConfig
        {
            Architecture = platform.Architecture,
            Os = platform.Os,
            Variant = platform.Variant,
            Settings = labels is null ? null : new ImageSettings { Labels = labels },
            Rootfs = new ImageRootfs { DiffIds = [.. stored.Select(l => l.Digest)] },
        };
        var manifest = new ImageManifest
        {
            MediaType = MediaType.OciManifest,
            Config = await target.PutAsync(MediaType.OciConfig, OciJson.Write(config)),
            Layers = stored,
            Annotations = annotations,
            Subject = subject,
        };
        return await target.PutAsync(MediaType.OciManifest, OciJson.Write(manifest));
    }

    /// <summary>Writes an index of one image a platform.</summary>
    public static async Task<Descriptor> WriteIndexAsync(IImageTarget target, int seed, params string[] platforms)
    {
        var entries = new List<Descriptor>();
        foreach (var text in platforms)
        {
            var platform = Platform.Parse(text);
            entries.Add(await WriteAsync(target, seed++, platform: platform) with { Platform = platform });
        }

        return await target.PutAsync(
            MediaType.OciIndex,
            OciJson.Write(new ImageIndex { MediaType = MediaType.OciIndex, Manifests = entries }));
    }
}
