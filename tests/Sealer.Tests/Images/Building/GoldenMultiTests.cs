using Sealer.Images;
using Sealer.Images.Archives;
using Sealer.Images.Layers;
using Sealer.Images.Storage;

namespace Sealer.Tests.Images.Building;

/// <summary>
/// sealer 0.11's bundle of <c>golden/Kubefile.multi</c> against what we build of the same Kubefile, the same files and the
/// same container image, all taken out of the bundle; and what is built on top of it.
/// </summary>
public sealed class GoldenMultiTests : IDisposable
{
    private const string Contained = "127.0.0.1:5443/demo/multi:v1";
    private static readonly string[] Architectures = ["amd64", "arm64"];
    private readonly BuildFixture _fixture = new();
    private readonly TemporaryFolder _temp = new();

    public void Dispose()
    {
        _fixture.Dispose();
        _temp.Dispose();
    }

    [GoldenFact]
    public async Task Annotations_and_labels_are_sealers()
    {
        var sealers = await ImportAsync();
        var ours = await BuildAsync(sealers);
        Assert.Equal(sealers.Platforms, ours.Platforms);
        foreach (var (theirs, own) in Pairs(sealers, ours))
        {
            // Who built it is told by each for himself.
            var expected = OciJson.ReadExtension(theirs.Manifest!.Annotations![SealerAnnotations.Extension]) with { BuildClient = new BuildClient() };
            var actual = OciJson.ReadExtension(own.Manifest!.Annotations![SealerAnnotations.Extension]) with { BuildClient = new BuildClient() };
            Assert.Equal(OciJson.Write(expected), OciJson.Write(actual));

            // To the letter; each platform's own (what inventory 18.40 tells of is not in this bundle).
            Assert.Equal(theirs.Manifest.Annotations[SealerAnnotations.ContainerImages], own.Manifest.Annotations[SealerAnnotations.ContainerImages]);
            Assert.Equal([SealerAnnotations.VersionLabel], own.Labels.Keys);
            Assert.Equal(["io.buildah.version", SealerAnnotations.VersionLabel], theirs.Labels.Keys);
            Assert.Equal(theirs.Config!.Settings!.Env, own.Config!.Settings!.Env);
            Assert.Equal(theirs.Config.Platform, own.Config.Platform);

            // Bug: the temporary image that sealer adds container images to stays behind as the base of the result.
            Assert.Contains("org.opencontainers.image.base.name", theirs.Manifest.Annotations.Keys);
            Assert.Equal([SealerAnnotations.ContainerImages, SealerAnnotations.Extension], own.Manifest.Annotations.Keys.Order(StringComparer.Ordinal));
        }
    }

    [GoldenFact]
    public async Task Layers_and_registry_hold_the_same_files_under_the_same_paths()
    {
        var sealers = await ImportAsync();
        var ours = await BuildAsync(sealers);
        foreach (var (theirs, own) in Pairs(sealers, ours))
        {
            var (expected, actual) = (await _fixture.FilesAsync(theirs), await _fixture.FilesAsync(own));
            Assert.Equal(3, expected.Layers.Count);
            for (var layer = 0; layer < 3; layer++)
            {
                // Files have bytes and modes in common; the registry's modes are of the umask that sealer ran under, and
                // ours let any user read (the registry runs as one). _uploads is what sealer's pull-through proxy left behind.
                Assert.Equal(
                    expected.Layers[layer].Entries.Where(e => !e.Path.Contains("/_uploads", StringComparison.Ordinal)).Select(e => Line(e, expected)).Order(StringComparer.Ordinal),
                    actual.Layers[layer].Entries.Select(e => Line(e, actual)).Order(StringComparer.Ordinal));
            }
        }

        static string Line(LayerCatalogEntry entry, ImageFileSystem files)
        {
            var mode = entry.Path.StartsWith("registry", StringComparison.Ordinal) ? "" : Convert.ToString(entry.Mode, 8);
            return $"{entry.Path} {entry.Kind} {mode} {entry.Uid}:{entry.Gid} {(entry.Kind == LayerEntryKind.File ? Digest.Of(Read(files, entry.Path)) : null)}";
        }
    }

