using Sealer.Images;
using Sealer.Images.Layers;
using Sealer.Images.Storage;
using static Sealer.Tests.Images.Layers.LayerSamples;

namespace Sealer.Tests.Images.Layers;

public sealed class ImageMountsTests : IDisposable
{
    private static readonly Digest Image = Digest.Of("the image"u8);

    private readonly TemporaryFolder _folder = new();
    private readonly ImageStore _store;
    private readonly ImageMounts _mounts;

    public ImageMountsTests()
    {
        _store = ImageStore.Open(_folder["store"]);
        _mounts = new ImageMounts(_store);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task An_image_is_mounted_listed_and_dismounted()
    {
        var layers = await LayersAsync([Folder("etc"), File("etc/a", "a"), File("b", "b")], [Whiteout("b"), File("c", "c")]);
        Assert.Empty(_mounts.List());
        var mount = await MountAsync(layers, "m");

        Assert.Equal(["c", "etc", "etc/a"], FolderListing.Of(mount.Path).Select(e => e.Path));
        var listed = Assert.Single(new ImageMounts(ImageStore.Open(_folder["store"])).List());
        Assert.Equal((_folder["m"], "skyline:v3", Image, false, true), (listed.Path, listed.Image, listed.Digest, listed.IsOverlay, listed.IsReady));

        Assert.Equal(mount.Path, (await _mounts.DismountAsync(_folder["m"] + "/", CancellationToken.None)).Path);
        Assert.False(Directory.Exists(_folder["m"]));
        Assert.Empty(_mounts.List());
    }

    [Fact]
    public async Task A_folder_that_was_there_stays_and_is_empty_again()
    {
        Directory.CreateDirectory(_folder["m"]);
        await MountAsync(await LayersAsync([File("a/b", "b")]), "m");
        await _mounts.DismountAsync(_folder["m"], CancellationToken.None);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder["m"]));
    }

    [Fact]
    public async Task One_folder_holds_one_image_and_nothing_of_the_user()
    {
        var layers = await LayersAsync([File("a", "a")]);
        await MountAsync(layers, "m");
        Assert.Equal("FolderNotEmpty", await RefusedAsync(() => MountAsync(layers, "m")));
        System.IO.File.Delete(_folder["m/a"]);
        Assert.Equal("AlreadyMounted", await RefusedAsync(() => MountAsync(layers, "m")));
        Directory.CreateDirectory(_folder["mine"]);
        await System.IO.File.WriteAllTextAsync(_folder["mine/file"], "mine");
        Assert.Equal("FolderNotEmpty", await RefusedAsync(() => MountAsync(layers, "mine")));
        Assert.Equal("mine", await System.IO.File.ReadAllTextAsync(_folder["mine/file"]));
        Assert.Single(_mounts.List());
    }

    [Fact]
    public async Task What_is_not_mounted_is_not_dismounted()
    {
        Directory.CreateDirectory(_folder["mine"]);
        await System.IO.File.WriteAllTextAsync(_folder["mine/file"], "mine");
        Assert.Equal("NotMounted", await RefusedAsync(() => _mounts.DismountAsync(_folder["mine"], CancellationToken.None)));
        Assert.True(System.IO.File.Exists(_folder["mine/file"]));
    }

    [Fact]
    public async Task A_hostile_layer_leaves_no_folder_and_no_entry()
    {
        await using var blob = _store.CreateBlob();
        await blob.WriteAsync(new TarBytes().File("good").File("../bad").Ended());
        var (digest, size) = await blob.CommitAsync(null, CancellationToken.None);
        var layer = new Descriptor { MediaType = MediaType.OciLayer, Digest = digest, Size = size };
        Assert.Equal("UnsafeLayerPath", await RefusedAsync(() => MountAsync([layer], "m")));
        Assert.False(Directory.Exists(_folder["m"]));
        Assert.Empty(_mounts.List());
    }

    [Fact]
    public async Task A_mount_that_was_killed_is_listed_as_not_ready_and_dismounted()
    {
        await MountAsync(await LayersAsync([File("a", "a")]), "m");
        var list = _folder["store/mounts.json"];
        await System.IO.File.WriteAllTextAsync(list, (await System.IO.File.ReadAllTextAsync(list)).Replace("\"isReady\": true", "\"isReady\": false", StringComparison.Ordinal));
        Assert.False(Assert.Single(_mounts.List()).IsReady);
        await _mounts.DismountAsync(_folder["m"], CancellationToken.None);
        Assert.False(Directory.Exists(_folder["m"]));
    }

    [Fact]
    public async Task A_damaged_list_is_said_to_be()
    {
        await System.IO.File.WriteAllTextAsync(_folder["store/mounts.json"], "{");
        Assert.Equal("MountsCorrupt", Assert.Throws<SealerException>(() => _mounts.List()).Id);
    }

    [LinuxFact]
    public async Task Dismounting_follows_no_link_that_was_made_in_the_folder()
    {
        Directory.CreateDirectory(_folder["outside"]);
        await System.IO.File.WriteAllTextAsync(_folder["outside/file"], "mine");
        await MountAsync(await LayersAsync([SymbolicLink("link", _folder["outside"])]), "m");
        Directory.CreateSymbolicLink(_folder["m/another"], _folder["outside"]);
        await _mounts.DismountAsync(_folder["m"], CancellationToken.None);
        Assert.True(System.IO.File.Exists(_folder["outside/file"]));
    }

    [LinuxFact]
    public async Task A_mount_is_listed_where_the_links_on_its_way_lead_and_found_by_either_path()
    {
        Directory.CreateDirectory(_folder["real/sub"]);
        Directory.CreateSymbolicLink(_folder["second"], _folder["real"]);
        Directory.CreateSymbolicLink(_folder["link"], _folder["second/sub"]);
        var mount = await MountAsync(await LayersAsync([File("a", "a")]), "link/m");
        Assert.Equal(_folder["real/sub/m"], mount.Path);
        // Another link of that name later on does not lead a dismount elsewhere.
        Assert.Equal(mount.Path, (await _mounts.DismountAsync(_folder["second/sub/m"], CancellationToken.None)).Path);
        Assert.Empty(Directory.GetFileSystemEntries(_folder["real/sub"]));
    }

    [Fact]
    public async Task What_killed_mounts_left_in_the_store_is_removed_and_nothing_that_is_used()
    {
        var layers = await LayersAsync([File("a", "a")]);
        await MountAsync(layers, "m");
        var (used, unused) = (new string('a', 64), new string('b', 64));
        var list = _folder["store/mounts.json"];
        await System.IO.File.WriteAllTextAsync(
            list,
            (await System.IO.File.ReadAllTextAsync(list)).Replace("\"layers\": []", $"\"layers\": [\"sha256:{used}\"]", StringComparison.Ordinal));
        string Layer(string name) => _folder["store/mounts/layers/" + name];
        foreach (var name in (string[])[used, used + ".1f", unused, unused + ".2f"])
            Directory.CreateDirectory(Layer(name) + "/etc");
        Directory.CreateDirectory(_folder["store/mounts/changes-of-nobody"]);

        await _mounts.RemoveLeftoversAsync(CancellationToken.None);
        Assert.Equal([Layer(used)], Directory.GetDirectories(_folder["store/mounts/layers"]));
        Assert.Equal([_folder["store/mounts/layers"]], Directory.GetDirectories(_folder["store/mounts"]));

        // A mount that is being made, or was killed, still has its half layers, until it is dismounted.
        await System.IO.File.WriteAllTextAsync(
            list, (await System.IO.File.ReadAllTextAsync(list)).Replace("\"isReady\": true", "\"isReady\": false", StringComparison.Ordinal));
        Directory.CreateDirectory(Layer(used + ".3f"));
        await _mounts.RemoveLeftoversAsync(CancellationToken.None);
        Assert.True(Directory.Exists(Layer(used + ".3f")));
        await _mounts.DismountAsync(_folder["m"], CancellationToken.None);
        Assert.Empty(Directory.GetDirectories(_folder["store/mounts/layers"]));
    }

    private Task<ImageMount> MountAsync(IReadOnlyList<Descriptor> layers, string folder) =>
        _mounts.MountAsync("skyline:v3", Image, layers, _folder[folder], new MountOptions { Overlay = false }, null, CancellationToken.None);

    private async Task<List<Descriptor>> LayersAsync(params IEnumerable<LayerEntry>[] layers)
    {
        var written = new List<Descriptor>();
        foreach (var layer in layers)
            written.Add((await LayerWriter.WriteAsync(_store, layer, new LayerOptions(), null, CancellationToken.None)).Descriptor);
        return written;
    }

    private static async Task<string> RefusedAsync(Func<Task> action) => (await Assert.ThrowsAsync<SealerException>(action)).Id;
}
