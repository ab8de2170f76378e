using System.Formats.Tar;
using System.IO.Compression;
using Sealer.Images;
using Sealer.Images.ContainerImages.Scanning;
using Sealer.Images.Layers;

namespace Sealer.Tests.Images.ContainerImages.Scanning;

public sealed class ContainerImageScannerTests
{
    [Fact]
    public async Task Manifests_lists_and_applications_are_scanned_and_the_rest_is_not()
    {
        var files = new MemoryFiles
        {
            ["app.yaml"] = "image: no:1",
            ["application/apps/nginx/nginx.yaml"] = "image: nginx:1",
            ["application/apps/nginx/more/x.YML"] = "image: nginx:2",
            ["application/apps/shell/install.sh"] = "image: no:2",
            ["application/apps/web/notes.txt"] = "image: no:3",
            ["applications/calico.yaml"] = "image: no:4",
            ["etc/kubeadm.yml.tmpl"] = "image: no:5",
            ["manifests/a.yaml"] = "image: a:1",
            ["manifests/deep/b.yml.tmpl"] = "image: b:1",
            ["manifests/imageList"] = "c:1\n",
            ["manifests/sub/imageList"] = "no:6\n",
        };
        var scan = await ContainerImageScanner.ScanAsync(new ContainerImageScanOptions { Files = files }, CancellationToken.None);
        Assert.Equal(
            [
                "docker.io/library/a:1 Manifest manifests/a.yaml:1 ",
                "docker.io/library/b:1 Manifest manifests/deep/b.yml.tmpl:1 ",
                "docker.io/library/c:1 ImageList manifests/imageList:1 ",
                "docker.io/library/nginx:2 Application application/apps/nginx/more/x.YML:1 nginx",
                "docker.io/library/nginx:1 Application application/apps/nginx/nginx.yaml:1 nginx",
            ],
            scan.Images.Select(image => $"{image.Reference} {image.Origin} {image.Place} {image.AppName}"));
        Assert.Empty(scan.Warnings);
    }

    [Fact]
    public async Task Ignored_images_are_told_apart()
    {
        var files = new MemoryFiles { ["manifests/imageList"] = "a:1\nquay.io/b:1\n" };
        var scan = await ContainerImageScanner.ScanAsync(
            new ContainerImageScanOptions { Files = files, IgnoredImages = ["quay.io/*"] }, CancellationToken.None);
        Assert.Equal(["docker.io/library/a:1"], scan.Distinct().Select(image => image.ToString()));
        Assert.Equal("quay.io/b:1", Assert.Single(scan.Ignored).Text);
    }

