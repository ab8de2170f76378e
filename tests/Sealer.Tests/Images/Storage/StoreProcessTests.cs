using Sealer.Images;
using Sealer.Images.Archives;
using Sealer.Images.Storage;

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
