using Sealer.Images;
using Sealer.Images.Archives;
using Sealer.Images.Storage;
using Sealer.Images.Verifying;
using Sealer.Tests.Peers;

namespace Sealer.Tests.Images.Archives;

/// <summary>Archives that somebody packed with the tools of a Linux machine before they went on a disk.</summary>
[Trait("Tier", "parts")]
public sealed class PackedArchiveTests : ArchiveTestBase
{
    [Theory]
    [InlineData("gzip")]
    [InlineData("zstd", "--long=27")]
    [InlineData("bzip2")]
    [InlineData("xz")]
    [InlineData("xz", "--threads=2", "--block-size=200KiB")]
    [InlineData("xz", "--check=none")]
    [InlineData("xz", "--check=crc32")]
    [InlineData("xz", "--check=sha256")]
    [InlineData("xz", "--x86", "--lzma2")]
    public async Task An_archive_that_a_tool_packed_is_imported(string tool, params string[] options)
    {
        var (plain, image) = await MakeAsync();
        await Peer.RunAsync(Peer.Require(tool), [.. options, "--quiet", "--keep", plain]);
        var (store, root) = await ImportAsync(Packed(plain));
        Assert.Equal(image.Digest, root.Digest);
        Assert.True((await ImageVerifier.VerifyAsync(store, null, root, null, default)).Passed);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("zstd")]
    [InlineData("bzip2")]
    [InlineData("xz")]
    public async Task An_archive_packed_in_pieces_one_behind_the_other_is_imported(string tool)
    {
        // What pigz, pbzip2, pixz and cat make.
        var (plain, image) = await MakeAsync();
        var bytes = File.ReadAllBytes(plain);
        var all = new MemoryStream();
        for (var at = 0; at < bytes.Length; at += 300_000)
        {
            File.WriteAllBytes(Temp["piece"], bytes[at..Math.Min(bytes.Length, at + 300_000)]);
            await Peer.RunAsync(Peer.Require(tool), "--quiet", "--keep", Temp["piece"]);
            all.Write(File.ReadAllBytes(Packed(Temp["piece"])));
            File.Delete(Packed(Temp["piece"]));
        }

        File.WriteAllBytes(Temp["all"], all.ToArray());
        Assert.Equal(image.Digest, (await ImportAsync(Temp["all"])).Root.Digest);
    }

    [Fact]
    public async Task A_filter_of_xz_that_is_not_known_here_is_told()
    {
        var (plain, _) = await MakeAsync();
        await Peer.RunAsync(Peer.Require("xz"), "--delta=dist=4", "--lzma2", "--quiet", "--keep", plain);
        var error = await RefusedAsync("ArchiveCompressionNotSupported", Packed(plain));
        Assert.Contains("Unpack it", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("zstd")]
    [InlineData("bzip2")]
    [InlineData("xz")]
    public async Task A_packed_archive_that_is_cut_off_or_damaged_is_refused(string tool)
    {
        var (plain, _) = await MakeAsync();
        await Peer.RunAsync(Peer.Require(tool), "--quiet", "--keep", plain);
        var bytes = File.ReadAllBytes(Packed(plain));
        foreach (var cut in new[] { 10, bytes.Length / 3, bytes.Length * 9 / 10 })
        {
            File.WriteAllBytes(Temp["cut"], bytes[..cut]);
            await RefusedAsync(Temp["cut"]);
        }

        for (var i = 1; i < 30; i++)
        {
            var damaged = bytes.ToArray();
            damaged[bytes.Length * i / 30] ^= 0x10;
            File.WriteAllBytes(Temp["damaged"], damaged);
            await RefusedAsync(Temp["damaged"]);
        }
    }

    private async Task RefusedAsync(string path)
    {
        var store = ImageStore.Open(Directory.CreateDirectory(Temp[Guid.NewGuid().ToString()]).FullName);
        var error = await Assert.ThrowsAsync<SealerException>(() => ArchiveImport.ImportAsync(path, store, new(), null, default));
        Assert.Equal(ErrorKind.InvalidContent, error.Kind);
        Assert.Empty(store.List());
    }

    private async Task<(string Path, Descriptor Image)> MakeAsync()
    {
        // Noise, and text that packs well.
        var text = new Dictionary<string, string> { ["text"] = string.Join(' ', Enumerable.Range(0, 40_000)) };
        var image = await RandomImage.WriteAsync(Store, 1, layers: 3, layerSize: 300_000, annotations: text);
        return (await ExportAsync(image, ArchiveFormat.OciArchive, name: "plain"), image);
    }

    private static string Packed(string path) => Directory.GetFiles(Path.GetDirectoryName(path)!, Path.GetFileName(path) + ".*").Single(name => name != path);
}
