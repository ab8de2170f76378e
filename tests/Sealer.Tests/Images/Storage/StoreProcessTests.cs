using Sealer.Images;
using Sealer.Images.Archives;
using Sealer.Images.Copying;
using Sealer.Images.Storage;
using Sealer.Images.Verifying;
using Sealer.Tests.Registries;

namespace Sealer.Tests.Images.Storage;

/// <summary>Other processes in the same store, and processes that die in it.</summary>
public sealed class StoreProcessTests : IDisposable
{
    private static readonly ImageReference Name = ImageReference.Parse("registry.example.com/skyline:v3");
    private readonly TemporaryFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public async Task A_process_killed_in_an_import_leaves_a_valid_store_and_the_next_one_reuses_what_is_whole()
    {
        var (archive, image) = await MakeArchiveAsync(layers: 12, layerSize: 1_000_000);
        var bytes = File.ReadAllBytes(archive);
        using (var child = ChildProcess.Start("import", _temp["store"]))
        {
            // Seven and a half layers, and then nothing more: the child waits in the middle of the eighth.
            await child.StandardInput.BaseStream.WriteAsync(bytes.AsMemory(0, 7_500_000));
            await child.StandardInput.BaseStream.FlushAsync();
            while (WholeBlobs().Count < 7)
            {
                Assert.False(child.HasExited);
                await Task.Delay(20);
            }

            child.Kill();
            await child.WaitForExitAsync();
        }

        var store = ImageStore.Open(_temp["store"]);
        Assert.Empty(store.List());
        var whole = WholeBlobs();
        Assert.All(whole, f => Assert.Equal(Path.GetFileName(f.Key), Digest.Of(File.ReadAllBytes(f.Key)).Hex));

        await ArchiveImport.ImportAsync(archive, store, new(), null, default);
        Assert.Equal(image.Digest, (await store.ResolveAsync(Name, default))!.Digest);
        Assert.All(whole, f => Assert.Equal(f.Value, File.GetLastWriteTimeUtc(f.Key)));
        Assert.Equal(14, WholeBlobs().Count);
        Assert.Equal(0, (await store.SweepAsync(dryRun: true, default)).Blobs);
    }

    [Fact]
    public async Task What_a_killed_process_left_is_gone_after_a_sweep()
    {
        using (var child = ChildProcess.Start("import", _temp["store"]))
        {
            var (archive, _) = await MakeArchiveAsync(layers: 3, layerSize: 3_000_000);
            await child.StandardInput.BaseStream.WriteAsync(File.ReadAllBytes(archive).AsMemory(0, 5_000_000));
            await child.StandardInput.BaseStream.FlushAsync();
            while (WholeBlobs().Count < 1 || PartialBytes() == 0)
            {
                Assert.False(child.HasExited);
                await Task.Delay(20);
            }

            child.Kill();
            await child.WaitForExitAsync();
        }

        var report = await ImageStore.Open(_temp["store"]).SweepAsync(dryRun: false, default);
        Assert.Equal((1, 1), (report.Blobs, report.Partials));
        Assert.Equal(0, PartialBytes());
        Assert.Empty(WholeBlobs());
    }

    [Fact]
    public async Task A_lease_of_another_process_keeps_the_sweep_away_until_that_process_dies()
    {
        var store = ImageStore.Open(_temp["store"]);
        using var child = ChildProcess.Start("lease", _temp["store"]);
        Assert.Equal("held", await child.StandardOutput.ReadLineAsync());
        Assert.Equal("StoreInUse", (await Assert.ThrowsAsync<SealerException>(() => store.SweepAsync(dryRun: false, default))).Id);
        child.Kill();
        await child.WaitForExitAsync();
        await store.SweepAsync(dryRun: false, default);
    }

    [Fact]
    public async Task Several_processes_import_into_one_store_at_once()
    {
        var (archive, image) = await MakeArchiveAsync(layers: 6, layerSize: 500_000);
        var children = Enumerable.Range(0, 3).Select(i => ChildProcess.Start("import", _temp["store"], archive, $"example.com/p{i}")).ToList();
        foreach (var child in children)
        {
            var errors = await child.StandardError.ReadToEndAsync();
            await child.WaitForExitAsync();
            Assert.True(child.ExitCode == 0, errors);
            child.Dispose();
        }

        var store = ImageStore.Open(_temp["store"]);
        Assert.Equal(31, store.List().Count);
        Assert.All(store.List(), i => Assert.Equal(image.Digest, i.Descriptor.Digest));
        Assert.All(WholeBlobs(), f => Assert.Equal(Path.GetFileName(f.Key), Digest.Of(File.ReadAllBytes(f.Key)).Hex));
        Assert.Equal(0, PartialBytes());
        Assert.Equal(0, (await store.SweepAsync(dryRun: true, default)).Blobs);
    }

