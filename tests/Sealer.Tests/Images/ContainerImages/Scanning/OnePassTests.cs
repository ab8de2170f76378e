using System.IO.Compression;
using Sealer.Images;
using Sealer.Images.Building;
using Sealer.Images.ContainerImages;
using Sealer.Images.ContainerImages.RegistryFolder;
using Sealer.Images.ContainerImages.Scanning;
using Sealer.Images.Layers;

namespace Sealer.Tests.Images.ContainerImages.Scanning;

/// <summary>
/// A parent image may be one gzip stream of gigabytes (buildah's and sealer's are): a file of it costs all that lies before it.
/// Counted in bytes that came out of the layer.
/// </summary>
public sealed class OnePassTests : IDisposable
{
    private const int Many = 40;
    private readonly RegistryFolderFixture _fixture = new();
    private readonly TemporaryFolder _temp = new();

    public void Dispose()
    {
        _fixture.Dispose();
        _temp.Dispose();
    }

    [LinuxFact]
    public async Task A_scan_unpacks_the_parents_layer_once_however_many_files_it_reads()
    {
        var files = new MemoryFiles { ["manifests/imageList"] = "r.io/listed:1\n" };
        for (var i = 0; i < Many; i++)
        {
            files[$"manifests/m{i}.yaml"] = $"image: r.io/manifest:{i}\n";
            files[$"application/apps/app{i}/a.yaml"] = $"image: r.io/app:{i}\n";
            files[$"charts/c{i}/Chart.yaml"] = $"apiVersion: v2\nname: c{i}\nversion: 1.0.0\n";
            files[$"charts/c{i}/templates/d.yaml"] = "kind: Deployment\n\nimage: r.io/chart:1\n";
            files.Add($"application/apps/app{i}/packed.tgz", Gzip(TinyTar.Of(($"p{i}/Chart.yaml", "name: p\n"u8.ToArray()))));
            files.Add($"application/apps/app{i}/tools.tgz", Gzip(TinyTar.Of(("bin/tool", [1, 2, 3]))));
        }

        var (image, tree) = await ParentAsync(files);
        var helm = _temp["helm"];
        // Prints where a template came from, as helm does, so that the line in the template is looked up.
        File.WriteAllText(helm, "#!/bin/sh\ntest -d \"$3\" || exit 0\necho '# Source: web/templates/d.yaml'\ncat \"$3/templates/d.yaml\"\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(helm, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var scan = await ContainerImageScanner.ScanAsync(
            new ContainerImageScanOptions { Files = tree, Helm = new HelmOptions { Path = helm } }, default);
        Assert.Equal(1 + 3 * Many, scan.Images.Count);
        Assert.All(scan.Images.Where(found => found.Origin == ImageOrigin.Chart), found => Assert.Equal(3, found.Line));
        Assert.InRange(image.Unpacked, 1, image.Layers[0].UncompressedSize);
    }

    [Fact]
    public async Task A_registry_of_the_parent_is_looked_through_in_two_passes_however_many_images_it_holds()
    {
        var names = Enumerable.Range(0, Many).Select(i => $"r.io/held{i}:1").ToArray();
        foreach (var (name, i) in names.Select((name, i) => (name, i)))
            await _fixture.PushAsync(name, 10 + i);
        var (_, built, files) = await _fixture.BuildAsync(null, RegistryFolderSource.Empty, names);
        var (image, tree) = await ParentAsync(files);

        var held = new RegistryFolderSource(tree, built.Images, null);
        var fetched = await _fixture.FetchAsync(held, names);
        Assert.All(fetched, found => Assert.True(found.IsHeld));
        Assert.Null((await RegistryFolderLayer.WriteAsync(_fixture.Store, fetched, held, DateTimeOffset.UnixEpoch, default)).Layer);
        Assert.InRange(image.Unpacked, 1, 2 * image.Layers[0].UncompressedSize);
    }

    [Fact]
    public async Task Files_of_one_content_are_each_read()
    {
        var tar = new Layers.TarBytes().File("a", "content").HardLink("b", "a").File("c", "other").Ended();
        var (image, tree) = await ParentAsync(tar);
        tree.Apply([new LayerEntry { Path = "d", Kind = LayerEntryKind.HardLink, LinkTarget = "a" }]);
        var read = new SortedDictionary<string, string>();
        await tree.ReadFilesAsync(
            ["d", "c", "b", "a", "a"],
            async (path, content, token) => read.Add(path, await new StreamReader(content).ReadToEndAsync(token)),
            default);
        Assert.Equal("a content b content c other d content", string.Join(' ', read.Select(pair => pair.Key + " " + pair.Value)));

        // The links of the parent cost nothing; only the build's own link is read again.
        var unpacked = image.Unpacked;
        await image.ReadFilesAsync(["c", "b", "a"], (_, content, token) => content.CopyToAsync(Stream.Null, token), default);
        Assert.InRange(image.Unpacked - unpacked, 1, image.Layers[0].UncompressedSize);
    }

    [Fact]
    public async Task A_content_of_very_many_names_is_unpacked_once()
    {
        var tar = new Layers.TarBytes().File("before", new string('x', 100_000)).File("manifests/0.yaml", "image: r.io/a:1\n");
        for (var i = 1; i < Many; i++)
            tar.HardLink($"manifests/{i}.yaml", "manifests/0.yaml");
        var (image, tree) = await ParentAsync(tar.Ended());
        var scan = await ContainerImageScanner.ScanAsync(new ContainerImageScanOptions { Files = tree }, default);
        Assert.Equal(Many, scan.Images.Count);
        Assert.InRange(image.Unpacked, 1, image.Layers[0].UncompressedSize);
    }

    private Task<(ImageFileSystem Image, RootfsTree Tree)> ParentAsync(MemoryFiles files) =>
        ParentAsync(TinyTar.Of([.. files.List("").Select(entry => (entry.Path, Content(files, entry.Path)))]));

    private async Task<(ImageFileSystem Image, RootfsTree Tree)> ParentAsync(byte[] tar)
    {
        var layer = await _fixture.Store.PutAsync(MediaType.OciLayerGzip, Gzip(tar));
        var image = await ImageFileSystem.LoadAsync(_fixture.Store, [layer], default);
        var tree = new RootfsTree();
        tree.ApplyBase(image);
        return (image, tree);
    }

    private static byte[] Content(MemoryFiles files, string path)
    {
        using var content = new MemoryStream();
        files.Open(path).CopyTo(content);
        return content.ToArray();
    }

    private static byte[] Gzip(byte[] plain)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
            gzip.Write(plain);
        return packed.ToArray();
    }
}
