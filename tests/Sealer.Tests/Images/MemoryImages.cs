using System.Collections.Concurrent;
using System.Text;
using Sealer.Images;

namespace Sealer.Tests.Images;

/// <summary>Images in memory: a source and target for tests, which can also lie.</summary>
internal sealed class MemoryImages : IImageSource, IImageTarget
{
    private int _opened;

    public ConcurrentDictionary<Digest, byte[]> Blobs { get; } = new();

    public ConcurrentDictionary<string, Descriptor> Names { get; } = new();

    /// <summary>How often content was opened.</summary>
    public int Opened => _opened;

    public Task<Descriptor?> ResolveAsync(ImageReference reference, CancellationToken cancellationToken) =>
        Task.FromResult(Names.GetValueOrDefault(reference.ToString()));

    public Task<Stream> OpenAsync(Descriptor descriptor, long offset, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _opened);
        return Blobs.TryGetValue(descriptor.Digest, out var content)
            ? Task.FromResult<Stream>(new MemoryStream(content, (int)offset, content.Length - (int)offset, writable: false))
            : throw new SealerException("BlobNotFound", ErrorKind.NotFound, $"No {descriptor.Digest}.", descriptor.Digest);
    }

    public Task<bool> ExistsAsync(Descriptor descriptor, CancellationToken cancellationToken) =>
        Task.FromResult(Blobs.ContainsKey(descriptor.Digest));

    public async Task PutAsync(
        Descriptor descriptor, Func<long, CancellationToken, Task<Stream>> openAsync, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        using var content = new MemoryStream();
        await using (var stream = await openAsync(0, cancellationToken))
            await stream.CopyToAsync(content, cancellationToken);
        Add(descriptor.MediaType, content.ToArray());
    }

    public Task TagAsync(ImageReference reference, Descriptor descriptor, CancellationToken cancellationToken)
    {
        Names[reference.ToString()] = descriptor;
        return Task.CompletedTask;
    }

    public Descriptor Add(string mediaType, byte[] content)
    {
        var descriptor = Descriptor.Of(mediaType, content);
        Blobs[descriptor.Digest] = content;
        return descriptor;
    }

    public Descriptor Add(string mediaType, string content) => Add(mediaType, Encoding.UTF8.GetBytes(content));

    /// <summary>Adds an image of one layer a text; the diff ids are those of the texts.</summary>
    public Descriptor AddImage(
        string? extension,
        string? containerImages = null,
        string platform = "linux/amd64",
        IReadOnlyDictionary<string, string>? labels = null,
        bool asLabels = false,
        params string[] layers)
    {
        var parsed = Platform.Parse(platform);
        var data = new Dictionary<string, string>();
        if (extension is not null)
            data[SealerAnnotations.Extension] = extension;
        if (containerImages is not null)
            data[SealerAnnotations.ContainerImages] = containerImages;
        var allLabels = new Dictionary<string, string>(labels ?? new Dictionary<string, string>());
        if (asLabels)
        {
            foreach (var pair in data)
                allLabels[pair.Key] = pair.Value;
        }

        var blobs = layers.Select(l => Add(MediaType.OciLayer, l)).ToList();
        var config = Add(asLabels ? MediaType.DockerConfig : MediaType.OciConfig, OciJson.Write(new ImageConfig
        {
            Architecture = parsed.Architecture,
            Os = parsed.Os,
            Variant = parsed.Variant,
            Created = DateTimeOffset.UnixEpoch,
            Settings = new ImageSettings { Labels = allLabels.Count == 0 ? null : allLabels },
            Rootfs = new ImageRootfs { DiffIds = [.. blobs.Select(b => b.Digest)] },
            History = [.. layers.Select(l => new ImageHistory { CreatedBy = "COPY " + l }), new ImageHistory { CreatedBy = "ENV", EmptyLayer = true }],
        }));
        var type = asLabels ? MediaType.DockerManifest : MediaType.OciManifest;
        return Add(type, OciJson.Write(new ImageManifest
        {
            MediaType = type,
            Config = config,
            Layers = blobs,
            Annotations = asLabels || data.Count == 0 ? null : data,
        }));
    }

    public Descriptor AddIndex(string mediaType, params Descriptor[] members) =>
        Add(mediaType, OciJson.Write(new ImageIndex { MediaType = mediaType, Manifests = members }));
}
