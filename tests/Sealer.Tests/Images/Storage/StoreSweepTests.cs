using Sealer.Images;
using Sealer.Images.Building;
using Sealer.Images.Storage;

namespace Sealer.Tests.Images.Storage;

public sealed class StoreSweepTests : IDisposable
{
    private static readonly ImageReference Name = ImageReference.Parse("registry.example.com/skyline:v3");
    private readonly TemporaryFolder _temp = new();
    private readonly ImageStore _store;

    public StoreSweepTests() => _store = ImageStore.Open(_temp["store"]);

    public void Dispose() => _temp.Dispose();

    [Fact]
    public async Task What_no_name_reaches_goes_and_the_rest_stays()
    {
        var index = await RandomImage.WriteIndexAsync(_store, 1, "linux/amd64", "linux/arm64");
        await _store.TagAsync(Name, index, default);
        await RandomImage.WriteAsync(_store, 50, layers: 3);
        var before = Count();

        var plan = await _store.SweepAsync(dryRun: true, default);
        Assert.Equal(before, Count());
        Assert.Equal((5, 9), (plan.Blobs, plan.KeptBlobs));

        var report = await _store.SweepAsync(dryRun: false, default);
        Assert.Equal(plan.Removed.Order(), report.Removed.Order());
        Assert.Equal(plan.Bytes, report.Bytes);
        Assert.Equal(9, Count());
        Assert.Empty(report.Problems);
    }

    [Fact]
    public async Task What_broken_processes_left_goes()
    {
        File.WriteAllBytes(_temp["store/partial/tmp-1"], new byte[70]);
        File.WriteAllBytes(_temp["store/partial/sha256-" + new string('a', 64)], new byte[30]);
        File.WriteAllBytes(_temp["store/blobs/sha256/rubbish"], new byte[10]);
        var report = await _store.SweepAsync(dryRun: false, default);
        Assert.Equal((2, 100L, 110L), (report.Partials, report.PartialBytes, report.Bytes));
        Assert.Empty(Directory.GetFiles(_temp["store/partial"]));
        Assert.Equal(0, Count());
    }

    [UnprivilegedFact]
    public async Task A_folder_that_a_build_left_goes_though_nobody_may_write_in_it()
    {
        Close(_temp["store/partial/tmp-1/usr"]);
        await _store.SweepAsync(dryRun: false, default);
        Assert.Empty(Directory.GetDirectories(_temp["store/partial"]));

        var scratch = new BuildScratch(_store);
        var left = scratch.NewPath();
        Close(Path.Combine(left, "usr"));
        scratch.Dispose();
        Assert.False(Directory.Exists(left));
    }

    [UnprivilegedFact]
    public async Task A_folder_that_cannot_be_removed_is_a_problem_and_the_rest_goes()
    {
        await RandomImage.WriteAsync(_store, 50, layers: 3);
        Directory.CreateDirectory(_temp["store/partial/tmp-1"]);
        SetMode(_temp["store/partial"], 0b101_101_101);
        try
        {
            var report = await _store.SweepAsync(dryRun: false, default);
            Assert.Contains("tmp-1", Assert.Single(report.Problems), StringComparison.Ordinal);
            Assert.Equal(0, Count());
        }
        finally
        {
            SetMode(_temp["store/partial"], 0b111_000_000);
        }
    }

    [Fact]
    public async Task Nothing_is_written_while_a_sweep_is_under_way()
    {
        var image = await RandomImage.WriteAsync(_store, 1, layers: 1);
        await _store.TagAsync(Name, image, default);
        await _store.PinAsync(image, default);
        Task[] writers;
        using (var sweep = FileLock.TryTake(_temp["store/lease.lock"], exclusive: true))
        {
            Assert.NotNull(sweep);
            writers =
            [
                Task.Run(() => _store.UntagAsync(Name, default)),
                Task.Run(() => _store.UnpinAsync(image.Digest, default)),
                Task.Run(() => _store.WriteCache("key", "1"u8.ToArray(), [])),
            ];

            // Who does not wait is done long before: what it writes would lie in the folder that the sweep empties.
            await Task.Delay(300);
            Assert.All(writers, writer => Assert.False(writer.IsCompleted));
        }

        await Task.WhenAll(writers);
        Assert.Empty(_store.List());
    }

    [Fact]
    public async Task A_sweep_does_not_begin_while_a_writer_holds_a_lease()
    {
        var blob = await _store.PutAsync(MediaType.OciLayer, [1, 2, 3]);
        using (_store.Lease())
        {
            var error = await Assert.ThrowsAsync<SealerException>(() => ImageStore.Open(_store.Folder).SweepAsync(dryRun: false, default));
            Assert.Equal("StoreInUse", error.Id);
            Assert.Equal(1, (await _store.SweepAsync(dryRun: true, default)).Blobs);
        }

        Assert.True(_store.TryGetSize(blob.Digest, out _));
        Assert.Equal(1, (await _store.SweepAsync(dryRun: false, default)).Blobs);
    }

    [Fact]
    public async Task An_unfinished_blob_keeps_sweeps_away()
    {
        await using var writer = _store.CreateBlob();
        Assert.Equal("StoreInUse", (await Assert.ThrowsAsync<SealerException>(() => _store.SweepAsync(dryRun: false, default))).Id);
    }

