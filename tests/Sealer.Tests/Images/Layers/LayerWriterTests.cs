using System.Formats.Tar;
using System.IO.Compression;
using Sealer.Images;
using Sealer.Images.Layers;
using static Sealer.Tests.Images.Layers.LayerSamples;

namespace Sealer.Tests.Images.Layers;

public sealed class LayerWriterTests
{
    [Theory]
    [InlineData(LayerCompression.None)]
    [InlineData(LayerCompression.Gzip)]
    [InlineData(LayerCompression.Zstd)]
    public async Task What_is_written_is_read_again_with_everything_that_was_said_of_it(LayerCompression compression)
    {
        var entries = Everything();
        var (bytes, layer) = await WriteAsync(entries, new LayerOptions { Compression = compression });
        var (read, result) = await ReadAsync(
            bytes,
            new LayerReadOptions { MediaType = layer.Descriptor.MediaType, Digest = layer.Descriptor.Digest, DiffId = layer.DiffId });

        Assert.Equal(Digest.Of(bytes), layer.Descriptor.Digest);
        Assert.Equal(bytes.Length, layer.Descriptor.Size);
        Assert.Equal(compression, result.Compression);
        Assert.Equal(layer.UncompressedSize, result.UncompressedSize);
        Assert.Equal(entries.Count, read.Count);
        // The first name in order carries the content of what is linked.
        var hosts = Assert.Single(read, r => r.Entry.Path == "etc/a-second-name");
        Assert.Equal(LayerEntryKind.File, hosts.Entry.Kind);
        Assert.Equal("127.0.0.1 localhost\n"u8, hosts.Content);
        Assert.Equal("etc/a-second-name", Assert.Single(read, r => r.Entry.Path == "etc/hosts").Entry.LinkTarget);
        foreach (var expected in entries.Where(e => e.Path is not ("etc/hosts" or "etc/a-second-name")))
        {
            var (entry, content) = Assert.Single(read, r => r.Entry.Path == expected.Path && r.Entry.Kind == expected.Kind);
            Assert.Equal(
                expected with { Open = null, ExtendedAttributes = null },
                entry with { ExtendedAttributes = null });
            Assert.Equal(expected.ExtendedAttributes, entry.ExtendedAttributes);
            if (expected.Open is not null)
            {
                var original = new MemoryStream();
                expected.Open().CopyTo(original);
                Assert.True(original.ToArray().AsSpan().SequenceEqual(content), expected.Path);
            }
        }
    }

    [Fact]
    public async Task The_digests_of_files_are_those_of_their_content()
    {
        var (_, layer) = await WriteAsync(Everything());
        var entries = Everything().Where(e => e.Kind == LayerEntryKind.File).OrderBy(e => e.Path, StringComparer.Ordinal).ToList();
        Assert.Equal(entries.Count, layer.Files.Count);
        foreach (var entry in entries.Where(e => e.Path != "etc/hosts"))
        {
            var content = new MemoryStream();
            entry.Open!().CopyTo(content);
            Assert.Equal(new BuiltFile(entry.Path, Digest.Of(content.ToArray()), entry.Size), Assert.Single(layer.Files, f => f.Path == entry.Path));
        }
    }

    [Theory]
    [InlineData(LayerCompression.None)]
    [InlineData(LayerCompression.Gzip)]
    [InlineData(LayerCompression.Zstd)]
    public async Task The_bytes_depend_neither_on_the_order_of_the_entries_nor_on_the_processors(LayerCompression compression)
    {
        var (one, _) = await WriteAsync(Everything(), new LayerOptions { Compression = compression, Parallelism = 1 });
        var (many, _) = await WriteAsync(Everything().AsEnumerable().Reverse(), new LayerOptions { Compression = compression, Parallelism = 7 });
        Assert.Equal(Digest.Of(one), Digest.Of(many));
    }

    [Fact]
    public async Task The_digest_of_a_layer_is_the_same_on_every_system()
    {
        // Made on Linux; a change here changes the digest of every image ever built, so it wants a reason.
        var (_, layer) = await WriteAsync(Everything());
        Assert.Equal("sha256:5b465b6994e479d6a2728fb71e135b3b46206f43f1a21d62bc732ebb90afdc01", layer.DiffId.ToString());
        Assert.Equal("sha256:85b43facc7c56a927c832c5cfe248af611fbbe613d7dcc05219787e474951ec4", layer.Descriptor.Digest.ToString());
    }

    [Fact]
    public async Task A_file_on_disk_and_the_same_file_as_a_stream_make_the_same_layer()
    {
        using var folder = new TemporaryFolder();
        var content = Content(9_000_001, 3);
        var streamed = File("big", content);
        var (fromStream, _) = await WriteAsync([streamed]);
        var (fromDisk, _) = await WriteAsync([streamed with { Open = null, LocalFile = Write(folder["big"], content) }]);
        Assert.Equal(Digest.Of(fromStream), Digest.Of(fromDisk));
    }

