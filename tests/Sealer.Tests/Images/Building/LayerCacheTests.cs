using Sealer.Images;
using Sealer.Images.Building;
using Sealer.Images.Layers;

namespace Sealer.Tests.Images.Building;

public sealed class LayerCacheTests : IDisposable
{
    private readonly BuildFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task A_run_is_found_by_its_very_inputs_and_not_by_others_that_read_alike()
    {
        var blob = await _fixture.Store.AddAsync(MediaType.OciLayer, new byte[] { 1 }, CancellationToken.None);
        var cache = new LayerCache(_fixture.Store, new LayerOptions(), enabled: true);
        cache.AddRun(["a", "b"], new StepLayer(blob, blob.Digest, null));
        Assert.Equal(blob.Digest, cache.FindRun(["a", "b"])!.Descriptor.Digest);
        foreach (var other in new[] { new[] { "a\nb" }, ["ab", ""], ["a", "b", ""], ["b", "a"], ["a", "1\0b"] })
            Assert.Null(cache.FindRun(other));
        Assert.Null(new LayerCache(_fixture.Store, new LayerOptions { Compression = LayerCompression.Gzip }, enabled: true).FindRun(["a", "b"]));
        Assert.Null(new LayerCache(_fixture.Store, new LayerOptions(), enabled: false).FindRun(["a", "b"]));
    }
}
