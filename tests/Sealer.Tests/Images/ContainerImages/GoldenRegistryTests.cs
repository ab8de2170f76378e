using System.Formats.Tar;
using System.Text.Json;
using System.Text.RegularExpressions;
using Sealer.Images;
using Sealer.Images.ContainerImages;
using Sealer.Tests.Peers;

namespace Sealer.Tests.Images.ContainerImages;

/// <summary>
/// The container images of <c>golden/Kubefile.cmds</c>, made again from what sealer 0.11's result says of them, against that
/// result: the list in the annotation, and the layout of <c>registry/</c>.
/// </summary>
[Trait("Tier", "parts")]
public sealed partial class GoldenRegistryTests : IDisposable
{
    private const string Domain = "127.0.0.1:5443";

    private static readonly string[] Names =
    [
        "pause:3.9", "coredns:v1.10.1", "etcd:3.5.9-0", "library/busybox:1.36", "demo/app-a:v1", "demo/big:50", "demo/big:75", "demo/big:100",
    ];

    private readonly RegistryFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [GoldenFact]
    public async Task The_list_of_container_images_is_sealers()
    {
        var scan = await ScanAsync();
        var expected = OciJson.ReadContainerImages(Annotation("sealer.image.container.images"));
        var found = ContainerImageList.Of(scan.Images, RegistryFixture.Amd64, RegistryTree.Empty);
        Assert.Equal(Ordered(expected), Ordered(found));
        Assert.Empty(scan.Warnings);
    }

    [GoldenFact]
    public async Task The_layout_of_the_registry_is_sealers()
    {
        await PushAsync();
        var scan = await ScanAsync();
        var fetched = await _fixture.Fetcher.FetchAsync(scan.Images, RegistryFixture.Amd64, RegistryTree.Empty, CancellationToken.None);
        var layer = await RegistryLayer.WriteAsync(
            _fixture.Store, fetched, RegistryTree.Empty, DateTimeOffset.UnixEpoch, CancellationToken.None);
        // Modes are of the umask that sealer ran under; ours let any user read (the registry runs as one).
        // _uploads are what its pull-through proxy left behind.
        var expected = (await File.ReadAllLinesAsync(Golden.PathOf("full-cmds.registry-layout.txt")))
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^1])
            .Where(path => !path.EndsWith("/_uploads/", StringComparison.Ordinal));
        var found = _fixture.Entries(layer)
            .Select(entry => entry.Entry.EntryType == TarEntryType.Directory ? entry.Entry.Name.TrimEnd('/') + "/" : entry.Entry.Name);
        Assert.Equal(Shape(expected), Shape(found));
        Assert.Contains("registry/docker/registry/v2/repositories/demo/multi/_manifests/revisions/sha256/*/link 2", Shape(found));
        Assert.Empty(layer.Paths);
    }

    private static IEnumerable<string> Ordered(IEnumerable<ContainerImageEntry> images) =>
        images.Select(image => image.ToString()).Order(StringComparer.Ordinal);

    /// <summary>The paths with digests made alike, and how often each is there. Prefixes of blobs may fall together by chance.</summary>
    private static IEnumerable<string> Shape(IEnumerable<string> paths) => paths
        .Select(path => DigestPattern().Replace(path, "/*"))
        .Where(path => path != "registry/docker/registry/v2/blobs/sha256/*/")
        .GroupBy(path => path)
        .Select(group => $"{group.Key} {group.Count()}")
        .Order(StringComparer.Ordinal);

    private static string Annotation(string name)
    {
        using var golden = JsonDocument.Parse(File.ReadAllText(Golden.PathOf("sealer-0.11-full-cmds.annotations.json")));
        return golden.RootElement.GetProperty("annotations_raw").GetProperty(name).GetString()!;
    }

    /// <summary>Eight images of a common layer, one of their own and a config, and one of two platforms.</summary>
    private async Task PushAsync()
    {
        var registry = _fixture.Of(Domain);
        var common = registry.Add(MediaType.OciLayer, RandomImage.Bytes(0, 2000));
        foreach (var (name, seed) in Names.Select((name, index) => (name, index + 1)))
            await TagAsync(name, Image(seed, RegistryFixture.Amd64, common));
        var members = new[] { "linux/amd64", "linux/arm64" }.Select(Platform.Parse)
            .Select((platform, index) => Image(100 + index, platform, null) with { Platform = platform });
        await TagAsync("demo/multi:v1", registry.AddIndex(MediaType.DockerManifestList, [.. members]));

        Task TagAsync(string name, Descriptor image) =>
            registry.TagAsync(ImageReference.Parse($"{Domain}/{name}"), image, CancellationToken.None);

        Descriptor Image(int seed, Platform platform, Descriptor? below)
        {
            var own = registry.Add(MediaType.OciLayer, RandomImage.Bytes(seed, 1000));
            IReadOnlyList<Descriptor> layers = below is null ? [own] : [below, own];
            var config = new ImageConfig
            {
                Architecture = platform.Architecture,
                Os = platform.Os,
                Rootfs = new ImageRootfs { DiffIds = [.. layers.Select(layer => layer.Digest)] },
            };
            return registry.Add(MediaType.OciManifest, OciJson.Write(new ImageManifest
            {
                MediaType = MediaType.OciManifest,
                Config = registry.Add(MediaType.OciConfig, OciJson.Write(config)),
                Layers = layers,
            }));
        }
    }

    private static async Task<ContainerImageScan> ScanAsync()
    {
        var files = new MemoryFiles
        {
            ["manifests/imageList"] = string.Concat(Names.Append("demo/multi:v1").Select(name => $"{Domain}/{name}\n")),
            ["manifests/app.yaml"] = $"kind: Pod\nspec:\n  containers:\n  - image: {Domain}/demo/app-a:v1 # the app\n",
            ["application/apps/nginx/nginx.yaml"] = $"spec: {{containers: [{{image: '{Domain}/demo/app-a:v1'}}]}}\n",
            ["application/apps/calico/calico.yaml"] = $"spec:\n  initContainers:\n  - image: {Domain}/library/busybox:1.36\n",
            ["application/apps/alibaba-csi/alibaba.yaml"] = $"spec:\n  containers:\n  - image: \"{Domain}/library/busybox:1.36\"\n",
            ["application/apps/shellapp/install.sh"] = "image: not/this:one\n",
            ["application/apps/web/Chart.yaml"] = "apiVersion: v2\nname: webchart\nversion: 1.0.0\n",
            ["application/apps/web/values.yaml"] = $"image: {{repository: {Domain}/demo/multi, tag: v1}}\n",
            ["application/apps/web/templates/pod.yaml"] =
                "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: web\n    image: {{ .Values.image.repository }}:{{ .Values.image.tag }}\n",
        };
        return await ContainerImageScanner.ScanAsync(
            new ContainerImageScanOptions { Files = files, Helm = new HelmOptions { Path = await RealHelm.PathAsync() } }, CancellationToken.None);
    }

    [GeneratedRegex("/([0-9a-f]{2}/)?[0-9a-f]{12,64}…?(?=/)|(?<=blobs/sha256)/[0-9a-f]{2}(?=/$)")]
    private static partial Regex DigestPattern();
}
