using System.Diagnostics;
using Sealer.Images;
using Sealer.Images.Archives;
using Sealer.Images.Building;
using Sealer.Images.Storage;
using Sealer.Images.Verifying;

namespace Sealer.Tests.Images.Archives;

/// <summary>Real full disks: a small tmpfs, which needs root.</summary>
[Trait("Tier", "parts")]
public sealed class DiskFullTests : ArchiveTestBase
{
    [LinuxFact]
    public async Task A_store_on_a_full_disk_says_so_and_takes_up_where_it_was_when_there_is_room()
    {
        var archive = await ExportAsync(await RandomImage.WriteAsync(Store, 1, layers: 3, layerSize: 3_000_000), ArchiveFormat.OciArchive);
        await WithSmallDiskAsync(async disk =>
        {
            var store = ImageStore.Open(Path.Combine(disk, "store"));
            var error = await Assert.ThrowsAsync<SealerException>(() => ArchiveImport.ImportAsync(archive, store, new(), null, default));
            Assert.Equal("DiskFull", error.Id);
            Assert.Contains(store.Folder, error.Message);
            Assert.Matches(@"\d+ bytes more are needed, \d+ are free", error.Message);
            Assert.Empty(store.List());
            // The layer that met the end of the disk gives its room back; one that was under way beside it is taken up again.
            var partials = Directory.GetFiles(Path.Combine(store.Folder, "partial"));
            Assert.Contains(partials, f => new FileInfo(f).Length == 0);
            Assert.All(partials.Where(f => new FileInfo(f).Length > 0), f => Assert.True(
                File.ReadAllBytes(Store.TryGetPath(Digest.Parse(Path.GetFileName(f).Replace('-', ':')))!).AsSpan().StartsWith(File.ReadAllBytes(f))));
            var kept = Directory.GetFiles(Path.Combine(store.Folder, "blobs/sha256"));
            Assert.NotEmpty(kept);
            Assert.All(kept, f => Assert.Equal(Path.GetFileName(f), Digest.Of(File.ReadAllBytes(f)).Hex));

            Run("mount", "-o", "remount,size=20m", disk);
            await ArchiveImport.ImportAsync(archive, store, new(), null, default);
            Assert.Single(store.List());
        });
    }

    [LinuxFact]
    public async Task A_blob_of_unknown_size_on_a_full_disk_is_gone()
    {
        await WithSmallDiskAsync(async disk =>
        {
            var store = ImageStore.Open(Path.Combine(disk, "store"));
            await using (var writer = store.CreateBlob())
            {
                var error = await Assert.ThrowsAsync<SealerException>(async () =>
                {
                    for (var i = 0; i < 100; i++)
                        await writer.WriteAsync(RandomImage.Bytes(i, 1_000_000));
                });
                Assert.Equal("DiskFull", error.Id);
            }

            Assert.Empty(Directory.GetFiles(Path.Combine(store.Folder, "partial")));
        });
    }

    [LinuxFact]
    public async Task A_build_on_a_full_disk_says_so_and_goes_on_where_there_is_room()
    {
        var context = Directory.CreateDirectory(Temp["context"]).FullName;
        File.WriteAllBytes(Path.Combine(context, "small"), RandomImage.Bytes(1, 3_000_000));
        File.WriteAllBytes(Path.Combine(context, "large"), RandomImage.Bytes(2, 9_000_000));
        File.WriteAllText(Path.Combine(context, "Kubefile"), "FROM scratch\nCOPY small .\nCOPY large .\n");
        await WithSmallDiskAsync(async disk =>
        {
            var store = ImageStore.Open(Path.Combine(disk, "store"));
            var builder = new ClusterImageBuilder(store, _ => throw new NotSupportedException(), null);
            var options = new BuildOptions { ContextFolder = context, Tags = [Name] };
            Assert.Equal("DiskFull", (await Assert.ThrowsAsync<SealerException>(() => builder.BuildAsync(options, default))).Id);
            Assert.Empty(store.List());
            Assert.Equal(0, Directory.GetFiles(Path.Combine(store.Folder, "partial")).Sum(f => new FileInfo(f).Length));
            var kept = Assert.Single(Directory.GetFiles(Path.Combine(store.Folder, "blobs/sha256")));
            var written = File.GetLastWriteTimeUtc(kept);

            Run("mount", "-o", "remount,size=20m", disk);
            await builder.BuildAsync(options, default);
            Assert.Equal(written, File.GetLastWriteTimeUtc(kept));
            Assert.True((await ImageVerifier.VerifyAsync(store, Name, Assert.Single(store.List()).Descriptor, null, default)).Passed);
        });
    }

    [LinuxFact]
    public async Task A_list_of_images_on_a_full_disk_stays_as_it_was()
    {
        await WithSmallDiskAsync(async disk =>
        {
            var store = ImageStore.Open(Path.Combine(disk, "store"));
            var image = await RandomImage.WriteAsync(store, 1);
            await store.TagAsync(Name, image, default);
            await using (var filler = File.Create(Path.Combine(disk, "filler")))
                Assert.Throws<IOException>(() => filler.Write(new byte[9_000_000]));
            Assert.Equal("DiskFull", (await Assert.ThrowsAsync<SealerException>(() => store.TagAsync(Name.WithTag("v4"), image, default))).Id);
            Assert.Equal(Name, Assert.Single(store.List()).Reference);
            File.Delete(Path.Combine(disk, "filler"));
            await store.TagAsync(Name.WithTag("v4"), image, default);
            Assert.Equal(2, store.List().Count);
        });
    }

    [LinuxFact]
    public async Task An_export_to_a_full_disk_leaves_nothing_there()
    {
        var image = await RandomImage.WriteAsync(Store, 1, layers: 3, layerSize: 3_000_000);
        await WithSmallDiskAsync(async disk =>
        {
            foreach (var format in new[] { ArchiveFormat.OciArchive, ArchiveFormat.DockerArchive, ArchiveFormat.DockerFolder })
            {
                var error = await Assert.ThrowsAsync<SealerException>(
                    () => ArchiveExport.WriteAsync(Store, [(Name, image)], Path.Combine(disk, "out"), format, new(), null, default));
                Assert.Equal("DiskFull", error.Id);
                Assert.Empty(Directory.GetFileSystemEntries(disk));
            }
        });
    }

    private static void Run(string command, params string[] arguments)
    {
        using var process = Process.Start(command, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }

    private async Task WithSmallDiskAsync(Func<string, Task> test)
    {
        var disk = Directory.CreateDirectory(Temp["disk"]).FullName;
        Run("mount", "-t", "tmpfs", "-o", "size=8m", "none", disk);
        try
        {
            await test(disk);
        }
        finally
        {
            Run("umount", disk);
        }
    }
}
