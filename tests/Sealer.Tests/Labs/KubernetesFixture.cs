using Sealer.Images;
using Sealer.Images.Storage;
using Sealer.Kubernetes.BaseImages;
using Sealer.Tests.Peers;

namespace Sealer.Tests.Labs;

/// <summary>
/// A base image of a real Kubernetes, made by <see cref="BaseImageBuilder"/> of what <c>tests/kubernetes.sh</c> has, once for the
/// collection and when it is first asked for. What tests build on it goes into the same store.
/// </summary>
public sealed class KubernetesFixture : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly SemaphoreSlim _making = new(1, 1);
    private readonly Dictionary<string, ClusterImage> _images = [];

    /// <summary>The name in <see cref="Store"/> of the base image that there always is.</summary>
    public static ImageReference Name { get; } = NameOf(RealKubernetes.Version);

    /// <summary>Where it is, once <see cref="ImageAsync"/> was asked.</summary>
    public ImageStore Store => ImageStore.Open(_folder["store"]);

    /// <summary>
    /// The base image <c>sealer-test/kubernetes:VERSION</c>, with the network of the lab as its application. Of another version than
    /// v1.20.2 the programs are made first; where <c>tests/kubernetes.sh</c> was asked for both together, that takes no second build.
    /// </summary>
    public async Task<ClusterImage> ImageAsync(string version = RealKubernetes.Version)
    {
        await _making.WaitAsync();
        try
        {
            if (!_images.TryGetValue(version, out var image))
                _images[version] = image = await BuildAsync(version);
            return image;
        }
        finally
        {
            _making.Release();
        }
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync()
    {
        _making.Dispose();
        _folder.Dispose();
        return Task.CompletedTask;
    }

    private static ImageReference NameOf(string version) => ImageReference.Parse($"sealer-test/kubernetes:{version}");

    private async Task<ClusterImage> BuildAsync(string version)
    {
        var kubernetes = await RealKubernetes.GetAsync(version);
        var builder = new BaseImageBuilder(Store)
        {
            // All there is comes from the folder; whatever asks for more would leave this machine.
            Registries = name => throw new InvalidOperationException($"{name} is not among the container images of {kubernetes.Folder}."),
        };
        return await builder.BuildAsync(await kubernetes.OptionsAsync(NameOf(version)), default);
    }
}