    [Fact]
    public async Task System_Formats_Tar_reads_what_is_written()
    {
        var (bytes, layer) = await WriteAsync(Everything(), new LayerOptions { Compression = LayerCompression.None });
        Assert.Equal(layer.DiffId, layer.Descriptor.Digest);
        using var reader = new TarReader(new MemoryStream(bytes));
        var names = new List<string>();
        while (reader.GetNextEntry() is { } entry)
            names.Add(entry.Name);
        Assert.Equal(names.Order(StringComparer.Ordinal), names);
        Assert.Contains("usr/größe-文件", names);
        Assert.Contains("etc/.wh.old", names);
        Assert.Contains("usr/.wh..wh..opq", names);
        Assert.Contains("usr/" + new string('d', 90) + "/" + new string('f', 90), names);
        Assert.Equal(Everything().Count, names.Count);
    }

    [Fact]
    public async Task The_gzip_of_the_base_library_reads_what_is_written()
    {
        var (bytes, layer) = await WriteAsync(Everything(), new LayerOptions { Compression = LayerCompression.Gzip });
        var plain = new MemoryStream();
        using (var gzip = new GZipStream(new MemoryStream(bytes), CompressionMode.Decompress))
            gzip.CopyTo(plain);
        Assert.Equal(layer.DiffId, Digest.Of(plain.ToArray()));
    }

    [Fact]
    public async Task Files_that_did_not_change_give_the_same_frames_again()
    {
        var before = Enumerable.Range(0, 200).Select(i => File($"f{i:d4}", Content(60_000, i))).ToList();
        var after = before.Append(File("f0100-new", Content(60_000, 1000))).ToList();
        var frames = await FramesAsync(before);
        var changed = (await FramesAsync(after)).Except(frames).Count();
        Assert.InRange(frames.Count, 5, 40);
        Assert.InRange(changed, 1, 4);
    }

    [Fact]
    public async Task Noise_does_not_grow()
    {
        var noise = new byte[6_000_000];
        new Random(1).NextBytes(noise);
        foreach (var compression in (LayerCompression[])[LayerCompression.Zstd, LayerCompression.Gzip])
        {
            var (bytes, layer) = await WriteAsync([File("noise", noise)], new LayerOptions { Compression = compression });
            Assert.InRange(bytes.Length, 0, layer.UncompressedSize + layer.UncompressedSize / 1000);
        }
    }

    [Theory]
    [InlineData("/etc")]
    [InlineData("a//b")]
    [InlineData("a/../b")]
    [InlineData("./a")]
    [InlineData("a/")]
    [InlineData("a\0b")]
    [InlineData("")]
    [InlineData("a/.wh.b")]
    public async Task A_path_that_no_layer_may_hold_is_not_written(string path) =>
        Assert.Equal("InvalidLayerPath", (await Assert.ThrowsAsync<SealerException>(() => WriteAsync([File(path, "x")]))).Id);

    [Fact]
    public async Task A_path_given_twice_is_an_error() =>
        Assert.Equal("DuplicateLayerEntry", (await Assert.ThrowsAsync<SealerException>(() => WriteAsync([File("a", "x"), File("a", "y")]))).Id);

    [Fact]
    public async Task A_hard_link_to_nothing_is_an_error() =>
        Assert.Equal("InvalidHardLink", (await Assert.ThrowsAsync<SealerException>(() => WriteAsync([HardLink("a", "b")]))).Id);

    [Theory]
    [InlineData(999, "longer")]
    [InlineData(1001, "shorter")]
    [InlineData(5_000_000, "shorter")]
    public async Task A_file_that_is_not_as_long_as_it_was_is_named(long said, string how)
    {
        using var folder = new TemporaryFolder();
        var path = Write(folder["moving"], new byte[1000]);
        var entry = File("moving", new byte[1000]) with { Size = said };
        foreach (var bad in (LayerEntry[])[entry, entry with { LocalFile = path }])
        {
            var error = await Assert.ThrowsAsync<SealerException>(() => WriteAsync([bad]));
            Assert.Equal("LayerFileChanged", error.Id);
            Assert.Contains("moving", error.Message, StringComparison.Ordinal);
            Assert.Contains(how, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_file_that_is_missing_is_named()
    {
        var error = await Assert.ThrowsAsync<SealerException>(() => WriteAsync([File("gone", "x") with { LocalFile = "/nowhere/gone" }]));
        Assert.Equal("LayerFileUnreadable", error.Id);
        Assert.Contains("/nowhere/gone", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancelling_ends_the_writing()
    {
        using var stop = new CancellationTokenSource();
        var entries = Enumerable.Range(0, 50).Select(i => File($"f{i}", new byte[1_000_000]) with
        {
            Open = () =>
            {
                stop.Cancel();
                return new MemoryStream(new byte[1_000_000]);
            },
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => LayerWriter.WriteAsync(Stream.Null, entries, new LayerOptions(), null, stop.Token));
    }

    private static string Write(string path, byte[] content)
    {
        System.IO.File.WriteAllBytes(path, content);
        return path;
    }

    private static async Task<HashSet<Digest>> FramesAsync(List<LayerEntry> entries)
    {
        var (bytes, _) = await WriteAsync(entries);
        var (_, result) = await ReadAsync(bytes);
        var starts = result.Checkpoints.Select(c => (int)c.Packed).Append(bytes.Length).ToList();
        return starts.Zip(starts.Skip(1), (from, to) => Digest.Of(bytes.AsSpan(from, to - from))).ToHashSet();
    }
}
