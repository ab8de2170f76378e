using System.Collections.Concurrent;
using Sealer.Events;
using Sealer.Images;
using Sealer.Images.Copying;
using Sealer.Images.Storage;

namespace Sealer.Tests.Images.Copying;

public sealed class ImageCopierTests : IDisposable
{
    private static readonly CopyOptions All = new();
    private readonly TemporaryFolder _temp = new();
    private readonly MemoryImages _source = new();
    private readonly ImageStore _store;

    public ImageCopierTests() => _store = ImageStore.Open(_temp["store"]);

    public void Dispose() => _temp.Dispose();

    [Fact]
    public async Task An_index_comes_with_all_that_it_is_made_of()
    {
        var root = await RandomImage.WriteIndexAsync(_source, 1, "linux/amd64", "linux/arm64");
        Assert.Equal(root, await CopyAsync(root));
        Assert.All(_source.Blobs.Keys, digest => Assert.True(_store.TryGetSize(digest, out _)));
    }

    [Fact]
    public async Task Copying_again_reads_nothing_from_the_source()
    {
        var root = await RandomImage.WriteIndexAsync(_source, 1, "linux/amd64", "linux/arm64");
        await CopyAsync(root);
        var opened = _source.Opened;
        Assert.Equal(9, opened);
        await CopyAsync(root);
        Assert.Equal(opened, _source.Opened);
    }

    [Fact]
    public async Task One_platform_of_an_index_is_its_manifest()
    {
        var root = await RandomImage.WriteIndexAsync(_source, 1, "linux/amd64", "linux/arm64/v8", "windows/amd64");
        var copied = await CopyAsync(root, new CopyOptions { Platforms = [Platform.Parse("linux/arm64")] });
        Assert.Equal(MediaType.OciManifest, copied.MediaType);
        Assert.Equal(4, Directory.GetFiles(_temp["store/blobs/sha256"]).Length);
        var config = OciJson.ReadManifest(Read(copied)).Config;
        Assert.Equal("arm64", OciJson.ReadConfig(Read(config)).Architecture);
    }

    [Fact]
    public async Task Several_platforms_of_an_index_are_a_new_index_of_those()
    {
        var root = await RandomImage.WriteIndexAsync(_source, 1, "linux/amd64", "linux/arm64", "windows/amd64");
        var linux = new[] { Platform.Parse("linux/amd64"), Platform.Parse("linux/arm64") };
        var copied = await CopyAsync(root, new CopyOptions { Platforms = linux });
        Assert.NotEqual(root.Digest, copied.Digest);
        Assert.Equal(linux, OciJson.ReadIndex(Read(copied)).Manifests.Select(m => m.Platform));
        Assert.Equal(9, Directory.GetFiles(_temp["store/blobs/sha256"]).Length);

        Assert.Equal(root, await CopyAsync(root, new CopyOptions { Platforms = linux, IndexCut = IndexCut.Whole }));
        Assert.Equal(10, Directory.GetFiles(_temp["store/blobs/sha256"]).Length);
    }

    [Fact]
    public async Task A_platform_in_an_inner_index_is_found_and_one_that_is_nowhere_is_told()
    {
        var inner = await RandomImage.WriteIndexAsync(_source, 1, "linux/amd64", "linux/arm64");
        var root = _source.AddIndex(MediaType.OciIndex, inner);
        var copied = await CopyAsync(root, new CopyOptions { Platforms = [Platform.Parse("linux/arm64")] });
        Assert.Equal(MediaType.OciManifest, copied.MediaType);

        var error = await RefusedAsync("PlatformNotFound", inner, new CopyOptions { Platforms = [Platform.Parse("linux/s390x")] });
        Assert.Contains("linux/amd64, linux/arm64", error.Message);
        var single = await RandomImage.WriteAsync(_source, 5);
        await RefusedAsync("PlatformNotFound", single, new CopyOptions { Platforms = [Platform.Parse("linux/s390x")] });
    }

    [Fact]
    public async Task Artifacts_that_refer_to_the_image_come_along_when_asked()
    {
        var image = await RandomImage.WriteAsync(_store, 1);
        await _store.TagAsync(ImageReference.Parse("a"), image, default);
        await _store.PinAsync(await RandomImage.WriteAsync(_store, 2, subject: image), default);
        var other = ImageStore.Open(_temp["other"]);
        await ImageCopier.CopyAsync(_store, image, other, All, null, default);
        Assert.Empty(other.List());
        await ImageCopier.CopyAsync(_store, image, other, All with { Referrers = true }, null, default);
        Assert.Single(other.List());
        Assert.Single(await other.ListReferrersAsync(image, default));
        Assert.Equal(8, Directory.GetFiles(_temp["other/blobs/sha256"]).Length);
    }

    [Fact]
    public async Task Foreign_layers_are_left_out_with_a_warning()
    {
        var layer = Descriptor.Of(MediaType.DockerForeignLayer, [1]) with { Urls = ["https://example.com/base"] };
        var config = _source.Add(MediaType.OciConfig, OciJson.Write(new ImageConfig
        {
            Architecture = "amd64",
            Os = "windows",
            Rootfs = new ImageRootfs { DiffIds = [Digest.Of([2])] },
        }));
        var root = _source.Add(MediaType.OciManifest, OciJson.Write(new ImageManifest { Config = config, Layers = [layer] }));
        var events = new Recorder();
        await ImageCopier.CopyAsync(_source, root, _store, All, events, default);
        Assert.Contains("https://example.com/base", Assert.Single(events.Seen.OfType<WarningEvent>()).Message);
    }

