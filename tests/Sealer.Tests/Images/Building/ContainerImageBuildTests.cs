using Sealer.Events;
using Sealer.Images;
using Sealer.Images.Archives;
using Sealer.Images.Building;
using Sealer.Images.ContainerImages.Scanning;

namespace Sealer.Tests.Images.Building;

/// <summary>Container images in cluster images, from the files that ask for them to the image and its children.</summary>
public sealed class ContainerImageBuildTests : IDisposable
{
    private readonly BuildFixture _fixture = new();

    private TestFolder Context => _fixture.Context;

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task Container_images_that_files_ask_for_are_put_in_and_the_parents_are_not_put_in_again()
    {
        Offer("r.io/one:v1", "one");
        Offer("r.io/two:v2", "two");
        Context.File("m/app.yaml", "image: r.io/one:v1\n").File("b.yaml", "image: r.io/two:v2\n");
        var parent = await _fixture.BuildAsync("FROM scratch|COPY m manifests", o => o with { Tags = [ImageReference.Parse("parent:v1")] });
        Assert.Equal(["r.io/one:v1"], parent.ContainerImages.Select(i => i.Image));
        _fixture.Registry.Names.TryRemove("r.io/one:v1", out _);
        var image = await _fixture.BuildAsync("FROM parent:v1|APP two local://b.yaml|LAUNCH two");
        Assert.Equal(["r.io/one:v1 ", "r.io/two:v2 two"], image.ContainerImages.Select(i => $"{i.Image} {string.Join(',', i.AppNames)}").Order());
        var files = await _fixture.FilesAsync(image);
        Assert.NotNull(files.FindFile("registry/docker/registry/v2/repositories/one/_manifests/tags/v1/current/link"));
        Assert.NotNull(files.FindFile("registry/docker/registry/v2/repositories/two/_manifests/tags/v2/current/link"));
        Assert.All(files.Layers[^1].Entries, e => Assert.DoesNotContain("/one/", e.Path, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_container_image_that_list_and_applications_ask_for_is_there_once_with_all_of_them()
    {
        Offer("r.io/one:v1", "one");
        Offer("r.io/two:v2", "two");
        Context.File("list", "r.io/one:v1\n").File("a.yaml", "image: r.io/one:v1\n").File("b.yaml", "- image: r.io/one:v1\n- image: r.io/two:v2\n");
        var image = await _fixture.BuildAsync("FROM scratch|COPY list manifests/imageList|APP b local://b.yaml|APP a local://a.yaml");

        Assert.Equal(
            ["r.io/one:v1 True a,b linux/amd64", "r.io/two:v2 False b linux/amd64"],
            image.ContainerImages.Select(i => $"{i.Image} {i.IsForCluster} {string.Join(',', i.AppNames)} {i.Platform}").Order());

        // sealer's own list has a line for each that asks, and is written so.
        var list = OciJson.ReadContainerImages(image.Manifest!.Annotations![SealerAnnotations.ContainerImages]);
        Assert.Equal(
            ["r.io/one:v1 ", "r.io/one:v1 a", "r.io/one:v1 b", "r.io/two:v2 b"],
            list.Select(i => $"{i.Image} {i.AppName}").Order(StringComparer.Ordinal));
        var child = await _fixture.BuildAsync("FROM test:v1|LABEL a=b", o => o with { Tags = [ImageReference.Parse("child:v1")] });
        Assert.Equal(list, OciJson.ReadContainerImages(child.Manifest!.Annotations![SealerAnnotations.ContainerImages]));
    }

    [Theory]
    [InlineData("r.io/one:v1")]
    [InlineData(null)]
    public async Task A_child_of_an_image_whose_list_names_archives_needs_those_no_more(string? name)
    {
        var archive = Path.Combine(Context.Path, "one.tar");
        await ArchiveExport.WriteAsync(
            _fixture.Registry,
            [(ImageReference.Parse("r.io/one:v1"), _fixture.Registry.AddImage(extension: null, layers: ["one"]))],
            archive, ArchiveFormat.OciArchive, new ExportOptions(), null, CancellationToken.None);
        Context.File("list", $"oci-archive:one.tar{(name is null ? "" : ":" + name)}\n");
        await _fixture.BuildAsync("FROM scratch|COPY list manifests/imageList", o => o with { Tags = [ImageReference.Parse("parent:v1")] });
        File.Delete(archive);
        _fixture.Events.Clear();
        var child = await _fixture.BuildAsync("FROM parent:v1|LABEL a=b");
        Assert.Equal("r.io/one:v1", Assert.Single(child.ContainerImages).Image);
        Assert.DoesNotContain(_fixture.Events, e => e is WarningEvent);
    }

    [Fact]
    public async Task A_child_of_a_lite_image_is_told_that_an_archive_of_its_list_is_out_of_reach()
    {
        Context.File("list", "oci-archive:one.tar\n");
        await _fixture.BuildAsync(
            "FROM scratch|COPY list manifests/imageList", o => o with { Tags = [ImageReference.Parse("parent:v1")], Mode = BuildMode.Lite });
        Assert.Empty((await _fixture.BuildAsync("FROM parent:v1|LABEL a=b")).ContainerImages);
        Assert.Contains("manifests/imageList:1:1: The list is the parent image's", Assert.Single(_fixture.Events.OfType<WarningEvent>()).Message, StringComparison.Ordinal);
    }

    [LinuxFact]
    public async Task A_kubefile_of_old_sealer_builds_with_the_images_of_its_list_and_charts()
    {
        Offer("r.io/listed:v1", "one");
        Offer("r.io/charted:v2", "two");
        Context.File("charts/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n").File("imageList", "r.io/listed:v1\n");

        // Not the chart's content but that it is rendered is what matters here.
        using var folder = new TestFolder();
        folder.File("helm", "#!/bin/sh\necho 'image: r.io/charted:v2'\n", (UnixFileMode)0b111_101_101);
        var image = await _fixture.BuildAsync(
            "FROM scratch|COPY charts|COPY imageList manifests|CMD helm install web charts/web --set a=1,b=2",
            options => options with { Helm = new HelmOptions { Path = folder["helm"] } });
        Assert.Equal(["r.io/charted:v2", "r.io/listed:v1"], image.ContainerImages.Select(i => i.Image).Order());
        Assert.All(image.ContainerImages, i => Assert.True(i.IsForCluster));
        Assert.Equal(["helm install web charts/web --set a=1,b=2"], image.Launch.Cmds);
        Assert.NotNull((await _fixture.FilesAsync(image)).FindFile("manifests/imageList"));
    }

    [Fact]
    public async Task A_lite_image_holds_no_container_images()
    {
        Context.File("m/app.yaml", "image: r.io/one:v1\n");
        var image = await _fixture.BuildAsync("FROM scratch|COPY m manifests", o => o with { Mode = BuildMode.Lite });
        Assert.Empty(image.ContainerImages);
        Assert.Equal(0, _fixture.Registry.Opened);
    }

    private void Offer(string name, string content) =>
        _fixture.Registry.Names[name] = _fixture.Registry.AddImage(extension: null, layers: [content]);
}