    [Fact]
    public async Task All_mistakes_of_all_lists_are_told_at_once()
    {
        var files = new MemoryFiles { ["manifests/imageList"] = "Bad\nworse!\n" };
        var error = await Assert.ThrowsAsync<SealerException>(() => ContainerImageScanner.ScanAsync(
            new ContainerImageScanOptions { Files = files, ImageLists = ["/nowhere/list"], CredentialLists = ["/nowhere/auth"] },
            CancellationToken.None));
        Assert.Equal("ContainerImageScanFailed", error.Id);
        foreach (var part in new[] { "manifests/imageList:1:", "manifests/imageList:2:", "/nowhere/list", "/nowhere/auth" })
            Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lists_of_the_caller_are_read_and_archives_lie_beside_them()
    {
        var folder = Directory.CreateTempSubdirectory("sealer-lists-").FullName;
        try
        {
            var list = Path.Combine(folder, "images.txt");
            await File.WriteAllTextAsync(list, "a:1\noci-archive:x.tar:b:1\n");
            var auth = Path.Combine(folder, "auth.yaml");
            await File.WriteAllTextAsync(auth, "- registry: r.io\n  username: u\n  password: p\n  images: [c:1]\n");
            var scan = await ContainerImageScanner.ScanAsync(
                new ContainerImageScanOptions { Files = new MemoryFiles(), ContainerImages = ["z:1"], ImageLists = [list], CredentialLists = [auth] },
                CancellationToken.None);
            Assert.Equal(
                ["docker.io/library/z:1 ExplicitList", "docker.io/library/a:1 ExplicitList", "docker.io/library/b:1 Archive", "r.io/c:1 CredentialList"],
                scan.Images.Select(image => $"{image.Reference} {image.Origin}"));
            Assert.Equal(Path.Combine(folder, "x.tar"), scan.Images[2].Archive!.Path);
            Assert.Equal("u", scan.Credentials[ImageReference.Parse("r.io/c:1")].UserName);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Values_for_a_chart_that_is_not_there_are_a_mistake()
    {
        var error = await Assert.ThrowsAsync<SealerException>(() => ContainerImageScanner.ScanAsync(
            new ContainerImageScanOptions
            {
                Files = new MemoryFiles(),
                Helm = new HelmOptions { Values = new Dictionary<string, IReadOnlyList<string>> { ["web"] = [] } },
            },
            CancellationToken.None));
        Assert.Contains("'web'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_archive_of_an_application_that_is_no_chart_needs_no_helm()
    {
        var files = new MemoryFiles { ["application/apps/a/install.sh"] = "tar xf tools.tgz", ["application/apps/a/broken.tgz"] = "no gzip" };
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
            gzip.Write(TinyTar.Of(("bin/tool", [1, 2, 3]), ("deep/er/Chart.yaml", [1])));
        files.Add("application/apps/a/tools.tgz", packed.ToArray());
        var scan = await ContainerImageScanner.ScanAsync(new ContainerImageScanOptions { Files = files }, CancellationToken.None);
        Assert.Empty(scan.Images);
    }

    [Fact]
    public async Task An_archive_whose_head_asks_for_endless_memory_is_no_chart_and_is_not_read()
    {
        var head = new PaxTarEntry(TarEntryType.RegularFile, "x/Chart.yaml", [new("comment", new string('x', 32 * 1024 * 1024))]);
        var tar = new MemoryStream();
        using (var writer = new TarWriter(tar, leaveOpen: true))
            writer.WriteEntry(head);
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.NoCompression, leaveOpen: true))
            gzip.Write(tar.ToArray());
        var files = new MemoryFiles();
        files.Add("charts/x.tgz", packed.ToArray());
        var counting = new CountingFiles(files);
        Assert.Empty((await ContainerImageScanner.ScanAsync(new ContainerImageScanOptions { Files = counting }, default)).Images);
        Assert.InRange(counting.Read, 1, 16 * 1024 * 1024);
    }

    /// <summary>Tells how far its files were read.</summary>
    private sealed class CountingFiles(MemoryFiles files) : IFileTree
    {
        public long Read { get; private set; }

        public IEnumerable<FileTreeEntry> List(string folder) => files.List(folder);

        public FileTreeEntry? Find(string path) => files.Find(path);

        public Stream Open(string path)
        {
            using var content = new MemoryStream();
            files.Open(path).CopyTo(content);
            return new Counting(content.ToArray(), this);
        }

        private sealed class Counting(byte[] content, CountingFiles owner) : MemoryStream(content)
        {
            protected override void Dispose(bool disposing)
            {
                owner.Read = Math.Max(owner.Read, CanRead ? Position : 0);
                base.Dispose(disposing);
            }
        }
    }

    [Fact]
    public async Task A_chart_without_helm_is_told_with_its_place_and_the_ways_out()
    {
        var files = new MemoryFiles { ["charts/web/Chart.yaml"] = "apiVersion: v2\nname: web\nversion: 1.0.0\n" };
        var error = await Assert.ThrowsAsync<SealerException>(() => ContainerImageScanner.ScanAsync(
            new ContainerImageScanOptions { Files = files, Helm = new HelmOptions { SearchPath = "/nowhere" } }, CancellationToken.None));
        Assert.Equal("HelmNotFound", error.Id);
        Assert.StartsWith("The chart charts/web can only be searched for images by helm, and there is no helm on PATH", error.Message, StringComparison.Ordinal);

        error = await Assert.ThrowsAsync<SealerException>(() => ContainerImageScanner.ScanAsync(
            new ContainerImageScanOptions { Files = files, Helm = new HelmOptions { Path = "/nowhere/helm" } }, CancellationToken.None));
        Assert.Equal("There is no helm at '/nowhere/helm'. Give the path of the helm program.", error.Message);
    }
}
