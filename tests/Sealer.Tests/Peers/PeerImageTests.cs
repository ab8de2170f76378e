using System.Runtime.Versioning;
using System.Text.Json;
using Sealer.Images;
using Sealer.Images.Archives;
using Sealer.Images.Copying;
using Sealer.Images.Layers;
using Sealer.Images.Storage;
using Sealer.Tests.Images.Building;

namespace Sealer.Tests.Peers;

/// <summary>
/// Images that the builder builds, in every form and compression that an operator can export, in the hands of Debian's
/// skopeo, buildah and podman; and what these write, in ours.
/// </summary>
[Trait("Tier", "parts")]
[SupportedOSPlatform("linux")]
public sealed class PeerImageTests : IDisposable
{
    private readonly BuildFixture _fixture = new();
    private readonly TemporaryFolder _temp = new();

    // buildah makes a name of the path, and names have no capital letters.
    private string Exported => _temp.Path.ToLowerInvariant() + "-export";

    public static TheoryData<ArchiveFormat, LayerCompression, string> Exports
    {
        get
        {
            var exports = new TheoryData<ArchiveFormat, LayerCompression, string>();
            foreach (var (format, transport) in new[]
            {
                (ArchiveFormat.OciArchive, "oci-archive"), (ArchiveFormat.OciFolder, "oci"),
                (ArchiveFormat.DockerArchive, "docker-archive"), (ArchiveFormat.DockerFolder, "dir"),
            })
            {
                exports.Add(format, LayerCompression.Zstd, transport);
                exports.Add(format, LayerCompression.Gzip, transport);
            }

            return exports;
        }
    }

    public void Dispose()
    {
        _fixture.Dispose();
        _temp.Dispose();
        if (Directory.Exists(Exported))
            Directory.Delete(Exported, recursive: true);
    }

    [LinuxTheory]
    [MemberData(nameof(Exports))]
    public async Task Skopeo_inspects_what_we_export_and_copies_it_anywhere(ArchiveFormat format, LayerCompression compression, string transport)
    {
        var image = await BuildAsync(compression);
        var source = $"{transport}:{await ExportAsync(image, format)}";
        using var shown = JsonDocument.Parse(await Peer.RunAsync("skopeo", "inspect", source));
        Assert.Equal(("amd64", "linux"), (shown.RootElement.GetProperty("Architecture").GetString(), shown.RootElement.GetProperty("Os").GetString()));
        Assert.Equal("of-the-test", shown.RootElement.GetProperty("Labels").GetProperty("made").GetString());
        Assert.Equal(image.Layers.Count, shown.RootElement.GetProperty("Layers").GetArrayLength());

        await using var registry = await DockerRegistry.StartAsync();
        foreach (var target in new[] { $"docker-archive:{_temp["to.tar"]}:example.com/to:v1", $"dir:{_temp["to.dir"]}", $"oci:{_temp["to.oci"]}:v1", $"docker://{registry.Domain}/to:v1" })
        {
            // Docker's form has no zstd, and this skopeo does not pack anew for it: that is what our own export is for.
            if (compression == LayerCompression.Zstd && transport.StartsWith("oci", StringComparison.Ordinal) && target.StartsWith("docker-archive", StringComparison.Ordinal))
                continue;
            await Peer.RunAsync("skopeo", "copy", "-q", "--dest-tls-verify=false", source, target);

            // What arrived is ours still, layer by layer as unpacked.
            var copy = target.StartsWith("docker:") ? await PullAsync(registry.Domain) : await ImportAsync(target.Split(':')[1]);
            Assert.Equal(image.Config!.Rootfs.DiffIds, copy.Config!.Rootfs.DiffIds);
        }
    }

    [LinuxTheory]
    [MemberData(nameof(Exports))]
    public async Task Buildah_and_podman_take_what_we_export_and_run_it(ArchiveFormat format, LayerCompression compression, string transport)
    {
        var image = await BuildAsync(compression);
        var path = await ExportAsync(image, format);

        var container = (await ContainersAsync("buildah", "from", "--pull-always", $"{transport}:{path}")).Trim();
        var mounted = (await ContainersAsync("buildah", "mount", container)).Trim();
        Assert.Equal("hello", File.ReadAllText(Path.Combine(mounted, "etc/motd")));
        Assert.Equal("motd", File.ResolveLinkTarget(Path.Combine(mounted, "etc/message"), false)!.Name);
        Assert.Equal((UnixFileMode)0b111_101_101, File.GetUnixFileMode(Path.Combine(mounted, "bin/busybox")));
        // Of what it writes to its output buildah may lose all on a busy machine.
        await ContainersAsync("buildah", "run", "--isolation", "chroot", container, "/bin/busybox", "sh", "-c", "/bin/busybox ls /etc > /listed");
        Assert.Contains("motd", File.ReadAllText(Path.Combine(mounted, "listed")), StringComparison.Ordinal);
        await ContainersAsync("buildah", "rm", container);

        // podman load knows archives and OCI folders; the other folder comes as an image to pull.
        var loaded = format == ArchiveFormat.DockerFolder
            ? await ContainersAsync("podman", "pull", "-q", $"dir:{path}")
            : await ContainersAsync("podman", "load", "-q", "-i", path);
        var id = loaded.Trim().Split(' ')[^1];
        using var shown = JsonDocument.Parse(await ContainersAsync("podman", "image", "inspect", id));
        Assert.Equal("of-the-test", shown.RootElement[0].GetProperty("Labels").GetProperty("made").GetString());
        Assert.Equal(image.Config!.Rootfs.DiffIds.Select(d => d.ToString()), shown.RootElement[0].GetProperty("RootFS").GetProperty("Layers").EnumerateArray().Select(l => l.GetString()));
    }

