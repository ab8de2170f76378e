using System.Collections.Concurrent;
using Sealer.Events;
using Sealer.Images;
using Sealer.Images.Building;
using Sealer.Images.Layers;
using Sealer.Images.Storage;

namespace Sealer.Tests.Images.Building;

/// <summary>A context, a store and registries in memory.</summary>
internal sealed class BuildFixture : IDisposable, IProgress<SealerEvent>
{
    private readonly TestFolder _home = new();

    public TestFolder Context { get; } = new();

    public MemoryImages Registry { get; } = new();

    public ConcurrentQueue<SealerEvent> Events { get; } = new();

    public ImageStore Store => ImageStore.Open(_home["store"]);

    public BuildOptions Options => new()
    {
        ContextFolder = Context.Path,
        Tags = [ImageReference.Parse("test:v1")],
        Platforms = [Platform.Parse("linux/amd64")],
        Pull = PullPolicy.Missing,
    };

    public void Report(SealerEvent value) => Events.Enqueue(value);

    public ClusterImageBuilder Builder(ImageStore? store = null) => new(store ?? Store, _ => Registry, this);

    /// <summary>Builds the Kubefile given, LF written as |.</summary>
    public Task<ClusterImage> BuildAsync(string kubefile, Func<BuildOptions, BuildOptions>? change = null, ImageStore? store = null)
    {
        var options = Options with { KubefileText = kubefile.Replace('|', '\n') };
        return Builder(store).BuildAsync(change?.Invoke(options) ?? options, CancellationToken.None);
    }

    public async Task<BuildPreview> PreviewAsync(string kubefile, Func<BuildOptions, BuildOptions>? change = null)
    {
        var options = Options with { KubefileText = kubefile.Replace('|', '\n') };
        return await Builder().PreviewAsync(change?.Invoke(options) ?? options, CancellationToken.None);
    }

    /// <summary>Expects a build to fail.</summary>
    public Task<SealerException> FailAsync(string kubefile, Func<BuildOptions, BuildOptions>? change = null) =>
        Assert.ThrowsAsync<SealerException>(() => BuildAsync(kubefile, change));

    public Task<ImageFileSystem> FilesAsync(ClusterImage image) =>
        ImageFileSystem.LoadAsync(Store, [.. image.Layers.Select(layer => layer.Descriptor)], CancellationToken.None);

    /// <summary>The paths of all files in an image, folders with a slash, blanks between.</summary>
    public async Task<string> ListAsync(ClusterImage image) =>
        string.Join(' ', (await FilesAsync(image)).Files.Select(f => f.Path + (f.Kind == LayerEntryKind.Folder ? "/" : "")));

    public async Task<string> ReadAsync(ClusterImage image, string path)
    {
        using var reader = new StreamReader((await FilesAsync(image)).Open(path));
        return await reader.ReadToEndAsync();
    }

    public void Dispose()
    {
        Context.Dispose();
        _home.Dispose();
    }
}
