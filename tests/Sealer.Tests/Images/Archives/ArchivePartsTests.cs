using System.Security.Cryptography;
using Sealer.Events;
using Sealer.Images;
using Sealer.Images.Archives;

namespace Sealer.Tests.Images.Archives;

public sealed class ArchivePartsTests : ArchiveTestBase
{
    private const int Mebibyte = 1024 * 1024;

    [Theory]
    [InlineData("a.tar")]
    [InlineData("a.tar.part001")]
    [InlineData("a.tar.parts.json")]
    public async Task Parts_are_read_as_the_one_archive_that_they_are(string name)
    {
        var image = await ExportAsync();
        Assert.Equal(
            ["a.tar.part001", "a.tar.part002", "a.tar.part003", "a.tar.part004", "a.tar.parts.json"],
            Directory.GetFiles(Temp["media"]).Select(Path.GetFileName).Order());
        Assert.All(Directory.GetFiles(Temp["media"], "*.part00[123]"), f => Assert.Equal(Mebibyte, new FileInfo(f).Length));
        var (_, root) = await ImportAsync(Temp[$"media/{name}"]);
        Assert.Equal(image.Digest, root.Digest);
    }

    [Fact]
    public async Task Parts_put_together_by_hand_are_the_archive_and_the_index_tells_their_sums()
    {
        var image = await ExportAsync();
        await ArchiveExport.WriteAsync(Store, [(Name, image)], Temp["whole.tar"], ArchiveFormat.OciArchive, new(), null, default);
        var parts = ArchiveParts.TryRead(Temp["media/a.tar"])!;
        Assert.Equal(File.ReadAllBytes(Temp["whole.tar"]), parts.Parts.SelectMany(p => File.ReadAllBytes(Temp[$"media/{p.Name}"])));
        Assert.All(parts.Parts, p => Assert.Equal(p.Sha256, Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(Temp[$"media/{p.Name}"]))).ToLowerInvariant()));
        await parts.VerifyAsync(default);
    }

    [Fact]
    public async Task A_missing_part_is_named()
    {
        await ExportAsync();
        File.Delete(Temp["media/a.tar.part002"]);
        Assert.Contains("a.tar.part002", (await RefusedAsync("PartMissing", Temp["media/a.tar.part001"])).Message);
        File.Delete(Temp["media/a.tar.part001"]);
        File.Delete(Temp["media/a.tar.parts.json"]);
        Assert.Contains("a.tar.part001", (await RefusedAsync("PartMissing", Temp["media/a.tar"])).Message);
    }

    [Theory]
    [InlineData(1, 300_000)]
    [InlineData(2, 10)]
    [InlineData(4, 100)]
    public async Task A_damaged_part_is_named(int part, int at)
    {
        await ExportAsync();
        var path = Temp[$"media/a.tar.part00{part}"];
        var bytes = File.ReadAllBytes(path);
        bytes[at] ^= 1;
        File.WriteAllBytes(path, bytes);
        Assert.Contains($"a.tar.part00{part}", (await RefusedAsync("PartDamaged", Temp["media/a.tar"])).Message);
    }

    [Fact]
    public async Task A_short_part_is_named()
    {
        await ExportAsync();
        File.WriteAllBytes(Temp["media/a.tar.part003"], new byte[77]);
        var error = await RefusedAsync("PartDamaged", Temp["media/a.tar"]);
        Assert.Contains("a.tar.part003", error.Message);
        Assert.Contains("77", error.Message);
    }

    [Fact]
    public async Task Parts_without_their_index_are_read_too()
    {
        var image = await ExportAsync();
        File.Delete(Temp["media/a.tar.parts.json"]);
        var (_, root) = await ImportAsync(Temp["media/a.tar.part001"]);
        Assert.Equal(image.Digest, root.Digest);
    }

    [Fact]
    public async Task An_index_that_names_files_elsewhere_is_refused()
    {
        await ExportAsync();
        var index = File.ReadAllText(Temp["media/a.tar.parts.json"]);
        File.WriteAllText(Temp["media/a.tar.parts.json"], index.Replace("a.tar.part002", "../media/a.tar.part002", StringComparison.Ordinal));
        await RefusedAsync("InvalidArchive", Temp["media/a.tar"]);
    }

    [Fact]
    public async Task Parts_that_are_too_small_are_refused()
    {
        var image = await RandomImage.WriteAsync(Store, 1);
        var error = await Assert.ThrowsAsync<SealerException>(
            () => ExportAsync(image, ArchiveFormat.OciArchive, new ExportOptions { PartSize = 100 }));
        Assert.Equal("InvalidPartSize", error.Id);
    }

    [Fact]
    public async Task A_smaller_export_takes_the_parts_of_a_larger_one_away()
    {
        await ExportAsync();
        File.WriteAllText(Temp["media/a.tar.part-list"], "mine");
        File.WriteAllText(Temp["media/a.tar"], "an unsplit archive of last week");
        var events = new List<SealerEvent>();
        var small = await RandomImage.WriteAsync(Store, 9, layers: 1, layerSize: Mebibyte + 50_000);
        await ArchiveExport.WriteAsync(
            Store, [(Name, small)], Temp["media/a.tar"], ArchiveFormat.OciArchive, new ExportOptions { PartSize = Mebibyte }, new Collector(events), default);
        Assert.Equal(
            ["a.tar", "a.tar.part-list", "a.tar.part001", "a.tar.part002", "a.tar.parts.json"],
            Directory.GetFiles(Temp["media"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Contains("a.tar'", Assert.Single(events.OfType<WarningEvent>()).Message, StringComparison.Ordinal);

        File.Delete(Temp["media/a.tar.parts.json"]);
        var (_, root) = await ImportAsync(Temp["media/a.tar.part001"]);
        Assert.Equal(small.Digest, root.Digest);
    }

    private async Task<Descriptor> ExportAsync()
    {
        Directory.CreateDirectory(Temp["media"]);
        var image = await RandomImage.WriteAsync(Store, 1, layers: 3, layerSize: Mebibyte + 50_000);
        await ExportAsync(image, ArchiveFormat.OciArchive, new ExportOptions { PartSize = Mebibyte }, "media/a.tar");
        return image;
    }

    private sealed class Collector(List<SealerEvent> events) : IProgress<SealerEvent>
    {
        public void Report(SealerEvent value)
        {
            lock (events)
                events.Add(value);
        }
    }
}
