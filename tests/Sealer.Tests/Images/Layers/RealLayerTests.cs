using System.Runtime.Versioning;
using Sealer.Images;
using Sealer.Images.Layers;
using Sealer.Images.Storage;
using Sealer.Tests.Peers;
using static Sealer.Tests.Images.Layers.LayerSamples;

namespace Sealer.Tests.Images.Layers;

/// <summary>Our layers in the hands of others, theirs in ours, and what only root on Linux can do.</summary>
[Trait("Tier", "parts")]
[UnsupportedOSPlatform("windows")]
public sealed class RealLayerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ImageStore _store;

    public RealLayerTests() => _store = ImageStore.Open(_folder["store"]);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(LayerCompression.None, "--no-auto-compress")]
    [InlineData(LayerCompression.Gzip, "--gzip")]
    [InlineData(LayerCompression.Zstd, "--zstd")]
    public async Task GNU_tar_and_the_packers_read_our_layers(LayerCompression compression, string option)
    {
        var (bytes, layer) = await WriteAsync(
            Everything().Where(e => e.Kind is not (LayerEntryKind.Whiteout or LayerEntryKind.OpaqueFolder)),
            new LayerOptions { Compression = compression });
        await System.IO.File.WriteAllBytesAsync(_folder["layer"], bytes);
        if (compression == LayerCompression.Gzip)
        {
            System.IO.File.Copy(_folder["layer"], _folder["layer.gz"]);
            await Peer.RunAsync("gzip", "-t", _folder["layer.gz"]);
        }

        if (compression == LayerCompression.Zstd)
            await Peer.RunAsync("zstd", "-q", "-t", _folder["layer"]);
        Directory.CreateDirectory(_folder["out"]);
        await Peer.RunAsync("tar", option, "--xattrs", "--no-same-owner", "-xf", _folder["layer"], "-C", _folder["out"]);

        foreach (var file in layer.Files)
            Assert.Equal(file.Digest, Digest.Of(await System.IO.File.ReadAllBytesAsync(_folder["out/" + file.Path])));
        Assert.Equal((UnixFileMode)0b110_100_000, System.IO.File.GetUnixFileMode(_folder["out/etc/hosts"]));
        Assert.Equal("../../outside/" + new string('l', 120), new FileInfo(_folder["out/etc/link"]).LinkTarget);
        Assert.Equal(
            DateTimeOffset.FromUnixTimeSeconds(1_700_000_000).UtcDateTime,
            System.IO.File.GetLastWriteTimeUtc(_folder["out/usr/large"]));
    }

    [Theory]
    [InlineData("--format=gnu")]
    [InlineData("--format=pax")]
    [InlineData("--format=ustar")]
    [InlineData("--format=v7")]
    public async Task We_read_every_form_that_GNU_tar_writes(string format)
    {
        var name = format is "--format=gnu" or "--format=pax" ? "d/" + string.Join('/', Enumerable.Repeat("größe-folder", 12)) : "d/short";
        Directory.CreateDirectory(_folder["in/" + name]);
        await System.IO.File.WriteAllBytesAsync(_folder["in/" + name + "/file"], Content(300_000, 1));
        System.IO.File.CreateSymbolicLink(_folder["in/" + name + "/link"], "../target");
        await Peer.RunAsync("ln", _folder["in/" + name + "/file"], _folder["in/" + name + "/hard"]);
        await Peer.RunAsync("tar", format, "-C", _folder["in"], "-czf", _folder["layer"], ".");

        var (entries, result) = await ReadAsync(await System.IO.File.ReadAllBytesAsync(_folder["layer"]));
        Assert.Equal(LayerCompression.Gzip, result.Compression);
        Assert.Contains(entries, e => e.Entry is { Path: "", Kind: LayerEntryKind.Folder });
        Assert.Equal("../target", Assert.Single(entries, e => e.Entry.Path == name + "/link").Entry.LinkTarget);
        Assert.Single(entries, e => e.Entry.Kind == LayerEntryKind.HardLink);
        Assert.Equal(Content(300_000, 1), Assert.Single(entries, e => e.Entry.Kind == LayerEntryKind.File).Content);
    }

    [Theory]
    [InlineData("gzip", LayerCompression.Gzip)]
    [InlineData("zstd", LayerCompression.Zstd)]
    [InlineData("zstd:chunked", LayerCompression.Zstd)]
    public async Task We_read_the_layers_of_buildah_and_the_diff_ids_agree(string format, LayerCompression compression)
    {
        await BuildContextAsync();
        var storage = new[] { "--root", _folder["s"], "--runroot", _folder["r"], "--storage-driver", "vfs" };
        await Peer.RunAsync("buildah", [.. storage, "build", "--isolation", "chroot", "-q", "-t", "t", _folder["context"]]);
        await Peer.RunAsync("buildah", [.. storage, "push", "-q", "--compression-format", format, "t", "oci:" + _folder["oci"]]);
        var image = new BuiltImage(_folder["oci"]);

        Assert.NotEmpty(image.Manifest.Layers);
        foreach (var (layer, diffId) in image.Manifest.Layers.Zip(image.Config.Rootfs.DiffIds))
        {
            var options = new LayerReadOptions { MediaType = layer.MediaType, Digest = layer.Digest, DiffId = diffId };
            var (entries, result) = await ReadAsync(await System.IO.File.ReadAllBytesAsync(_folder["oci/blobs/sha256/" + layer.Digest.Hex]), options);
            Assert.Equal(compression, result.Compression);
            Assert.NotEmpty(entries);
        }
    }

    [Theory]
    [InlineData(LayerCompression.None)]
    [InlineData(LayerCompression.Gzip)]
    [InlineData(LayerCompression.Zstd)]
    public async Task Buildah_mounts_an_image_of_our_layers(LayerCompression compression)
    {
        var options = new LayerOptions { Compression = compression };
        var lower = await LayerWriter.WriteAsync(_store, Everything(), options, null, CancellationToken.None);
        var upper = await LayerWriter.WriteAsync(_store, [Folder("etc"), Whiteout("etc/empty"), File("etc/hosts", "new")], options, null, CancellationToken.None);
        var config = await _store.AddAsync(
            MediaType.OciConfig,
            OciJson.Write(new ImageConfig { Architecture = "amd64", Os = "linux", Rootfs = new ImageRootfs { DiffIds = [lower.DiffId, upper.DiffId] } }),
            CancellationToken.None);
        var manifest = new ImageManifest { MediaType = MediaType.OciManifest, Config = config, Layers = [lower.Descriptor, upper.Descriptor] };
        var descriptor = await _store.AddAsync(MediaType.OciManifest, OciJson.Write(manifest), CancellationToken.None);
        await _store.TagAsync(ImageReference.Parse("localhost/ours:v1"), descriptor, CancellationToken.None);

        var storage = new[] { "--root", _folder["s"], "--runroot", _folder["r"], "--storage-driver", "vfs" };
        await Peer.RunAsync(
            "skopeo",
            "copy", "-q", "--insecure-policy", "oci:" + _folder["store"] + ":localhost/ours:v1", $"containers-storage:[vfs@{_folder["s"]}+{_folder["r"]}]localhost/ours:v1");
        var container = (await Peer.RunAsync("buildah", [.. storage, "from", "-q", "localhost/ours:v1"])).Trim();
        var mounted = (await Peer.RunAsync("buildah", [.. storage, "mount", container])).Trim();
        try
        {
            Assert.Equal("new", await System.IO.File.ReadAllTextAsync(mounted + "/etc/hosts"));
            Assert.False(System.IO.File.Exists(mounted + "/etc/empty"));
            foreach (var file in lower.Files.Where(f => f.Path.StartsWith("usr/", StringComparison.Ordinal)))
                Assert.Equal(file.Digest, Digest.Of(await System.IO.File.ReadAllBytesAsync(mounted + "/" + file.Path)));
        }
        finally
        {
            await Peer.RunAsync("buildah", [.. storage, "umount", container]);
        }
    }

    [Fact]
    public async Task As_root_what_somebody_mounted_below_a_mount_keeps_its_files_when_the_path_goes_through_a_link()
    {
        Directory.CreateDirectory(_folder["real"]);
        Directory.CreateSymbolicLink(_folder["link"], _folder["real"]);
        var mounts = new ImageMounts(_store);
        var mount = await MountAsync(mounts, await LayersAsync([Folder("inner")]), "link/m", overlay: false);
        Directory.CreateDirectory(_folder["mine"]);
        await System.IO.File.WriteAllTextAsync(_folder["mine/file"], "mine");
        await Peer.RunAsync("mount", "--bind", _folder["mine"], mount.Path + "/inner");
        try
        {
            Assert.Equal("MountBusy", (await Assert.ThrowsAsync<SealerException>(() => mounts.DismountAsync(_folder["link/m"], CancellationToken.None))).Id);
            // Nor does the removal itself go into it, though it is of the same device.
            Assert.Throws<IOException>(() => FolderRemoval.Delete(mount.Path));
            Assert.Equal("mine", await System.IO.File.ReadAllTextAsync(_folder["mine/file"]));
        }
        finally
        {
            await Peer.RunAsync("umount", mount.Path + "/inner");
        }
    }

    [Fact]
    public async Task As_root_a_file_of_a_user_that_cannot_be_is_refused_by_name()
    {
        var layers = await LayersAsync([File("etc/odd", "x") with { Uid = 1L << 40 }]);
        var error = await Assert.ThrowsAsync<SealerException>(() => LayerExtractor.ExtractAsync(
            _store, layers, _folder["odd"], new ExtractOptions { Owners = true }, null, CancellationToken.None));
        Assert.Equal("InvalidLayer", error.Id);
        Assert.Contains("'etc/odd'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task As_root_an_overlay_shows_what_extracting_together_shows()
    {
        var layers = await LayersAsync(
            [
                Folder("etc"), File("etc/a", "a1"), File("etc/b", "b1"), Folder("gone"), File("gone/x", "x"),
                Folder("opaque"), File("opaque/old", "o"), Folder("again"), File("again/old", "o"), File("again2", "file"),
            ],
            [
                Folder("etc"), File("etc/a", "a2"), Whiteout("etc/b"), Whiteout("gone"), OpaqueFolder("opaque"), Folder("opaque"),
                File("opaque/new", "n"), Whiteout("again"), Folder("again"), File("again/new", "n"), Whiteout("again2"), File("again2/f", "f"),
            ]);
        var mounts = new ImageMounts(_store);
        var extracted = await MountAsync(mounts, layers, "extracted", overlay: false);
        var overlay = await MountAsync(mounts, layers, "overlay", overlay: true);
        var second = await MountAsync(mounts, layers, "second", overlay: true);
        try
        {
            Assert.True(overlay.IsOverlay);
            var expected = FolderListing.Of(extracted.Path).ToList();
            Assert.Equal(["again", "again/new", "again2", "again2/f", "etc", "etc/a", "opaque", "opaque/new"], expected.Select(e => e.Path));
            Assert.Equal(expected, FolderListing.Of(overlay.Path));
            Assert.Equal("a2", await System.IO.File.ReadAllTextAsync(overlay.Path + "/etc/a"));
            await System.IO.File.WriteAllTextAsync(overlay.Path + "/etc/a", "changed");
            Assert.Equal("a2", await System.IO.File.ReadAllTextAsync(second.Path + "/etc/a"));
            using (System.IO.File.OpenRead(overlay.Path + "/etc/a"))
                Assert.Equal("MountBusy", (await Assert.ThrowsAsync<SealerException>(() => mounts.DismountAsync(overlay.Path, CancellationToken.None))).Id);
        }
        finally
        {
            foreach (var mount in mounts.List())
                await mounts.DismountAsync(mount.Path, CancellationToken.None);
        }

        Assert.False(Directory.Exists(overlay.Path));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder["store/mounts/layers"]));
    }

    [Fact]
    public async Task What_the_user_mounted_in_the_folder_is_not_removed()
    {
        var mounts = new ImageMounts(_store);
        var mount = await MountAsync(mounts, await LayersAsync([Folder("inner")]), "m", overlay: false);
        Directory.CreateDirectory(_folder["mine"]);
        await System.IO.File.WriteAllTextAsync(_folder["mine/file"], "mine");
        await Peer.RunAsync("mount", "--bind", _folder["mine"], mount.Path + "/inner");
        try
        {
            Assert.Equal("MountBusy", (await Assert.ThrowsAsync<SealerException>(() => mounts.DismountAsync(mount.Path, CancellationToken.None))).Id);
        }
        finally
        {
            await Peer.RunAsync("umount", mount.Path + "/inner");
        }

        Assert.Equal("mine", await System.IO.File.ReadAllTextAsync(_folder["mine/file"]));
        await mounts.DismountAsync(mount.Path, CancellationToken.None);
    }

    [Fact]
    public async Task As_root_devices_and_owners_come_back_where_they_are_asked_for()
    {
        var entries = new[]
        {
            new LayerEntry { Path = "null", Kind = LayerEntryKind.CharacterDevice, DeviceMajor = 1, DeviceMinor = 3, Mode = 0b110_110_110 },
            new LayerEntry { Path = "disk", Kind = LayerEntryKind.BlockDevice, DeviceMajor = 259, DeviceMinor = 70_000 },
            new LayerEntry { Path = "pipe", Kind = LayerEntryKind.Fifo },
            File("owned", "x") with { Uid = 1234, Gid = 70_000 },
        };
        var options = new ExtractOptions { Devices = true, Owners = true };
        await LayerExtractor.ExtractAsync(_store, await LayersAsync(entries), _folder["out"], options, null, CancellationToken.None);
        Assert.Equal("character special file 1 3 666", await StatAsync("null"));
        Assert.Equal("block special file 259 70000 644", await StatAsync("disk"));
        Assert.StartsWith("fifo", await StatAsync("pipe"), StringComparison.Ordinal);
        Assert.Equal("1234:70000", (await Peer.RunAsync("stat", "-c", "%u:%g", _folder["out/owned"])).Trim());
    }

    private async Task<string> StatAsync(string name) =>
        (await Peer.RunAsync("stat", "-c", "%F %Hr %Lr %a", _folder["out/" + name])).Trim();

    private async Task BuildContextAsync()
    {
        Directory.CreateDirectory(_folder["context/files"]);
        for (var i = 0; i < 20; i++)
            await System.IO.File.WriteAllBytesAsync(_folder[$"context/files/f{i}"], Content(100_000 + 7000 * i, i));
        System.IO.File.CreateSymbolicLink(_folder["context/files/link"], "/etc/anywhere");
        await System.IO.File.WriteAllTextAsync(_folder["context/Containerfile"], "FROM scratch\nCOPY files /files\n");
    }

    private Task<ImageMount> MountAsync(ImageMounts mounts, IReadOnlyList<Descriptor> layers, string folder, bool overlay) =>
        mounts.MountAsync("t", Digest.Of("t"u8), layers, _folder[folder], new MountOptions { Overlay = overlay }, null, CancellationToken.None);

    private async Task<List<Descriptor>> LayersAsync(params IEnumerable<LayerEntry>[] layers)
    {
        var written = new List<Descriptor>();
        foreach (var layer in layers)
            written.Add((await LayerWriter.WriteAsync(_store, layer, new LayerOptions(), null, CancellationToken.None)).Descriptor);
        return written;
    }
}