    [Fact]
    public async Task Progress_tells_every_blob_to_its_end()
    {
        var root = await RandomImage.WriteAsync(_source, 1, layers: 3);
        var events = new Recorder();
        await ImageCopier.CopyAsync(_source, root, _store, All with { Activity = "Pulling a" }, events, default);
        var last = events.Seen.Cast<ProgressEvent>().GroupBy(e => e.Item).Select(g => g.Last()).ToList();
        Assert.Equal(3, last.Count);
        Assert.All(last, e => Assert.Equal((e.Total, "Pulling a"), (e.Done, e.Activity)));
    }

    [Fact]
    public async Task A_blob_that_is_changed_on_the_way_stops_the_copy_before_its_manifest_is_written()
    {
        var root = await RandomImage.WriteAsync(_source, 1);
        _source.Blobs[OciJson.ReadManifest(_source.Blobs[root.Digest]).Layers[1].Digest][700]++;
        await RefusedAsync("DigestMismatch", root);
        Assert.False(_store.TryGetSize(root.Digest, out _));
    }

    [Fact]
    public async Task A_manifest_of_more_than_four_MiB_is_refused_before_it_is_read()
    {
        var root = _source.Add(MediaType.OciManifest, new byte[OciJson.MaxManifestSize + 1]);
        await RefusedAsync("ManifestTooLarge", root);
        Assert.Equal(0, _source.Opened);
    }

    [Fact]
    public async Task Indexes_in_indexes_end_somewhere()
    {
        var root = await RandomImage.WriteAsync(_source, 1);
        for (var i = 0; i < 20; i++)
            root = _source.AddIndex(MediaType.OciIndex, root);
        await RefusedAsync("IndexTooDeep", root);
    }

    [Fact]
    public async Task An_index_that_claims_to_hold_itself_is_refused()
    {
        // No index can hold its own digest; a source that serves one all the same is caught by the digest.
        var self = Digest.Of("self"u8);
        var bytes = OciJson.Write(new ImageIndex { Manifests = [new Descriptor { MediaType = MediaType.OciIndex, Digest = self, Size = 203 }] });
        _source.Blobs[self] = bytes;
        await RefusedAsync("DigestMismatch", new Descriptor { MediaType = MediaType.OciIndex, Digest = self, Size = bytes.Length });
    }

    [Fact]
    public async Task Too_many_manifests_are_refused()
    {
        var entries = Enumerable.Range(0, 5000).Select(i => _source.Add(MediaType.OciIndex, OciJson.Write(new ImageIndex
        {
            Manifests = [],
            Annotations = new Dictionary<string, string> { ["n"] = $"{i}" },
        }))).ToArray();
        await RefusedAsync("IndexTooDeep", _source.AddIndex(MediaType.OciIndex, entries));
    }

    [Fact]
    public async Task A_manifest_that_calls_itself_something_else_is_refused()
    {
        var image = await RandomImage.WriteAsync(_source, 1);
        await RefusedAsync("MediaTypeMismatch", image with { MediaType = MediaType.DockerManifest });
        await RefusedAsync("InvalidManifest", image with { MediaType = MediaType.OciIndex });
        var both = _source.Add(MediaType.OciManifest, """{"schemaVersion":2,"manifests":[],"layers":[],"config":{}}""");
        await RefusedAsync("InvalidManifest", both);
    }

    [Fact]
    public async Task A_config_with_another_number_of_layers_is_refused()
    {
        var manifest = OciJson.ReadManifest(_source.Blobs[(await RandomImage.WriteAsync(_source, 1)).Digest]);
        var root = _source.Add(MediaType.OciManifest, OciJson.Write(manifest with { Layers = [manifest.Layers[0]] }));
        await RefusedAsync("LayerCountMismatch", root);
    }

    [Fact]
    public async Task A_missing_blob_is_told()
    {
        var root = await RandomImage.WriteAsync(_source, 1);
        _source.Blobs.TryRemove(OciJson.ReadManifest(_source.Blobs[root.Digest]).Layers[0].Digest, out _);
        await RefusedAsync("BlobNotFound", root);
    }

    private Task<Descriptor> CopyAsync(Descriptor root, CopyOptions? options = null) =>
        ImageCopier.CopyAsync(_source, root, _store, options ?? All, null, default);

    private async Task<SealerException> RefusedAsync(string id, Descriptor root, CopyOptions? options = null)
    {
        var error = await Assert.ThrowsAsync<SealerException>(() => CopyAsync(root, options));
        Assert.Equal(id, error.Id);
        return error;
    }

    private byte[] Read(Descriptor descriptor) => File.ReadAllBytes(_store.TryGetPath(descriptor.Digest)!);

    private sealed class Recorder : IProgress<SealerEvent>
    {
        public ConcurrentQueue<SealerEvent> Seen { get; } = new();

        public void Report(SealerEvent value) => Seen.Enqueue(value);
    }
}