    [LinuxTheory]
    [InlineData(LayerCompression.Zstd, MediaType.OciLayerZstd)]
    [InlineData(LayerCompression.Gzip, MediaType.OciLayerGzip)]
    public async Task What_sealer_looks_for_is_where_it_looks(LayerCompression compression, string layerType)
    {
        // sealer 0.11 has buildah's storage load the image, and reads annotations of the manifest and labels of the config.
        var image = await BuildAsync(compression);
        var path = await ExportAsync(image, ArchiveFormat.OciArchive);
        using var manifest = JsonDocument.Parse(await Peer.RunAsync("skopeo", "inspect", "--raw", $"oci-archive:{path}"));
        Assert.Equal(MediaType.OciManifest, manifest.RootElement.GetProperty("mediaType").GetString());
        Assert.All(manifest.RootElement.GetProperty("layers").EnumerateArray(), l => Assert.Equal(layerType, l.GetProperty("mediaType").GetString()));
        var told = manifest.RootElement.GetProperty("annotations").GetProperty("sealer.image.extension").GetString();

        var loaded = (await ContainersAsync("podman", "load", "-q", "-i", path)).Trim().Split(' ')[^1];
        using var shown = JsonDocument.Parse(await ContainersAsync("podman", "image", "inspect", loaded));
        var kept = shown.RootElement[0].GetProperty("Annotations").GetProperty("sealer.image.extension").GetString();
        Assert.Equal(told, kept);
        using var extension = JsonDocument.Parse(kept!);
        Assert.Equal(("v1alpha1", "kube-installer"), (extension.RootElement.GetProperty("schemaVersion").GetString(), extension.RootElement.GetProperty("type").GetString()));
        var launch = extension.RootElement.GetProperty("launch").GetProperty("cmds").EnumerateArray().Select(c => c.GetString());
        Assert.Equal(["echo launched"], launch);
    }

    [LinuxTheory]
    [InlineData("oci")]
    [InlineData("oci-archive")]
    [InlineData("docker-archive")]
    [InlineData("dir")]
    public async Task We_import_what_buildah_pushes(string transport)
    {
        var image = await LoadAsync("example.com/a:v1");
        var name = transport == "dir" ? "" : ":example.com/a:v1";
        await ContainersAsync("buildah", "push", "-q", "example.com/a:v1", $"{transport}:{_temp["pushed"]}{name}");
        Assert.Equal(image.Config!.Rootfs.DiffIds, (await ImportAsync(_temp["pushed"])).Config!.Rootfs.DiffIds);
    }

