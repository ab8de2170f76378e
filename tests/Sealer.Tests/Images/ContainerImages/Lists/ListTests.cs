using System.Net;
using Sealer.Images;
using Sealer.Images.ContainerImages;
using Sealer.Images.ContainerImages.Fetching;
using Sealer.Images.ContainerImages.Lists;
using Sealer.Images.ContainerImages.Scanning;

namespace Sealer.Tests.Images.ContainerImages.Lists;

public sealed class ListTests
{
    [Fact]
    public async Task A_list_has_one_image_a_line()
    {
        var findings = await ReadAsync(
            "\uFEFF# images\n\nnginx\n  \"quay.io/a:1\"  \n'b:2' # why\n\tr.io:5000/c/d:3\r\ndocker://e:4\n#f\n");
        Assert.Empty(findings.Errors);
        Assert.Equal(
            ["docker.io/library/nginx:latest:3", "quay.io/a:1:4", "docker.io/library/b:2:5", "r.io:5000/c/d:3:6", "docker.io/library/e:4:7"],
            findings.Images.Select(image => $"{image.Reference}:{image.Line}"));
    }

    [Fact]
    public async Task Every_mistake_of_a_list_is_told_with_its_line()
    {
        var findings = await ReadAsync("good:1\nBad\nalso bad\noci-archive:x.tar\n");
        Assert.Equal(3, findings.Errors.Count);
        Assert.StartsWith("manifests/imageList:2: 'Bad' is not an image name", findings.Errors[0], StringComparison.Ordinal);
        Assert.StartsWith("manifests/imageList:3: 'also bad'", findings.Errors[1], StringComparison.Ordinal);
        Assert.StartsWith("manifests/imageList:4: ", findings.Errors[2], StringComparison.Ordinal);
        Assert.Contains("/lists/x.tar", findings.Errors[2], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("oci-archive:images/a.tar:r.io/a:1", ArchiveKind.OciArchive, "images/a.tar", "r.io/a:1")]
    [InlineData("oci:layout:a:1", ArchiveKind.OciFolder, "layout", "a:1")]
    [InlineData("docker-archive:/tmp/x y.tar:quay.io:5000/a/b:v1", ArchiveKind.DockerArchive, "/tmp/x y.tar", "quay.io:5000/a/b:v1")]
    public async Task An_entry_may_be_an_archive(string entry, ArchiveKind kind, string path, string name)
    {
        var image = Assert.Single((await ReadAsync(entry)).Images);
        Assert.Equal(new ArchiveLocation(kind, Path.GetFullPath(path, "/lists"), name), image.Archive);
        Assert.Equal(ImageReference.Parse(name), image.Reference);
        Assert.Equal(ImageOrigin.Archive, image.Origin);
    }

    [Theory]
    [InlineData("oci-archive:/lists/a.tar:a:1", true)]
    [InlineData("oci-archive:..a.tar:a:1", true)]
    [InlineData("oci-archive:../a.tar:a:1", false)]
    [InlineData("oci-archive:x/../../a.tar", false)]
    [InlineData("docker-archive:/root/private.tar:a:1", false)]
    [InlineData("oci:/:a:1", false)]
    public async Task The_list_in_an_image_names_no_archive_outside_of_the_context(string entry, bool isAllowed)
    {
        var findings = await ReadAsync(entry, ImageOrigin.ImageList);
        if (isAllowed)
            Assert.Single(findings.Images);
        else
            Assert.Contains("outside of the build's folder", Assert.Single(findings.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_list_of_very_many_bytes_is_not_read()
    {
        var files = new MemoryFiles();
        files.Add("manifests/imageList", new byte[17 * 1024 * 1024]);
        var error = await Assert.ThrowsAsync<SealerException>(
            () => ContainerImageScanner.ScanAsync(new ContainerImageScanOptions { Files = files }, default));
        Assert.Contains("manifests/imageList: The list has more than 16 MiB", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_registry_called_oci_is_no_archive()
    {
        var image = Assert.Single((await ReadAsync("oci:5000/a:1")).Images);
        Assert.Null(image.Archive);
        Assert.Equal("oci:5000/a:1", image.Reference.ToString());
    }

    [Fact]
    public void Ignored_images_are_names_or_patterns()
    {
        var ignored = new IgnoredImages(["nginx", "quay.io/*", "*/demo/*:v1", "docker.io/library/redis:7"]);
        Assert.True(ignored.Contains(ImageReference.Parse("docker.io/library/nginx:latest")));
        Assert.False(ignored.Contains(ImageReference.Parse("nginx:1")));
        Assert.True(ignored.Contains(ImageReference.Parse("quay.io/a/b:1")));
        Assert.True(ignored.Contains(ImageReference.Parse("r.io/demo/a:v1")));
        Assert.False(ignored.Contains(ImageReference.Parse("r.io/demo/a:v12")));
        Assert.True(ignored.Contains(ImageReference.Parse("redis:7")));
        Assert.True(new IgnoredImages(["*"]).Contains(ImageReference.Parse("a")));
        Assert.Equal("InvalidIgnoredImage", Assert.Throws<SealerException>(() => new IgnoredImages(["NO"])).Id);
    }

    [Fact]
    public void A_list_with_credentials_gives_images_and_keeps_secrets_apart()
    {
        var credentials = new Dictionary<ImageReference, NetworkCredential>();
        var findings = CredentialListFile.Read(
            "auth.yaml",
            """
            - registry: r.io
              username: me
              password: s3cret
              images:
              - a/b:1
              - quay.io/c:2
            - username: you
              password: "0123"
              images: [d:3]
            """, credentials);
        Assert.Empty(findings.Errors);
        Assert.Equal(
            ["r.io/a/b:1 5", "quay.io/c:2 6", "docker.io/library/d:3 9"],
            findings.Images.Select(image => $"{image.Reference} {image.Line}"));
        Assert.Equal("s3cret", credentials[ImageReference.Parse("quay.io/c:2")].Password);
        Assert.Equal("0123", credentials[ImageReference.Parse("d:3")].Password);
        Assert.DoesNotContain(findings.Images, image => image.ToString().Contains("s3cret", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("- registry: r.io\n  username: me\n  images: [a]\n", "auth.yaml:1: The element has no username or no password")]
    [InlineData("- username: me\n  password: hunter2\n  images: []\n", "auth.yaml:1: The element names no images")]
    [InlineData("- username: me\n  password: hunter2\n  pasword: hunter2\n  images: [a]\n", "auth.yaml:3:3: 'pasword' is not known here")]
    [InlineData("- username: me\n  password: hunter2\n  images: [A]\n", "auth.yaml:3:12: 'A' is not the name of an image")]
    [InlineData("username: me\npassword: hunter2\n", "auth.yaml:1: A list with credentials is a YAML list")]
    [InlineData("- username: me\n  password: hunter2: hunter2\n  images: [a]\n", "auth.yaml:2:")]
    [InlineData("- 'hunter2'\n", "auth.yaml:1: An element has registry")]
    public void A_mistake_in_a_list_with_credentials_is_told_without_a_secret(string text, string expected)
    {
        var error = Assert.Single(CredentialListFile.Read("auth.yaml", text, new Dictionary<ImageReference, NetworkCredential>()).Errors);
        Assert.StartsWith(expected, error, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", error, StringComparison.Ordinal);
    }

    private static async Task<ScanFindings> ReadAsync(string text, ImageOrigin origin = ImageOrigin.ExplicitList)
    {
        using var reader = ImageListFile.OpenText(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(text)));
        using var archives = new ContainerImageArchives(null);
        return await ImageListFile.ReadAsync("manifests/imageList", reader, "/lists", archives, origin, CancellationToken.None);
    }
}