    [GoldenFact]
    public async Task On_top_of_sealers_image_another_is_built_exported_and_read_again()
    {
        var sealers = await ImportAsync();
        _fixture.Context.File("more.yaml", $"image: {Contained}\n").File("extra", "x");
        var child = await _fixture.BuildAsync(
            "FROM localhost/multi:v1|COPY extra bin/|APP more local://more.yaml|LAUNCH more myapp",
            options => options with { Platforms = sealers.Platforms, Tags = [ImageReference.Parse("child:v1")] });
        foreach (var (theirs, own) in Pairs(sealers, child))
        {
            // Nothing was fetched: sealer's registry holds the image, and its layers are ours as they are.
            Assert.Equal(theirs.Layers.Select(layer => layer.Digest), own.Layers.Take(3).Select(layer => layer.Digest));
            Assert.Equal(["COPY extra bin/", "APP more local://more.yaml"], own.Layers.Skip(3).Select(layer => layer.CreatedBy));
            Assert.Equal(["myapp", "more"], own.Applications.Select(app => app.Name));
            Assert.Equal(["more", "myapp"], own.Launch.AppNames);
            Assert.Equal((Contained, "more,myapp"), (Assert.Single(own.ContainerImages).Image, string.Join(',', own.ContainerImages[0].AppNames)));
        }

        foreach (var format in new[] { ArchiveFormat.OciArchive, ArchiveFormat.OciFolder })
        {
            await ArchiveExport.WriteAsync(_fixture.Store, [(child.Reference, child.Descriptor)], _temp[$"{format}"], format, new(), null, default);
            var other = ImageStore.Open(_temp[$"store-{format}"]);
            var back = Assert.Single(await ArchiveImport.ImportAsync(_temp[$"{format}"], other, new(), null, default));
            Assert.Equal(child.Digest, back.Descriptor.Digest);
            var again = await ClusterImages.LoadAsync(other, back.Reference, back.Descriptor, default);
            Assert.Equal(child.Images.Select(i => i.Size), again.Images.Select(i => i.Size));
        }
    }

    private static IEnumerable<(ClusterImage Theirs, ClusterImage Own)> Pairs(ClusterImage theirs, ClusterImage own) =>
        Architectures.Select(name => Platform.Parse("linux/" + name)).Select(platform => (theirs.ForPlatform(platform), own.ForPlatform(platform)));

    private async Task<ClusterImage> ImportAsync()
    {
        var imported = Assert.Single(await ArchiveImport.ImportAsync(Golden.PathOf("sealer-0.11-multi.tar"), _fixture.Store, new(), null, default));
        return await ClusterImages.LoadAsync(_fixture.Store, imported.Reference, imported.Descriptor, default);
    }

    /// <summary>Builds the Kubefile again from what sealer's image holds, its container image included.</summary>
    private async Task<ClusterImage> BuildAsync(ClusterImage sealers)
    {
        foreach (var architecture in Architectures)
        {
            var files = await _fixture.FilesAsync(sealers.ForPlatform(Platform.Parse("linux/" + architecture)));
            _fixture.Context
                .File($"{architecture}/bin/i_am_{architecture}", Text(files, $"bin/i_am_{architecture}"))
                .File("app.yaml", Text(files, "application/apps/myapp/app.yaml"));
            foreach (var file in files.Files.Where(file => file.Path.EndsWith("/data", StringComparison.Ordinal)))
                _fixture.Registry.Add("", Read(files, file.Path));
            var tag = Digest.Parse(Text(files, "registry/docker/registry/v2/repositories/demo/multi/_manifests/tags/v1/current/link"));
            _fixture.Registry.Names[Contained] = Descriptor.Of(MediaType.DockerManifestList, _fixture.Registry.Blobs[tag]);
        }

        return await _fixture.BuildAsync(
            await File.ReadAllTextAsync(Golden.PathOf("Kubefile.multi")), options => options with { Platforms = sealers.Platforms });
    }

    private static string Text(ImageFileSystem files, string path) => System.Text.Encoding.UTF8.GetString(Read(files, path));

    private static byte[] Read(ImageFileSystem files, string path)
    {
        using var content = new MemoryStream();
        using var stream = files.Open(path);
        stream.CopyTo(content);
        return content.ToArray();
    }
}