    [LinuxFact]
    public async Task We_import_every_image_of_an_archive_of_several()
    {
        var first = await LoadAsync("example.com/a:v1");
        var second = await LoadAsync("example.com/b:v2", "other");
        await ContainersAsync("podman", "tag", "example.com/b:v2", "example.com/b:latest");
        await ContainersAsync("podman", "save", "-q", "-m", "-o", _temp["several.tar"], "example.com/a:v1", "example.com/b:v2", "example.com/b:latest");
        var store = ImageStore.Open(_temp["store"]);
        await ArchiveImport.ImportAsync(_temp["several.tar"], store, new(), null, default);
        var found = store.List().ToDictionary(i => i.Reference!.ToString(), i => i.Descriptor);
        Assert.Equal(["example.com/a:v1", "example.com/b:latest", "example.com/b:v2"], found.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(found["example.com/b:latest"].Digest, found["example.com/b:v2"].Digest);
        foreach (var (name, image) in new[] { ("example.com/a:v1", first), ("example.com/b:v2", second) })
        {
            var loaded = await ClusterImages.LoadAsync(store, ImageReference.Parse(name), found[name], default);
            Assert.Equal(image.Config!.Rootfs.DiffIds, loaded.Config!.Rootfs.DiffIds);
        }
    }

    [LinuxTheory]
    [InlineData("oci-archive")]
    [InlineData("oci")]
    public async Task An_index_goes_to_the_peers_and_comes_back_with_all_its_platforms(string transport)
    {
        var image = await BuildAsync(LayerCompression.Zstd, platforms: ["linux/amd64", "linux/arm64"]);
        var path = await ExportAsync(image, ArchiveFormat.OciArchive);
        await Peer.RunAsync("skopeo", "copy", "-q", "--all", $"oci-archive:{path}", $"{transport}:{_temp["skopeo"]}:example.com/many:v1");
        Assert.Equal(image.Digest, (await ImportAsync(_temp["skopeo"])).Digest);

        // A list that buildah makes of the two, and pushes as a whole.
        await ContainersAsync("buildah", "manifest", "create", "many");
        await ContainersAsync("buildah", "manifest", "add", "--all", "many", $"oci-archive:{path}");
        await ContainersAsync("buildah", "manifest", "push", "-q", "--all", "--format", "oci", "many", $"{transport}:{_temp["buildah"]}:example.com/many:v1");
        var back = await ImportAsync(_temp["buildah"]);
        Assert.Equal(["linux/amd64", "linux/arm64"], back.Platforms.Select(p => p.ToString()).Order(StringComparer.Ordinal));
        Assert.Equal(
            image.ForPlatform(Platform.Parse("linux/arm64")).Digest, back.ForPlatform(Platform.Parse("linux/arm64")).Digest);
    }

    [LinuxFact]
    public async Task A_list_in_a_registry_is_read_by_the_peers_and_ours_is_what_they_pushed()
    {
        var image = await BuildAsync(LayerCompression.Gzip, platforms: ["linux/amd64", "linux/arm64"]);
        var path = await ExportAsync(image, ArchiveFormat.OciFolder);
        await using var registry = await DockerRegistry.StartAsync();
        await Peer.RunAsync("skopeo", "copy", "-q", "--all", "--dest-tls-verify=false", $"oci:{path}", $"docker://{registry.Domain}/to:v1");
        Assert.Equal(image.Digest, (await PullAsync(registry.Domain)).Digest);
        var arm = await ContainersAsync("podman", "pull", "-q", "--tls-verify=false", "--arch", "arm64", $"{registry.Domain}/to:v1");
        Assert.Contains("arm64", await ContainersAsync("podman", "image", "inspect", arm.Trim()));
    }

    private async Task<ClusterImage> BuildAsync(LayerCompression compression, string content = "hello", params string[] platforms)
    {
        _fixture.Context.File("bin/busybox").File("etc/motd", content);
        if (!File.Exists(_fixture.Context["etc/message"]))
            _fixture.Context.Link("etc/message", "motd");
        File.Copy(Peer.Require("busybox"), _fixture.Context["bin/busybox"], overwrite: true);
        File.SetUnixFileMode(_fixture.Context["bin/busybox"], (UnixFileMode)0b111_101_101);
        return await _fixture.BuildAsync(
            "FROM scratch|COPY bin bin|COPY etc etc|LABEL made=of-the-test|CMDS [\"echo launched\"]",
            o => o with
            {
                Compression = compression,
                Platforms = platforms.Length > 0 ? [.. platforms.Select(Platform.Parse)] : o.Platforms,
            });
    }

    private async Task<string> ExportAsync(ClusterImage image, ArchiveFormat format)
    {
        var path = Path.Combine(Exported, format.ToString().ToLowerInvariant());
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        if (File.Exists(path))
            File.Delete(path);
        await ArchiveExport.WriteAsync(_fixture.Store, [(ImageReference.Parse("example.com/built:v1"), image.Descriptor)], path, format, new(), null, default);
        return path;
    }

    /// <summary>Builds an image and gives it to podman.</summary>
    private async Task<ClusterImage> LoadAsync(string name, string content = "hello")
    {
        var image = await BuildAsync(LayerCompression.Gzip, content);
        var id = (await ContainersAsync("podman", "load", "-q", "-i", await ExportAsync(image, ArchiveFormat.OciArchive))).Trim().Split(' ')[^1];
        await ContainersAsync("podman", "tag", id, name);
        await ContainersAsync("podman", "untag", id, "example.com/built:v1");
        return image;
    }

    private async Task<ClusterImage> ImportAsync(string path)
    {
        var store = ImageStore.Open(_temp["store-" + Path.GetFileName(path)]);
        var image = Assert.Single(await ArchiveImport.ImportAsync(path, store, new(), null, default));
        return await ClusterImages.LoadAsync(store, image.Reference ?? ImageReference.Parse("none/none:v1"), image.Descriptor, default);
    }

    private async Task<ClusterImage> PullAsync(string domain)
    {
        using var client = new Sealer.Registries.RegistryClient(new() { PlainHttp = [domain], CertificateFolders = [] });
        var name = ImageReference.Parse($"{domain}/to:v1");
        var repository = client.Repository(name);
        var store = ImageStore.Open(_temp["pulled"]);
        var root = await ImageCopier.CopyAsync(repository, (await repository.ResolveAsync(name, default))!, store, new(), null, default);
        return await ClusterImages.LoadAsync(store, name, root, default);
    }

    private Task<string> ContainersAsync(string program, params string[] arguments) =>
        Peer.RunAsync(program, ["--root", _temp["containers"], "--runroot", _temp["run"], "--storage-driver", "vfs", .. arguments]);
}
