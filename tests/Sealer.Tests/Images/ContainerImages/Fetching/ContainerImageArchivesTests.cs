using System.IO.Compression;
using System.Text;
using Sealer.Images;
using Sealer.Images.Archives;
using Sealer.Images.ContainerImages.Fetching;
using Sealer.Images.ContainerImages.RegistryFolder;
using Sealer.Images.ContainerImages.Scanning;

namespace Sealer.Tests.Images.ContainerImages.Fetching;

public sealed class ContainerImageArchivesTests : IDisposable
{
    private readonly RegistryFolderFixture _fixture = new();
    private readonly TemporaryFolder _media = new();
    private readonly MemoryImages _customer = new();

    public void Dispose()
    {
        _fixture.Dispose();
        _media.Dispose();
    }

    [Theory]
    [InlineData(ArchiveFormat.OciArchive, "oci-archive")]
    [InlineData(ArchiveFormat.OciFolder, "oci")]
    [InlineData(ArchiveFormat.DockerArchive, "docker-archive")]
    public async Task Images_are_taken_from_archives_by_name_or_all_of_them(ArchiveFormat format, string word)
    {
        var path = await ExportAsync(format, "r.io/a:1", "r.io/b:1");
        Assert.Equal(["r.io/b:1"], Names(await FetchAsync($"{word}:{path}:r.io/b:1")));
        Assert.Equal(["r.io/a:1", "r.io/b:1"], Names(await FetchAsync($"{word}:{path}")));
    }

    [Fact]
    public async Task An_image_without_a_name_gets_that_of_the_list()
    {
        var path = await ExportAsync(ArchiveFormat.OciArchive, [null]);
        Assert.Equal(["r.io/new:2"], Names(await FetchAsync($"oci-archive:{path}:r.io/new:2")));
        var error = await Assert.ThrowsAsync<SealerException>(() => FetchAsync($"oci-archive:{path}"));
        Assert.Contains("holds an image without a full name", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_that_is_not_in_the_archive_is_told_with_those_that_are()
    {
        var path = await ExportAsync(ArchiveFormat.DockerArchive, "r.io/a:1");
        var error = await Assert.ThrowsAsync<SealerException>(() => FetchAsync($"docker-archive:{path}:r.io/other:1"));
        Assert.Contains($"It is not in {path}, which holds r.io/a:1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_compressed_archive_is_read_through_once_and_names_nothing_in_the_store()
    {
        var path = await ExportAsync(ArchiveFormat.DockerArchive, "r.io/a:1", "r.io/b:1");
        await using (var packed = new GZipStream(File.Create(path + ".gz"), CompressionLevel.Fastest))
        await using (var plain = File.OpenRead(path))
            await plain.CopyToAsync(packed);
        Assert.Equal(["r.io/a:1", "r.io/b:1"], Names(await FetchAsync($"docker-archive:{path}.gz:r.io/a:1", $"docker-archive:{path}.gz:r.io/b:1")));
        Assert.Empty(_fixture.Store.List());
    }

    [Fact]
    public async Task A_gzip_layer_of_a_docker_archive_that_is_not_what_its_config_says_is_refused()
    {
        var layer = new MemoryStream();
        await using (var gzip = new GZipStream(layer, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(TinyTar.Of("other", [1]));
        var config = OciJson.Write(new ImageConfig
        {
            Architecture = "amd64",
            Os = "linux",
            Rootfs = new ImageRootfs { DiffIds = [Digest.Of(TinyTar.Of("file", [1]))] },
        });
        await File.WriteAllBytesAsync(_media["lie.tar"], TinyTar.Of(
            ("manifest.json", Encoding.UTF8.GetBytes("[{\"Config\":\"c.json\",\"RepoTags\":[\"r.io/a:1\"],\"Layers\":[\"l.tar.gz\"]}]")),
            ("c.json", config),
            ("l.tar.gz", layer.ToArray())));
        var error = await Assert.ThrowsAsync<SealerException>(() => FetchAsync($"docker-archive:{_media["lie.tar"]}"));
        Assert.Equal("DigestMismatch", Assert.IsType<SealerException>(error.InnerException).Id);
    }

    [Fact]
    public async Task Archives_of_a_list_are_relative_to_the_list_and_those_of_the_images_list_to_the_context()
    {
        await ExportAsync(ArchiveFormat.OciArchive, "r.io/a:1");
        Directory.CreateDirectory(_media["lists"]);
        await File.WriteAllTextAsync(_media["lists/images.txt"], "oci-archive:../archive\n");
        var files = new MemoryFiles { ["manifests/imageList"] = "oci-archive:archive\n" };
        var scan = await ContainerImageScanner.ScanAsync(
            new ContainerImageScanOptions { Files = files, ImageLists = [_media["lists/images.txt"]], ContextFolder = _media.Path }, default);
        Assert.Equal(["manifests/imageList r.io/a:1", $"{_media["lists/images.txt"]} r.io/a:1"], scan.Images.Select(image => $"{image.File} {image.Reference}"));
        Assert.All(scan.Images, image => Assert.Equal(_media["archive"], image.Archive!.Path));
    }

    private static IEnumerable<string> Names(IEnumerable<FetchedImage> images) => images.Select(image => image.Reference.ToString());

    private async Task<string> ExportAsync(ArchiveFormat format, params string?[] names)
    {
        var images = new List<(ImageReference?, Descriptor)>();
        foreach (var name in names)
            images.Add((name is null ? null : ImageReference.Parse(name), await RandomImage.WriteAsync(_customer, images.Count + 1)));
        await ArchiveExport.WriteAsync(_customer, images, _media["archive"], format, new ExportOptions(), null, CancellationToken.None);
        return _media["archive"];
    }

    /// <summary>From a list to images in the store, as a build does it.</summary>
    private async Task<IReadOnlyList<FetchedImage>> FetchAsync(params string[] entries)
    {
        var scan = await ContainerImageScanner.ScanAsync(
            new ContainerImageScanOptions { Files = new MemoryFiles(), ContainerImages = entries }, CancellationToken.None);
        using var archives = new ContainerImageArchives(_fixture.Store);
        var fetcher = new ContainerImageFetcher(_fixture.Store, reference => _fixture.Of(reference.Domain), archives.OpenAsync, null);
        var images = await fetcher.FetchAsync(scan.Images, RegistryFolderFixture.Amd64, RegistryFolderSource.Empty, CancellationToken.None);
        Assert.All(images.SelectMany(image => image.Blobs), blob => Assert.True(_fixture.Store.TryGetSize(blob.Digest, out _)));
        return images;
    }
}
