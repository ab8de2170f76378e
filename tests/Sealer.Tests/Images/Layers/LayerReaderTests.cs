using System.IO.Compression;
using System.Text;
using Sealer.Images;
using Sealer.Images.Layers;
using ZstdSharp;
using static Sealer.Tests.Images.Layers.LayerSamples;

namespace Sealer.Tests.Images.Layers;

/// <summary>What a layer of others may look like, and what it may not.</summary>
public sealed class LayerReaderTests
{
    private static readonly byte[] Small = new TarBytes().Folder("a").File("a/b", "content").Ended();

    [Theory]
    [InlineData("./a/b", "a/b")]
    [InlineData("/a/b", "a/b")]
    [InlineData("//a/./b", "a/b")]
    [InlineData("..a/b..", "..a/b..")]
    public async Task A_path_begins_at_the_root_of_the_image(string raw, string path) =>
        Assert.Equal(path, Assert.Single((await ReadAsync(new TarBytes().File(raw, "x").Ended())).Entries).Entry.Path);

    [Theory]
    [InlineData("../a")]
    [InlineData("a/../../b")]
    [InlineData("a/..")]
    [InlineData("/..")]
    public async Task A_path_that_leads_out_is_refused(string raw)
    {
        Assert.Equal("UnsafeLayerPath", await RefusedAsync(new TarBytes().File(raw).Ended()));
        Assert.Equal("UnsafeLayerPath", await RefusedAsync(new TarBytes().Pax('x', ("path", raw)).File("good").Ended()));
        Assert.Equal("UnsafeLayerPath", await RefusedAsync(new TarBytes().HardLink("good", raw).Ended()));
    }

    [Fact]
    public async Task NUL_in_a_path_is_refused()
    {
        Assert.Equal("UnsafeLayerPath", await RefusedAsync(new TarBytes().Pax('x', ("path", "a\0b")).File("good").Ended()));
        Assert.Equal("UnsafeLayerPath", await RefusedAsync(new TarBytes().Pax('x', ("linkpath", "a\0b")).SymbolicLink("good", "x").Ended()));
    }

    [Theory]
    [InlineData(".wh.")]
    [InlineData(".wh..")]
    [InlineData(".wh...")]
    [InlineData("a/.wh...")]
    [InlineData(".wh.a/b")]
    public async Task A_removal_of_nothing_or_of_its_own_folder_is_refused(string raw) =>
        Assert.Equal("UnsafeLayerPath", await RefusedAsync(new TarBytes().File(raw).Ended()));

    [Fact]
    public async Task Removals_are_told_from_files()
    {
        var (entries, _) = await ReadAsync(
            new TarBytes().File("a/.wh.b").File("a/.wh..wh..opq").File(".wh..wh.plnk", "junk").File("c").Ended());
        Assert.Equal(
            [("a/b", LayerEntryKind.Whiteout), ("a", LayerEntryKind.OpaqueFolder), ("c", LayerEntryKind.File)],
            entries.Select(e => (e.Entry.Path, e.Entry.Kind)));
    }

