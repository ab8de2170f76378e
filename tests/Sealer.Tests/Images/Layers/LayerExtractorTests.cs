using System.Runtime.Versioning;
using Sealer.Images;
using Sealer.Images.Layers;
using Sealer.Images.Storage;
using static Sealer.Tests.Images.Layers.LayerSamples;

namespace Sealer.Tests.Images.Layers;

/// <summary>What comes out of a layer, and what never does.</summary>
public sealed class LayerExtractorTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [LinuxFact]
    [UnsupportedOSPlatform("windows")]
    public async Task Files_links_modes_and_times_come_back_as_they_were()
    {
        var (layer, _) = await WriteAsync(
        [
            Folder("d") with { Mode = 0b101_000_000, Modified = DateTimeOffset.FromUnixTimeSeconds(1_500_000_000) },
            File("d/f", "content") with { Mode = 0b100_100_000 },
            SymbolicLink("d/l", "../../anywhere") with { Modified = DateTimeOffset.FromUnixTimeSeconds(1_600_000_000) },
            HardLink("d/h", "d/f"),
            File("implied/folder/f", "x"),
        ]);
        var report = await ExtractAsync(layer);

        Assert.Equal("content", System.IO.File.ReadAllText(_folder["out/d/f"]));
        Assert.Equal((UnixFileMode)0b100_100_000, System.IO.File.GetUnixFileMode(_folder["out/d/f"]));
        Assert.Equal(1_700_000_000, new DateTimeOffset(System.IO.File.GetLastWriteTimeUtc(_folder["out/d/f"])).ToUnixTimeSeconds());
        Assert.Equal((UnixFileMode)0b101_000_000, System.IO.File.GetUnixFileMode(_folder["out/d"]));
        Assert.Equal(1_500_000_000, new DateTimeOffset(Directory.GetLastWriteTimeUtc(_folder["out/d"])).ToUnixTimeSeconds());
        Assert.Equal("../../anywhere", new FileInfo(_folder["out/d/l"]).LinkTarget);
        Assert.Equal(1_600_000_000, new DateTimeOffset(new FileInfo(_folder["out/d/l"]).LastWriteTimeUtc).ToUnixTimeSeconds());
        Assert.Equal((UnixFileMode)0b111_101_101, System.IO.File.GetUnixFileMode(_folder["out/implied"]));
        System.IO.File.SetUnixFileMode(_folder["out/d/f"], (UnixFileMode)0b110_000_000);
        System.IO.File.AppendAllText(_folder["out/d/h"], "+");
        Assert.Equal("content+", System.IO.File.ReadAllText(_folder["out/d/f"]));
        Assert.Equal(3, report.Files);
        FolderRemoval.Delete(_folder["out"]);
    }

    [Fact]
    public async Task An_absolute_path_begins_at_the_folder()
    {
        await ExtractAsync(new TarBytes().File("/tmp/sealer-absolute", "x").File("//server/share", "y").Ended());
        Assert.Equal(["server", "server/share", "tmp", "tmp/sealer-absolute"], Extracted());
        Assert.False(System.IO.File.Exists("/tmp/sealer-absolute"));
    }

    [Theory]
    [InlineData("../out-of-it")]
    [InlineData("a/../../out-of-it")]
    public async Task A_path_that_leads_out_is_refused(string path) =>
        await RefusedAsync("UnsafeLayerPath", new TarBytes().File("before").File(path, "x").Ended());

    [LinuxTheory]
    [InlineData("outside")]
    [InlineData("/")]
    [InlineData("..")]
    [InlineData(".")]
    public async Task A_file_through_a_symbolic_link_is_refused(string target)
    {
        Directory.CreateDirectory(_folder["outside"]);
        var to = target == "outside" ? _folder["outside"] : target;
        await RefusedAsync("UnsafeLayerPath", new TarBytes().SymbolicLink("a", to).File("a/evil", "x").Ended());
        await RefusedAsync("UnsafeLayerPath", new TarBytes().SymbolicLink("a", to).File("a/b/c/evil", "x").Ended());
        await RefusedAsync("UnsafeLayerPath", new TarBytes().SymbolicLink("a", to).Folder("a/evil").Ended());
        await RefusedAsync("UnsafeLayerPath", new TarBytes().SymbolicLink("a", to).SymbolicLink("a/evil", "x").Ended());
        await RefusedAsync("UnsafeLayerPath", new TarBytes().SymbolicLink("a", to).File("f").HardLink("a/evil", "f").Ended());
        await RefusedAsync("UnsafeLayerPath", new TarBytes().Folder("d").SymbolicLink("d/a", to).File("d/a/evil").Ended());
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder["outside"]));
    }

    [LinuxFact]
    public async Task A_symbolic_link_is_replaced_and_not_written_through()
    {
        var secret = _folder["secret"];
        await System.IO.File.WriteAllTextAsync(secret, "untouched");
        await ExtractAsync(new TarBytes().SymbolicLink("a", secret).File("a", "new").Ended());
        Assert.Equal("untouched", await System.IO.File.ReadAllTextAsync(secret));
        Assert.Null(new FileInfo(_folder["out/a"]).LinkTarget);
        Assert.Equal("new", await System.IO.File.ReadAllTextAsync(_folder["out/a"]));
    }

    [LinuxFact]
    public async Task A_symbolic_link_that_becomes_a_folder_is_a_folder_then()
    {
        Directory.CreateDirectory(_folder["outside"]);
        await ExtractAsync(new TarBytes().SymbolicLink("a", _folder["outside"]).Folder("a").File("a/f", "x").Ended());
        Assert.Equal(["a", "a/f"], Extracted());
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder["outside"]));
    }

    [LinuxFact]
    public async Task An_upper_layer_puts_a_folder_where_a_lower_one_had_a_link()
    {
        Directory.CreateDirectory(_folder["outside"]);
        await ExtractAsync(
            new TarBytes().SymbolicLink("a", _folder["outside"]).Ended(),
            new TarBytes().File("a/f", "x").Ended());
        Assert.Equal(["a", "a/f"], Extracted());
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder["outside"]));
    }

    [LinuxFact]
    public async Task A_whiteout_removes_a_link_and_not_what_it_points_at()
    {
        Directory.CreateDirectory(_folder["outside"]);
        await System.IO.File.WriteAllTextAsync(_folder["outside/f"], "untouched");
        await ExtractAsync(
            new TarBytes().SymbolicLink("a", _folder["outside"]).SymbolicLink("b", _folder["outside"]).Ended(),
            new TarBytes().File(".wh.a").File("b/.wh.f").File("b/.wh..wh..opq").Ended());
        Assert.Equal(["b"], Extracted());
        Assert.Equal("untouched", await System.IO.File.ReadAllTextAsync(_folder["outside/f"]));
    }

    [LinuxTheory]
    [InlineData("../secret")]
    [InlineData("/etc/passwd")]
    [InlineData("link")]
    [InlineData("link/secret")]
    [InlineData("folder")]
    [InlineData("missing")]
    [InlineData("evil")]
    public async Task A_hard_link_to_anything_but_a_file_of_the_image_is_refused(string target)
    {
        Directory.CreateDirectory(_folder["outside"]);
        await System.IO.File.WriteAllTextAsync(_folder["outside/secret"], "s");
        await RefusedAsync(
            "UnsafeLayerPath",
            new TarBytes().Folder("folder").SymbolicLink("link", _folder["outside"]).HardLink("evil", target).File("evil", "x").Ended());
    }

    [LinuxTheory]
    [InlineData('3')]
    [InlineData('4')]
    [InlineData('6')]
    public async Task Devices_and_pipes_are_refused(char type) =>
        await RefusedAsync("DeviceRefused", new TarBytes().Entry(type, "device").Ended());

    [LinuxFact]
    [UnsupportedOSPlatform("windows")]
    public async Task Setuid_and_setgid_are_taken_away_unless_asked_for()
    {
        var tar = new TarBytes().Entry('0', "su", mode: 0b110_111_101_101).Entry('5', "d/", mode: 0b010_111_101_101).Ended();
        await ExtractAsync(tar);
        Assert.Equal((UnixFileMode)0b111_101_101, System.IO.File.GetUnixFileMode(_folder["out/su"]));
        Assert.Equal((UnixFileMode)0b111_101_101, System.IO.File.GetUnixFileMode(_folder["out/d"]));
        Directory.Delete(_folder["out"], recursive: true);
        await ExtractAsync(new ExtractOptions { SetId = true }, tar);
        Assert.Equal((UnixFileMode)0b110_111_101_101, System.IO.File.GetUnixFileMode(_folder["out/su"]));
    }

    [Theory]
    [InlineData("C:\\evil")]
    [InlineData("C:evil")]
    [InlineData("C:")]
    [InlineData("file:stream")]
    [InlineData("\\\\server\\share\\evil")]
    [InlineData("..\\evil")]
    [InlineData("a\\b")]
    [InlineData("trailing.")]
    [InlineData("trailing ")]
    [InlineData("folder./file")]
    [InlineData("...")]
    [InlineData("NUL")]
    [InlineData("con")]
    [InlineData("COM1.txt")]
    [InlineData("aux .h")]
    [InlineData("lpt¹")]
    [InlineData("CONIN$")]
    [InlineData("what?")]
    [InlineData("tab\tname")]
    public async Task Names_that_mean_something_else_on_Windows_are_refused_there(string name)
    {
        var tar = new TarBytes().File(name, "x").Ended();
        await RefusedAsync("UnsafeLayerPath", new ExtractOptions { Names = TargetNames.Windows }, tar);
        await RefusedAsync("UnsafeLayerPath", new ExtractOptions { Names = TargetNames.Windows }, new TarBytes().Folder(name).Ended());
        if (OperatingSystem.IsLinux())
            await ExtractAsync(tar);
    }

    [Theory]
    [InlineData("console")]
    [InlineData("COM10")]
    [InlineData("a.b.c")]
    [InlineData(".hidden")]
    [InlineData("größe")]
    public async Task Ordinary_names_are_fine_on_Windows(string name) =>
        await ExtractAsync(new ExtractOptions { Names = TargetNames.Windows }, new TarBytes().Pax('x', ("path", name)).File("x").Ended());

    [Fact]
    public async Task Names_that_are_one_without_case_are_refused_where_case_means_nothing()
    {
        foreach (var names in (TargetNames[])[TargetNames.Windows, TargetNames.MacOS])
        {
            var options = new ExtractOptions { Names = names };
            await RefusedAsync("LayerNameCollision", options, new TarBytes().File("Readme").File("README", "x").Ended());
            await RefusedAsync("LayerNameCollision", options, new TarBytes().Folder("D").File("d/x").Ended());
            await RefusedAsync("LayerNameCollision", options, new TarBytes().SymbolicLink("A", "/").File("a/x").Ended());
            await RefusedAsync("LayerNameCollision", options, new TarBytes().File("Ä").File("ä").Ended());
        }

        if (OperatingSystem.IsLinux())
            await ExtractAsync(new TarBytes().File("Readme").File("README", "x").Ended());
    }

    [Fact]
    public async Task Names_that_are_one_in_another_normal_form_are_refused_where_forms_mean_nothing()
    {
        // The globalization-invariant mode that tests run in does not normalise; a system that does is stood in for.
        var names = new TargetNames(windows: false, n => n.Replace("e\u0301", "\u00e9", StringComparison.Ordinal));
        await RefusedAsync(
            "LayerNameCollision",
            new ExtractOptions { Names = names },
            new TarBytes().File("caf\u00e9", "1").File("cafe\u0301", "2").Ended());
    }

    [Fact]
    public async Task What_the_file_system_itself_takes_for_one_is_refused()
    {
        // A file that appears although nothing of the image made it: what a folding file system would show.
        var tar = new TarBytes().File("a", "1").File("b", "2").Ended();
        var names = new TargetNames(windows: false, n =>
        {
            if (n == "b")
                System.IO.File.WriteAllText(_folder["out/b"], "there already");
            return n;
        });
        await RefusedAsync("LayerNameCollision", new ExtractOptions { Names = names }, tar);
    }

    [LinuxFact]
    public async Task A_folder_that_somebody_replaces_by_a_link_is_noticed()
    {
        Directory.CreateDirectory(_folder["outside"]);
        var names = new TargetNames(windows: false, n =>
        {
            if (n == "evil")
            {
                Directory.Delete(_folder["out/d"], recursive: true);
                Directory.CreateSymbolicLink(_folder["out/d"], _folder["outside"]);
            }

            return n;
        });
        // The second file makes the check due again: the first proved another folder.
        var tar = new TarBytes().File("d/f", "x").File("e/f", "x").File("d/evil/f", "x").Ended();
        await RefusedAsync("UnsafeLayerPath", new ExtractOptions { Names = names }, tar);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder["outside"]));
    }

    [Fact]
    public async Task Of_two_entries_of_one_path_the_last_counts()
    {
        await ExtractAsync(new TarBytes().File("a", "first").File("a", "last").Folder("b").File("b", "file").Ended());
        Assert.Equal("last", await System.IO.File.ReadAllTextAsync(_folder["out/a"]));
        Assert.Equal("file", await System.IO.File.ReadAllTextAsync(_folder["out/b"]));
    }

    [Fact]
    public async Task A_file_in_the_place_of_a_folder_of_its_own_layer_is_refused() =>
        await RefusedAsync("UnsafeLayerPath", new TarBytes().File("a/b", "x").File("a", "y").Ended());

    [Fact]
    public async Task Whiteouts_and_opaque_folders_remove_what_the_layers_below_made()
    {
        await ExtractAsync(
            new TarBytes().File("a/old", "1").File("a/both", "1").File("b/old", "1").File("c/deep/old", "1").File("f", "1").Ended(),
            new TarBytes()
                .File("a/new", "2").File("a/both", "2").File("a/.wh..wh..opq")
                .File(".wh.b").File("b/new", "2")
                .File("c/.wh.deep").File(".wh.f").File(".wh.missing").File("f", "2").File(".wh.f")
                .Ended());
        Assert.Equal(["a", "a/both", "a/new", "b", "b/new", "c", "f"], Extracted());
        Assert.Equal("2", await System.IO.File.ReadAllTextAsync(_folder["out/f"]));
    }

    [Fact]
    public async Task A_folder_that_is_not_empty_is_not_touched()
    {
        Directory.CreateDirectory(_folder["out"]);
        await System.IO.File.WriteAllTextAsync(_folder["out/mine"], "mine");
        var error = await Assert.ThrowsAsync<SealerException>(() => ExtractAsync(new TarBytes().File("a").Ended()));
        Assert.Equal("FolderNotEmpty", error.Id);
        Assert.Equal(["mine"], Extracted());
    }

    [Fact]
    public async Task A_layer_with_another_digest_leaves_nothing()
    {
        var tar = new TarBytes().File("a").Ended();
        var source = new MemorySource();
        var layer = source.Add(tar) with { Digest = Digest.Of("other"u8) };
        source.Content[layer.Digest] = tar;
        var error = await Assert.ThrowsAsync<SealerException>(
            () => LayerExtractor.ExtractAsync(source, [layer], _folder["out"], new ExtractOptions(), null, CancellationToken.None));
        Assert.Equal("DigestMismatch", error.Id);
        Assert.False(Directory.Exists(_folder["out"]));
    }

    [Fact]
    public async Task Every_sample_comes_out_whole()
    {
        var (layer, built) = await WriteAsync(Everything());
        await ExtractAsync(layer);
        foreach (var file in built.Files)
            Assert.Equal(file.Digest, Digest.Of(await System.IO.File.ReadAllBytesAsync(_folder["out/" + file.Path])));
    }

    [LinuxFact]
    [UnsupportedOSPlatform("windows")]
    public async Task Further_layers_go_over_what_a_program_has_changed_and_through_no_link_of_it()
    {
        var store = ImageStore.Open(_folder["store"]);
        var first = await LayerWriter.WriteAsync(store, [Folder("d"), File("d/f", "old"), File("gone", "x"), File("stays", "x")], new LayerOptions(), null, default);
        await LayerExtractor.ExtractAsync(store, [first.Descriptor], _folder["out"], new ExtractOptions(), null, default);

        // What a program may leave: other folders, closed ones too, and links in their place, out of the image at that.
        Directory.CreateDirectory(_folder["outside"]);
        System.IO.File.WriteAllText(_folder["outside/f"], "theirs");
        Directory.CreateDirectory(_folder["out/new"]);
        System.IO.File.WriteAllText(_folder["out/new/made"], "made");
        System.IO.File.SetUnixFileMode(_folder["out/new"], (UnixFileMode)0b111_000_000);
        Directory.Delete(_folder["out/d"], recursive: true);
        System.IO.File.CreateSymbolicLink(_folder["out/d"], _folder["outside"]);
        System.IO.File.CreateSymbolicLink(_folder["out/l"], _folder["outside/f"]);

        var second = await LayerWriter.WriteAsync(
            store, [File("d/f", "new"), Whiteout("gone"), File("l", "a file"), Folder("new"), File("new/second", "2")], new LayerOptions(), null, default);
        await LayerExtractor.ContinueAsync(store, [second.Descriptor], _folder["out"], new ExtractOptions(), default);

        Assert.Equal(["d", "d/f", "l", "new", "new/made", "new/second", "stays"], Extracted());
        Assert.Equal("new", System.IO.File.ReadAllText(_folder["out/d/f"]));
        Assert.Equal("theirs", System.IO.File.ReadAllText(_folder["outside/f"]));
        Assert.Null(new FileInfo(_folder["out/l"]).LinkTarget);
        Assert.Equal((UnixFileMode)0b111_101_101, System.IO.File.GetUnixFileMode(_folder["out/new"]));
    }

    private IEnumerable<string> Extracted() => FolderListing.Of(_folder["out"]).Select(e => e.Path);

    private async Task RefusedAsync(string id, params byte[][] layers) => await RefusedAsync(id, new ExtractOptions(), layers);

    private async Task RefusedAsync(string id, ExtractOptions options, params byte[][] layers)
    {
        var error = await Assert.ThrowsAsync<SealerException>(() => ExtractAsync(options, layers));
        Assert.Equal(id, error.Id);
        Assert.False(Directory.Exists(_folder["out"]));
        Assert.DoesNotContain('\t', error.Message);
    }

    private Task<ExtractReport> ExtractAsync(params byte[][] layers) => ExtractAsync(new ExtractOptions(), layers);

    private async Task<ExtractReport> ExtractAsync(ExtractOptions options, params byte[][] layers)
    {
        var source = new MemorySource();
        var descriptors = layers.Select(source.Add).ToList();
        return await LayerExtractor.ExtractAsync(source, descriptors, _folder["out"], options, null, CancellationToken.None);
    }

    private sealed class MemorySource : IImageSource
    {
        public Dictionary<Digest, byte[]> Content { get; } = [];

        public Descriptor Add(byte[] layer)
        {
            var zstd = layer.AsSpan().StartsWith((ReadOnlySpan<byte>)[0x28, 0xB5, 0x2F, 0xFD]);
            var descriptor = Descriptor.Of(zstd ? MediaType.OciLayerZstd : MediaType.OciLayer, layer);
            Content[descriptor.Digest] = layer;
            return descriptor;
        }

        public Task<Descriptor?> ResolveAsync(ImageReference reference, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<Stream> OpenAsync(Descriptor descriptor, long offset, CancellationToken cancellationToken) =>
            Task.FromResult<Stream>(new MemoryStream(Content[descriptor.Digest]));
    }
}