    [Fact]
    public async Task The_cache_keeps_its_blobs_until_it_is_dropped()
    {
        var blob = await _store.PutAsync(MediaType.OciLayer, [1, 2, 3]);
        _store.WriteCache("k", "1"u8.ToArray(), [blob.Digest]);
        Assert.Equal(0, (await _store.SweepAsync(dryRun: false, default)).Bytes);
        Assert.NotNull(_store.TryReadCache("k"));
        var report = await _store.SweepAsync(new SweepOptions { DropCache = true }, default);
        Assert.Equal((1, 1), (report.Blobs, report.CacheDocuments));
        Assert.Null(_store.TryReadCache("k"));
    }

    [Fact]
    public async Task Referrers_live_as_long_as_what_they_refer_to()
    {
        var image = await RandomImage.WriteAsync(_store, 1);
        await _store.TagAsync(Name, image, default);
        var sbom = await RandomImage.WriteAsync(_store, 2, subject: image);
        var signature = await RandomImage.WriteAsync(_store, 3, subject: sbom);
        await _store.PinAsync(signature, default);
        await _store.PinAsync(sbom, default);
        Assert.Equal(0, (await _store.SweepAsync(dryRun: false, default)).Blobs);
        Assert.Equal(3, _store.List().Count);
        await _store.UntagAsync(Name, default);
        Assert.Equal(12, (await _store.SweepAsync(dryRun: false, default)).Blobs);
        Assert.Empty(_store.List());
    }

    [Fact]
    public async Task A_pinned_image_stays_until_it_is_unpinned()
    {
        var image = await RandomImage.WriteAsync(_store, 1);
        await _store.PinAsync(image, default);
        Assert.Equal(0, (await _store.SweepAsync(dryRun: false, default)).Blobs);
        Assert.True(await _store.UnpinAsync(image.Digest, default));
        Assert.Equal(4, (await _store.SweepAsync(dryRun: false, default)).Blobs);
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("empty")]
    [InlineData("cut")]
    [InlineData("other digits")]
    public async Task While_the_manifest_of_an_image_is_damaged_no_layer_is_removed(string damage)
    {
        var image = await RandomImage.WriteAsync(_store, 1);
        await _store.TagAsync(Name, image, default);
        var unused = await _store.PutAsync(MediaType.OciLayer, [1, 2, 3]);
        var path = _temp[$"store/blobs/sha256/{image.Digest.Hex}"];
        var whole = File.ReadAllText(path);
        Break(path, damage);
        var report = await _store.SweepAsync(dryRun: false, default);
        Assert.Contains(Name.ToString(), Assert.Single(report.Problems));
        Assert.Equal(0, report.Blobs);

        // Fetched again, the image is whole at once, and what it does not use goes.
        File.WriteAllText(path, whole);
        Assert.Equal([unused.Digest], (await _store.SweepAsync(dryRun: false, default)).Removed);
    }

    [Fact]
    public async Task While_a_platform_of_an_index_has_a_damaged_manifest_no_layer_is_removed()
    {
        var index = await RandomImage.WriteIndexAsync(_store, 1, "linux/amd64", "linux/arm64");
        await _store.TagAsync(Name, index, default);
        var arm = OciJson.ReadIndex(File.ReadAllBytes(_temp[$"store/blobs/sha256/{index.Digest.Hex}"])).Manifests[1];
        Break(_temp[$"store/blobs/sha256/{arm.Digest.Hex}"], "empty");
        var report = await _store.SweepAsync(dryRun: false, default);
        Assert.Equal((0, 1), (report.Blobs, report.Problems.Count));

        // One that was never fetched is no damage.
        File.Delete(_temp[$"store/blobs/sha256/{arm.Digest.Hex}"]);
        report = await _store.SweepAsync(dryRun: false, default);
        Assert.Equal((3, 0), (report.Blobs, report.Problems.Count));
    }

    [Fact]
    public async Task While_the_recipe_of_a_layer_is_damaged_its_parts_are_not_removed()
    {
        var part = await _store.PutAsync(MediaType.OciLayer, [1, 2, 3]);
        using var writer = _store.CreateRecipe();
        await writer.AppendAsync(part.Digest, default);
        writer.Append([4]);
        var (layer, size) = await writer.CommitAsync(default);
        writer.Dispose();
        var manifest = await _store.AddAsync(
            MediaType.OciManifest,
            OciJson.Write(new ImageManifest
            {
                MediaType = MediaType.OciManifest,
                Config = await _store.AddAsync(MediaType.OciConfig, "{}"u8.ToArray(), default),
                Layers = [new Descriptor { MediaType = MediaType.OciLayer, Digest = layer, Size = size }],
            }),
            default);
        await _store.TagAsync(Name, manifest, default);
        Break(_temp[$"store/recipes/sha256/{layer.Hex}"], "cut");
        var report = await _store.SweepAsync(dryRun: false, default);
        Assert.Contains(layer.ToString(), Assert.Single(report.Problems));
        Assert.True(_store.TryGetSize(part.Digest, out _));
    }

    private static void Break(string path, string damage)
    {
        var text = File.ReadAllText(path);
        switch (damage)
        {
            case "missing":
                File.Delete(path);
                break;
            case "other digits":
                // Still JSON, and a manifest, of other layers.
                var digest = text.LastIndexOf("sha256:", StringComparison.Ordinal) + "sha256:".Length;
                File.WriteAllText(path, text[..digest] + new string('0', 64) + text[(digest + 64)..]);
                break;
            default:
                File.WriteAllText(path, damage == "cut" ? text[..(text.Length / 2)] : "");
                break;
        }
    }

    private int Count() => Directory.GetFiles(_temp["store/blobs/sha256"]).Length;

    private static void Close(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "program"), "");
        SetMode(folder, 0b101_101_000);
    }

    private static void SetMode(string path, int mode)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, (UnixFileMode)mode);
    }
}