    [Fact]
    public async Task Long_names_of_PAX_and_of_GNU_are_read()
    {
        var name = string.Join('/', Enumerable.Repeat("folder", 100)) + "/größe";
        var tar = new TarBytes()
            .Pax('x', ("path", name), ("linkpath", name + "-target"), ("mtime", "1700000000.75")).SymbolicLink("short", "short")
            .Entry('L', "././@LongLink", content: Encoding.UTF8.GetBytes(name + "2\0"), gnu: true)
            .Entry('K', "././@LongLink", content: Encoding.UTF8.GetBytes(name + "3\0"), gnu: true)
            .Entry('2', "short", "short", gnu: true)
            .File("plain")
            .Ended();
        var (entries, _) = await ReadAsync(tar);
        Assert.Equal([name, name + "2", "plain"], entries.Select(e => e.Entry.Path));
        Assert.Equal([name + "-target", name + "3", null], entries.Select(e => e.Entry.LinkTarget));
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1_700_000_000), entries[0].Entry.Modified);
    }

    [Fact]
    public async Task A_path_longer_or_deeper_than_a_system_takes_is_refused()
    {
        Assert.Equal("LayerPathTooLong", await RefusedAsync(new TarBytes().Pax('x', ("path", new string('a', 5000))).File("x").Ended()));
        Assert.Equal(
            "LayerPathTooDeep",
            await RefusedAsync(new TarBytes().Pax('x', ("path", string.Concat(Enumerable.Repeat("a/", 1000)) + "b")).File("x").Ended()));
    }

    [Theory]
    [InlineData('S')]
    [InlineData('0')]
    public async Task A_sparse_bomb_is_refused(char type)
    {
        var tar = new TarBytes();
        if (type == '0')
            tar.Pax('x', ("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.realsize", "9223372036854775807"));
        Assert.Equal("SparseEntryNotSupported", await RefusedAsync(tar.Entry(type, "huge", content: new byte[512]).Ended()));
    }

    [Theory]
    [InlineData("9223372036854775807")]
    [InlineData("-1")]
    [InlineData("1e9")]
    [InlineData("99999999999999999999")]
    public async Task A_size_that_cannot_be_is_refused(string size) =>
        Assert.Equal("InvalidLayer", await RefusedAsync(new TarBytes().Pax('x', ("size", size)).File("x").Ended()));

    [Fact]
    public async Task A_file_that_says_it_is_larger_than_the_layer_is_cut_off() =>
        Assert.Equal("LayerTruncated", await RefusedAsync(new TarBytes().Pax('x', ("size", "1000000000000")).File("x").Ended()));

    [Fact]
    public async Task A_large_binary_size_is_understood_and_a_negative_one_refused()
    {
        var large = new TarBytes().Entry('0', "x", size: "\u0080").Ended();
        large[124] = 0x80;
        large[124 + 4] = 1;
        large[124 + 1] = 0;
        Assert.Equal("LayerTruncated", await RefusedAsync(Summed(large)));
        large.AsSpan(124, 12).Fill(0xFF);
        Assert.Equal("InvalidLayer", await RefusedAsync(Summed(large)));
    }

    [Theory]
    [InlineData(LayerCompression.Gzip)]
    [InlineData(LayerCompression.Zstd)]
    public async Task A_bomb_is_refused_by_its_ratio_and_by_its_size(LayerCompression compression)
    {
        var bomb = Pack(new TarBytes().Entry('0', "zeros", content: new byte[20_000_000]).Ended(), compression);
        var options = new LayerReadOptions { RatioGrace = 1_000_000 };
        Assert.Equal("LayerRatioExceeded", await RefusedAsync(bomb, options));
        Assert.Equal("LayerTooLarge", await RefusedAsync(bomb, new LayerReadOptions { MaxUncompressedSize = 10_000_000 }));
        Assert.Equal(20_000_000, Assert.Single((await ReadAsync(bomb)).Entries).Content.Length);
    }

    [Fact]
    public async Task More_entries_than_any_image_has_are_refused()
    {
        var tar = new TarBytes();
        for (var i = 0; i < 1001; i++)
            tar.File($"f{i}");
        var options = new LayerReadOptions { MaxEntries = 1000 };
        Assert.Equal("LayerTooManyEntries", await RefusedAsync(tar.Ended(), options));
        Assert.Equal(1001, (await ReadAsync(tar.Ended(), options with { MaxEntries = 1001 })).Entries.Count);
    }

    [Fact]
    public async Task What_holds_for_all_entries_is_kept_once_and_not_copied_for_each()
    {
        var tar = new TarBytes().Pax('g', [.. Enumerable.Range(0, 200).Select(i => ($"SCHILY.xattr.user.{i}", "x"))]);
        for (var i = 0; i < 50; i++)
            tar.File($"f{i}");
        tar.Pax('x', ("SCHILY.xattr.user.7", ""), ("SCHILY.xattr.user.own", "y")).File("own");
        var entries = (await ReadAsync(tar.Ended())).Entries.Select(e => e.Entry).ToList();
        var shared = entries[0].ExtendedAttributes;
        Assert.Equal(200, shared!.Count);
        Assert.All(entries.Take(50), e => Assert.Same(shared, e.ExtendedAttributes));
        Assert.Equal(200, entries[50].ExtendedAttributes!.Count);
        Assert.False(entries[50].ExtendedAttributes!.ContainsKey("user.7"));
        Assert.Equal("y"u8.ToArray(), entries[50].ExtendedAttributes!["user.own"]);
    }

    [Theory]
    [InlineData('g')]
    [InlineData('x')]
    public async Task More_records_than_any_header_has_are_refused(char type)
    {
        (string, string)[] Records(int count) => [.. Enumerable.Range(0, count).Select(i => ($"k{i}", "x"))];
        Assert.Equal("LayerHeaderTooLarge", await RefusedAsync(new TarBytes().Pax(type, Records(257)).File("x").Ended()));
        Assert.Single((await ReadAsync(new TarBytes().Pax(type, Records(256)).File("x").Ended())).Entries);
    }

    [Fact]
    public async Task Headers_without_end_are_refused()
    {
        var global = new TarBytes();
        for (var i = 0; i < 30; i++)
            global.Pax('g', ($"key{i}", new string('x', 100_000)));
        Assert.Equal("LayerHeaderTooLarge", await RefusedAsync(global.File("x").Ended()));
        // With files between them no single entry has too much, but what holds for all of them grows.
        var growing = new TarBytes();
        for (var i = 0; i < 30; i++)
            growing.Pax('g', ($"key{i}", new string('x', 100_000))).File($"f{i}");
        Assert.Equal("LayerHeaderTooLarge", await RefusedAsync(growing.Ended()));
        var names = new TarBytes();
        for (var i = 0; i < 100; i++)
            names.Entry('L', "x", content: "name\0"u8.ToArray());
        Assert.Equal("LayerTooManyEntries", await RefusedAsync(names.File("x").Ended(), new LayerReadOptions { MaxEntries = 10 }));
    }

    [Theory]
    [InlineData(LayerCompression.None)]
    [InlineData(LayerCompression.Gzip)]
    [InlineData(LayerCompression.Zstd)]
    public async Task A_layer_that_is_cut_off_anywhere_is_noticed(LayerCompression compression)
    {
        var tar = new TarBytes().Entry('0', "x", content: Content(3000, 1)).Ended();
        var layer = Pack([.. tar], compression);
        if (compression != LayerCompression.None)
            layer = [.. layer, .. Pack(new byte[512], compression)];
        Assert.Single((await ReadAsync(layer)).Entries);
        for (var length = 1; length < layer.Length; length += compression == LayerCompression.None ? 97 : 7)
        {
            // Zeros after the second empty block may be cut off; that is no loss.
            if (compression == LayerCompression.None && length >= tar.Length)
                continue;
            var cut = layer.AsSpan(0, length).ToArray();
            if (compression != LayerCompression.None && length == Pack([.. tar], compression).Length)
                continue;
            Assert.Contains(await RefusedAsync(cut), (string[])["LayerTruncated", "InvalidLayer"]);
        }
    }

    [Theory]
    [InlineData(LayerCompression.None)]
    [InlineData(LayerCompression.Gzip)]
    [InlineData(LayerCompression.Zstd)]
    public async Task Garbage_after_the_end_is_noticed(LayerCompression compression)
    {
        Assert.Equal("LayerTrailingGarbage", await RefusedAsync([.. Pack(Small, compression), .. "garbage"u8]));
        Assert.Equal("LayerTrailingGarbage", await RefusedAsync(Pack([.. Small, .. new byte[5000], 1], compression)));
        Assert.Equal(2, (await ReadAsync(Pack([.. Small, .. new byte[9000]], compression))).Entries.Count);
    }

    [Theory]
    [InlineData(LayerCompression.Gzip)]
    [InlineData(LayerCompression.Zstd)]
    public async Task Several_members_or_frames_are_one_layer(LayerCompression compression)
    {
        byte[] layer = [.. Pack(Small[..700], compression), .. Pack([], compression), .. Pack(Small[700..], compression)];
        var (entries, result) = await ReadAsync(layer);
        Assert.Equal(["a", "a/b"], entries.Select(e => e.Entry.Path));
        Assert.Equal(Digest.Of(Small), result.DiffId);
        Assert.Equal(Digest.Of(layer), result.Digest);
    }

    [Fact]
    public async Task Skippable_frames_of_zstd_are_skipped()
    {
        byte[] skippable = [0x50, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3];
        byte[] layer = [.. skippable, .. Pack(Small, LayerCompression.Zstd), .. skippable];
        Assert.Equal(2, (await ReadAsync(layer)).Entries.Count);
    }

    [Fact]
    public async Task A_wrong_bit_in_gzip_is_noticed_by_its_checksum()
    {
        var layer = Pack(Small, LayerCompression.Gzip);
        layer[^5] ^= 1;
        Assert.Equal("InvalidLayer", await RefusedAsync(layer));
    }

    [Fact]
    public async Task A_match_that_reaches_before_the_beginning_of_a_gzip_member_is_refused()
    {
        // One block of fixed codes: a match of length 3 at distance 1 where nothing was written yet.
        byte[] layer = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255, 0x03, 0x02, 0x00, 0, 0, 0, 0, 3, 0, 0, 0];
        var error = await Assert.ThrowsAsync<SealerException>(() => ReadAsync(layer));
        Assert.Equal("InvalidLayer", error.Id);
        Assert.Contains("gzip data is broken", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Any_gzip_of_the_base_library_is_read()
    {
        for (var seed = 0; seed < 12; seed++)
        {
            var content = Content(1_000 + seed * seed * 40_000, seed);
            if (seed % 3 == 1)
                Array.Fill(content, (byte)seed, 100, content.Length / 2);
            var tar = new TarBytes().Entry('0', "x", content: content).Ended();
            foreach (var level in Enum.GetValues<CompressionLevel>())
            {
                var (entries, result) = await ReadAsync(Gzip(tar, level));
                Assert.True(content.AsSpan().SequenceEqual(entries[0].Content));
                Assert.Equal(Digest.Of(tar), result.DiffId);
            }
        }
    }

    [Fact]
    public async Task Broken_gzip_is_an_error_and_never_more()
    {
        var tar = new TarBytes().Entry('0', "x", content: Content(30_000, 5)).Ended();
        var good = Gzip(tar, CompressionLevel.Optimal);
        var random = new Random(1);
        for (var i = 0; i < 300; i++)
        {
            var bad = good.ToArray();
            for (var flips = 0; flips <= i % 4; flips++)
                bad[random.Next(bad.Length)] ^= (byte)(1 << random.Next(8));
            try
            {
                await ReadAsync(bad);
            }
            catch (SealerException e)
            {
                Assert.Contains(e.Id, (string[])["InvalidLayer", "LayerTruncated", "LayerTrailingGarbage"]);
            }
        }
    }

    [Fact]
    public async Task A_layer_packed_otherwise_than_its_media_type_says_is_refused()
    {
        foreach (var compression in Enum.GetValues<LayerCompression>())
        {
            foreach (var (type, said) in new[]
            {
                (MediaType.OciLayer, LayerCompression.None),
                (MediaType.DockerLayer, LayerCompression.None),
                (MediaType.OciLayerGzip, LayerCompression.Gzip),
                (MediaType.DockerLayerGzip, LayerCompression.Gzip),
                (MediaType.OciLayerZstd, LayerCompression.Zstd),
            })
            {
                var options = new LayerReadOptions { MediaType = type };
                if (said == compression)
                    Assert.Equal(2, (await ReadAsync(Pack(Small, compression), options)).Entries.Count);
                else
                    Assert.Equal("MediaTypeMismatch", await RefusedAsync(Pack(Small, compression), options));
            }
        }
    }

    [Fact]
    public async Task A_wrong_digest_is_noticed()
    {
        var layer = Pack(Small, LayerCompression.Gzip);
        Assert.Equal("DigestMismatch", await RefusedAsync(layer, new LayerReadOptions { Digest = Digest.Of(Small) }));
        Assert.Equal("DigestMismatch", await RefusedAsync(layer, new LayerReadOptions { DiffId = Digest.Of(layer) }));
        await ReadAsync(layer, new LayerReadOptions { Digest = Digest.Of(layer), DiffId = Digest.Of(Small) });
    }

    [Fact]
    public async Task An_empty_blob_is_an_empty_layer() =>
        Assert.Empty((await ReadAsync([], new LayerReadOptions { MediaType = MediaType.OciLayerGzip })).Entries);

    [Fact]
    public async Task What_is_no_tar_is_refused()
    {
        Assert.Equal("InvalidLayer", await RefusedAsync(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("<html>", 500)))));
        Assert.Equal("InvalidLayer", await RefusedAsync(new TarBytes().Pax('x', ("path", "a")).Raw(Content(1024, 1)).Ended()));
    }

    [Fact]
    public async Task A_layer_that_is_left_in_the_middle_lets_go_of_its_stream()
    {
        var stream = new MemoryStream(Pack(new TarBytes().Entry('0', "x", content: new byte[50_000_000]).Ended(), LayerCompression.None));
        await using (var reader = new LayerReader(stream))
            Assert.NotNull(await reader.NextAsync(CancellationToken.None));
        Assert.False(stream.CanRead);
    }

    private static byte[] Summed(byte[] tar)
    {
        "        "u8.CopyTo(tar.AsSpan(148));
        Encoding.ASCII.GetBytes(Convert.ToString(tar.Take(512).Sum(b => b), 8).PadLeft(6, '0') + "\0 ", tar.AsSpan(148));
        return tar;
    }

    private static byte[] Pack(byte[] tar, LayerCompression compression) => compression switch
    {
        LayerCompression.Gzip => Gzip(tar, CompressionLevel.Optimal),
        LayerCompression.Zstd => new Compressor().Wrap(tar).ToArray(),
        _ => tar,
    };

    private static byte[] Gzip(byte[] tar, CompressionLevel level)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, level))
            gzip.Write(tar);
        return packed.ToArray();
    }
}
