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
    private ClusterImage? _image;

    /// <summary>The base image's name in <see cref="Store"/>.</summary>
    public static ImageReference Name { get; } = ImageReference.Parse($"sealer-test/kubernetes:{RealKubernetes.Version}");

    /// <summary>Where it is, once <see cref="ImageAsync"/> was asked.</summary>
    public ImageStore Store => ImageStore.Open(_folder["store"]);

    /// <summary>The base image <c>sealer-test/kubernetes:v1.20.2</c>, with the network of the lab as its application.</summary>
    public async Task<ClusterImage> ImageAsync()
    {
        await _making.WaitAsync();
        try
        {
            return _image ??= await BuildAsync();
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

    private async Task<ClusterImage> BuildAsync()
    {
        var kubernetes = await RealKubernetes.GetAsync();
        var builder = new BaseImageBuilder(Store)
        {
            // All there is comes from the folder; whatever asks for more would leave this machine.
            Registries = name => throw new InvalidOperationException($"{name} is not among the container images of {kubernetes.Folder}."),
        };
        return await builder.BuildAsync(await kubernetes.OptionsAsync(Name), default);
    }
}
