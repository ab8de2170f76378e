using System.Text.Json;
using Sealer.Images;
using Sealer.Images.Archives;
using Sealer.Tests.Peers;

namespace Sealer.Tests.Images.Archives;

/// <summary>What Debian's skopeo, podman and buildah make of our archives, and we of theirs.</summary>
[Trait("Tier", "parts")]
public sealed class PeerArchiveTests : ArchiveTestBase
{
    private static readonly byte[] Tar = TinyTar.Of(("etc/hello", "hello"u8.ToArray()), ("data", new byte[2_000_000]));

    [LinuxTheory]
    [InlineData(ArchiveFormat.OciArchive, "oci-archive:")]
    [InlineData(ArchiveFormat.OciFolder, "oci:")]
    [InlineData(ArchiveFormat.DockerArchive, "docker-archive:")]
    [InlineData(ArchiveFormat.DockerFolder, "dir:")]
    public async Task Skopeo_reads_what_we_write_and_copies_it_whole(ArchiveFormat format, string transport)
    {
        foreach (var (kind, image) in await ImagesAsync())
        {
            var path = await ExportAsync(image, format, name: $"{kind}.{format}");
            var inspected = await Peer.RunAsync("skopeo", ["inspect", "--raw", transport + path]);
            using var manifest = JsonDocument.Parse(inspected);
            Assert.Equal(2, manifest.RootElement.GetProperty("schemaVersion").GetInt32());
            if (format is ArchiveFormat.OciArchive or ArchiveFormat.OciFolder)
                Assert.Equal(image.Digest, Digest.Of(System.Text.Encoding.UTF8.GetBytes(inspected)));

            // Copying verifies every digest, and that of the plain layers too.
            var copy = Temp[$"{kind}.{format}.copy"];
            await Peer.RunAsync("skopeo", ["copy", "-q", transport + path, "oci:" + copy + ":v1"]);
            var (store, root) = await ImportAsync(copy, $"store-{kind}-{format}");
            Assert.Equal(Digest.Of(Tar), (await DescribeAsync(store, root)).Config.Rootfs.DiffIds.Single());
        }
    }

    [LinuxTheory]
    [InlineData(ArchiveFormat.OciArchive)]
    [InlineData(ArchiveFormat.DockerArchive)]
    public async Task Podman_loads_what_we_write_under_its_name(ArchiveFormat format)
    {
        foreach (var (kind, image) in await ImagesAsync())
        {
            var path = await ExportAsync(image, format, name: $"{kind}.tar");
            await PodmanAsync("load", "-q", "-i", path);
            var inspected = await PodmanAsync("image", "inspect", Name.ToString());
            Assert.Contains(Digest.Of(Tar).ToString(), inspected);
            Assert.Contains(SealerAnnotations.Extension, inspected);
            await PodmanAsync("rmi", "-f", Name.ToString());
        }
    }

    [LinuxFact]
    public async Task Buildah_builds_upon_what_we_write()
    {
        foreach (var (kind, image) in await ImagesAsync())
        {
            foreach (var (format, transport) in new[] { (ArchiveFormat.OciArchive, "oci-archive:"), (ArchiveFormat.DockerArchive, "docker-archive:") })
            {
                var path = await ExportAsync(image, format, name: $"{kind}.{format}");
                var container = (await BuildahAsync("from", "--pull-always", transport + path)).Trim();
                var mounted = (await BuildahAsync("mount", container)).Trim();
                Assert.Equal("hello", File.ReadAllText(Path.Combine(mounted, "etc/hello")));
                await BuildahAsync("umount", container);
                await BuildahAsync("rm", container);
            }
        }
    }

    [LinuxFact]
    public async Task We_read_what_skopeo_writes_in_every_form()
    {
        var image = (await ImagesAsync())["gzip"];
        var path = await ExportAsync(image, ArchiveFormat.OciArchive);
        foreach (var transport in new[] { "oci-archive:{0}:example.com/a:b", "oci:{0}:example.com/a:b", "docker-archive:{0}:example.com/a:b", "dir:{0}" })
        {
            var name = transport[..transport.IndexOf(':', StringComparison.Ordinal)];
            await Peer.RunAsync("skopeo", ["copy", "-q", "oci-archive:" + path, string.Format(null, transport, Temp[name])]);
            var (store, root) = await ImportAsync(Temp[name], "store-" + name);
            Assert.Equal(Digest.Of(Tar), (await DescribeAsync(store, root)).Config.Rootfs.DiffIds.Single());
            if (name != "dir")
                Assert.Equal("example.com/a:b", store.List().Single().Reference!.ToString());
        }
    }

    [LinuxFact]
    public async Task We_read_what_podman_saves()
    {
        await PodmanAsync("load", "-q", "-i", await ExportAsync((await ImagesAsync())["gzip"], ArchiveFormat.OciArchive));
        foreach (var format in new[] { "oci-archive", "docker-archive", "oci-dir", "docker-dir" })
        {
            await PodmanAsync("save", "-q", "--format", format, "-o", Temp[format], Name.ToString());
            var (store, root) = await ImportAsync(Temp[format], "store-" + format);
            Assert.Equal(Digest.Of(Tar), (await DescribeAsync(store, root)).Config.Rootfs.DiffIds.Single());
        }
    }

    /// <summary>One cluster image, packed in the three ways.</summary>
    private async Task<Dictionary<string, Descriptor>> ImagesAsync() => new()
    {
        ["plain"] = await PackedImage.WriteAsync(Store, MediaType.OciLayer, Tar, Tar, ClusterImage),
        ["gzip"] = await PackedImage.WriteAsync(Store, MediaType.OciLayerGzip, PackedImage.Gzip(Tar), Tar, ClusterImage),
        ["zstd"] = await PackedImage.WriteAsync(Store, MediaType.OciLayerZstd, PackedImage.Zstd(Tar, sized: true), Tar, ClusterImage),
    };

    private Task<string> PodmanAsync(params string[] arguments) => Peer.RunAsync("podman", [.. Storage, .. arguments]);

    private Task<string> BuildahAsync(params string[] arguments) => Peer.RunAsync("buildah", [.. Storage, .. arguments]);

    private string[] Storage => ["--root", Temp["containers"], "--runroot", Temp["containers-run"], "--storage-driver", "vfs"];
}