    [Fact]
    public async Task Of_two_processes_that_resume_one_blob_one_asks_for_the_rest_and_the_other_waits()
    {
        var (file, blob) = MakeBlob(2_000_000, partial: 800_000);
        using var one = ChildProcess.Start("put", _temp["store"], file, "9999999");
        using var two = ChildProcess.Start("put", _temp["store"], file, "9999999");
        var (first, second) = (one.StandardOutput.ReadLineAsync(), two.StandardOutput.ReadLineAsync());
        var asking = await Task.WhenAny(first, second) == first ? one : two;
        Assert.Equal("asks for 800000", await (asking == one ? first : second));
        await asking.StandardInput.WriteLineAsync();
        Assert.Equal("done", await asking.StandardOutput.ReadLineAsync());
        Assert.Equal("done", await (asking == one ? second : first));
        Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(_temp[$"store/blobs/sha256/{blob.Hex}"]));
        Assert.Equal(0, PartialBytes());
    }

    [Fact]
    public async Task When_the_process_that_fetches_is_killed_the_one_that_waits_asks_for_the_rest()
    {
        // What is written is written in whole buffers.
        const int Half = 6 * 512 * 1024;
        var (file, blob) = MakeBlob(5_000_000, partial: 0);
        using var one = ChildProcess.Start("put", _temp["store"], file, $"{Half}");
        Assert.Equal("asks for 0", await one.StandardOutput.ReadLineAsync());
        using var two = ChildProcess.Start("put", _temp["store"], file, "9999999");
        var asks = two.StandardOutput.ReadLineAsync();
        await one.StandardInput.WriteLineAsync();
        await UntilAsync(() => PartialBytes() >= Half || asks.IsCompleted);
        Assert.False(asks.IsCompleted);
        await KillAsync(one);
        Assert.Equal($"asks for {Half}", await asks);
        await two.StandardInput.WriteLineAsync();
        Assert.Equal("done", await two.StandardOutput.ReadLineAsync());
        Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(_temp[$"store/blobs/sha256/{blob.Hex}"]));
    }

    [Fact]
    public async Task Several_processes_that_fetch_the_same_blobs_at_once_fetch_each_once()
    {
        const int Count = 400;
        var children = Enumerable.Range(0, 3).Select(_ => ChildProcess.Start("put-many", _temp["store"], Count.ToString())).ToList();
        var asked = 0;
        foreach (var child in children)
        {
            asked += int.Parse(await child.StandardOutput.ReadLineAsync() ?? await child.StandardError.ReadToEndAsync());
            child.Dispose();
        }

        Assert.Equal(Count, asked);
        Assert.Equal(Count, WholeBlobs().Count);
        Assert.All(WholeBlobs(), f => Assert.Equal(Path.GetFileName(f.Key), Digest.Of(File.ReadAllBytes(f.Key)).Hex));
    }

    [Fact]
    public async Task A_process_killed_in_a_pull_leaves_a_valid_store_and_the_next_one_asks_for_the_rest_only()
    {
        await using var registry = new HostileRegistry();
        var far = new MemoryImages();
        var image = await RandomImage.WriteAsync(far, 1, layers: 3, layerSize: 2_000_000);
        foreach (var (digest, content) in far.Blobs)
            registry.Blobs[digest.ToString()] = content;
        registry.AddManifest("v1", MediaType.OciManifest, far.Blobs[image.Digest]);
        var last = OciJson.ReadManifest(far.Blobs[image.Digest]).Layers[2];
        var stalled = new TaskCompletionSource();
        registry.On = async e =>
        {
            if (!e.Path.EndsWith(last.Digest.ToString(), StringComparison.Ordinal))
                return;
            await e.ReplyAsync(200, far.Blobs[last.Digest].AsMemory(0, 1_500_000), null, ("Content-Length", last.Size.ToString()));
            await stalled.Task;
        };
        using (var child = ChildProcess.Start("pull", _temp["store"], registry.Image().ToString()))
        {
            await UntilAsync(() => WholeBlobs().Count >= 2 && PartialBytes() > 0);
            await KillAsync(child);
        }

        stalled.SetResult();
        var store = ImageStore.Open(_temp["store"]);
        Assert.Empty(store.List());
        var whole = WholeBlobs();
        Assert.All(whole, f => Assert.Equal(Path.GetFileName(f.Key), Digest.Of(File.ReadAllBytes(f.Key)).Hex));
        var left = last.Size - PartialBytes();

        registry.On = null;
        var served = registry.BlobBytesServed;
        using var client = registry.Client();
        await ImageCopier.CopyAsync(client.Repository(registry.Image()), image, store, new(), null, default);
        var config = OciJson.ReadManifest(far.Blobs[image.Digest]).Config.Size;
        Assert.Equal(left + config, registry.BlobBytesServed - served);
        Assert.All(whole, f => Assert.Equal(f.Value, File.GetLastWriteTimeUtc(f.Key)));
        Assert.True((await ImageVerifier.VerifyAsync(store, null, image, null, default)).Passed);
        Assert.Empty(registry.Errors);
    }

    [Fact]
    public async Task Several_processes_build_in_one_store_at_once()
    {
        var contexts = new[] { "a", "b", "c" };
        foreach (var name in contexts)
        {
            var context = Directory.CreateDirectory(_temp[name]).FullName;
            // The same layer in all of them, and one of its own in each.
            File.WriteAllBytes(Path.Combine(context, "common"), RandomImage.Bytes(1, 3_000_000));
            File.WriteAllBytes(Path.Combine(context, "own"), RandomImage.Bytes(name[0], 1_000_000));
            File.SetLastWriteTimeUtc(Path.Combine(context, "common"), DateTime.UnixEpoch);
            File.WriteAllText(Path.Combine(context, "Kubefile"), "FROM scratch\nCOPY common .\nCOPY own .\n");
        }

        foreach (var child in contexts.Select(name => ChildProcess.Start("build", _temp["store"], _temp[name])).ToList())
        {
            var errors = await child.StandardError.ReadToEndAsync();
            await child.WaitForExitAsync();
            Assert.True(child.ExitCode == 0, errors);
            child.Dispose();
        }

        var store = ImageStore.Open(_temp["store"]);
        Assert.Equal(contexts.Length, store.List().Count);
        foreach (var image in store.List())
            Assert.True((await ImageVerifier.VerifyAsync(store, image.Reference, image.Descriptor, null, default)).Passed);
        // A layer in common, and of each a layer, a config and a manifest.
        Assert.Equal(1 + (3 * contexts.Length), WholeBlobs().Count);
        Assert.Equal(0, (await store.SweepAsync(dryRun: true, default)).Blobs);
        Assert.Equal(0, PartialBytes());
    }

    private static async Task KillAsync(System.Diagnostics.Process child)
    {
        child.Kill();
        await child.WaitForExitAsync();
    }

    private static async Task UntilAsync(Func<bool> isSo)
    {
        while (!isSo())
            await Task.Delay(20);
    }

    private (string File, Digest Digest) MakeBlob(int size, int partial)
    {
        var content = RandomImage.Bytes(1, size);
        var digest = Digest.Of(content);
        File.WriteAllBytes(_temp["blob"], content);
        ImageStore.Open(_temp["store"]);
        if (partial > 0)
            File.WriteAllBytes(_temp[$"store/partial/sha256-{digest.Hex}"], content[..partial]);
        return (_temp["blob"], digest);
    }

    private async Task<(string Path, Descriptor Image)> MakeArchiveAsync(int layers, int layerSize)
    {
        var store = ImageStore.Open(_temp["source"]);
        var image = await RandomImage.WriteAsync(store, 1, layers, layerSize);
        await ArchiveExport.WriteAsync(store, [(Name, image)], _temp["a.tar"], ArchiveFormat.OciArchive, new(), null, default);
        return (_temp["a.tar"], image);
    }

    private Dictionary<string, DateTime> WholeBlobs() => Directory.Exists(_temp["store/blobs/sha256"])
        ? Directory.GetFiles(_temp["store/blobs/sha256"]).ToDictionary(f => f, File.GetLastWriteTimeUtc)
        : [];

    private long PartialBytes() => new DirectoryInfo(_temp["store/partial"]) is { Exists: true } folder ? folder.GetFiles().Sum(f => f.Length) : 0;
}
