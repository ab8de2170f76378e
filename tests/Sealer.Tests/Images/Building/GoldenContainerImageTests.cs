using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Sealer.Images;
using Sealer.Images.ContainerImages.Scanning;
using Sealer.Images.Layers;
using Sealer.Tests.Peers;

namespace Sealer.Tests.Images.Building;

/// <summary>
/// <c>golden/Kubefile.cmds</c> built with its container images, from a context that asks for what sealer 0.11's result says
/// it held, against that result: the list in the annotation, the layout of <c>registry/</c>, the document of inspect.
/// </summary>
[Trait("Tier", "parts")]
public sealed partial class GoldenContainerImageTests : IDisposable
{
    private const string Domain = "127.0.0.1:5443";

    private static readonly string[] Names =
    [
        "pause:3.9", "coredns:v1.10.1", "etcd:3.5.9-0", "library/busybox:1.36", "demo/app-a:v1", "demo/big:50", "demo/big:75", "demo/big:100",
    ];

    private readonly BuildFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [GoldenFact]
    public async Task The_list_of_container_images_is_sealers()
    {
        var image = await BuildAsync();
        var golden = JsonDocument.Parse(await File.ReadAllTextAsync(Golden.PathOf("sealer-0.11-full-cmds.annotations.json")));
        var expected = golden.RootElement.GetProperty("annotations_raw").GetProperty(SealerAnnotations.ContainerImages).GetString()!;
        Assert.Equal(Ordered(expected), Ordered(image.Manifest!.Annotations![SealerAnnotations.ContainerImages]));
        Assert.Empty(_fixture.Events.OfType<Sealer.Events.WarningEvent>());

        // Each once for people, with all that asked.
        Assert.Equal(9, image.ContainerImages.Count);
        Assert.Equal(["alibaba-csi", "calico"], image.ContainerImages.Single(i => i.Image.Contains("busybox", StringComparison.Ordinal)).AppNames);
    }

    [GoldenFact]
    public async Task The_layout_of_the_registry_is_sealers()
    {
        var image = await BuildAsync();

        // Modes are of the umask that sealer ran under; ours let any user read (the registry runs as one).
        // _uploads are what its pull-through proxy left behind.
        var expected = (await File.ReadAllLinesAsync(Golden.PathOf("full-cmds.registry-layout.txt")))
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^1])
            .Where(path => !path.EndsWith("/_uploads/", StringComparison.Ordinal));
        var found = (await _fixture.FilesAsync(image)).Layers[^1].Entries
            .Select(entry => entry.Path + (entry.Kind == LayerEntryKind.Folder ? "/" : ""));
        Assert.Equal(Shape(expected), Shape(found));
        Assert.Contains("registry/docker/registry/v2/repositories/demo/multi/_manifests/revisions/sha256/*/link 2", Shape(found));
        Assert.Empty(image.ContainerImagePaths);
    }

    [GoldenFact]
    public async Task The_document_of_inspect_is_sealers_but_for_its_bugs()
    {
        var theirs = JsonNode.Parse(await File.ReadAllTextAsync(Golden.PathOf("sealer-0.11-full-cmds.inspect.json")))!.AsObject();
        var ours = JsonNode.Parse((await BuildAsync()).ToInspectJson())!.AsObject();
        foreach (var document in new[] { theirs, ours })
        {
            // Who built it, when, and of which bytes; the history's words are buildah's.
            foreach (var field in new[] { "id", "digest", "name" })
                document[field] = "";
            foreach (var field in new[] { "digest", "size" })
                document["manifestv1"]!["config"]![field] = "";
            document["manifestv1"]!["layers"] = document["manifestv1"]!["layers"]!.AsArray().Count;
            document["ociv1"]!["created"] = "";
            document["ociv1"]!["history"] = null;
            document["ociv1"]!["rootfs"]!["diff_ids"] = document["ociv1"]!["rootfs"]!["diff_ids"]!.AsArray().Count;
            document["imageExtension"]!["buildClient"] = null;
            document["imageExtension"]!["labels"]!.AsObject().Remove("io.buildah.version");
            document["imageExtension"]!["labels"]![SealerAnnotations.VersionLabel] = "";
            document["containerImageList"] = new JsonArray([.. Ordered(document["containerImageList"]!.ToJsonString()).Select(image => JsonValue.Create(image))]);

            // Bug: files of a folder have a leading slash, those given by name have none (inventory 18.7).
            foreach (var application in document["imageExtension"]!["applications"]!.AsArray())
                application!["files"] = new JsonArray([.. application["files"]!.AsArray().Select(file => JsonValue.Create(file!.GetValue<string>().TrimStart('/')))]);
        }

        // Bug: ENV is cut at blanks, so that quotes stay and what is behind them, and the form "NAME value", are lost (18.8).
        theirs["imageExtension"]!["env"] = new JsonObject { ["PORT"] = "8080", ["REGION"] = "eu west", ["SINGLE"] = "value-two" };

        // Bug: the temporary image that sealer adds container images to stays behind as the base of the result.
        theirs["manifestv1"]!.AsObject().Remove("annotations");
        Assert.True(JsonNode.DeepEquals(theirs, ours), $"sealer's: {theirs}\nours: {ours}");
    }

    private static IEnumerable<string> Ordered(string json) =>
        OciJson.ReadContainerImages(json).Select(image => image.ToString()).Order(StringComparer.Ordinal);

    /// <summary>The paths with digests made alike, and how often each is there. Prefixes of blobs may fall together by chance.</summary>
    private static IEnumerable<string> Shape(IEnumerable<string> paths) => paths
        .Select(path => DigestPattern().Replace(path, "/*"))
        .Where(path => path != "registry/docker/registry/v2/blobs/sha256/*/")
        .GroupBy(path => path)
        .Select(group => $"{group.Key} {group.Count()}")
        .Order(StringComparer.Ordinal);

    private async Task<ClusterImage> BuildAsync()
    {
        Push();
        _fixture.Context
            .File("rootfs/manifests/imageList", string.Concat(Names.Append("demo/multi:v1").Select(name => $"{Domain}/{name}\n")))
            .File("rootfs/manifests/app.yaml", $"kind: Pod\nspec:\n  containers:\n  - image: {Domain}/demo/app-a:v1 # the app\n")
            .File("app-yaml/nginx.yaml", $"spec: {{containers: [{{image: '{Domain}/demo/app-a:v1'}}]}}\n")
            .File("cni/calico.yaml", $"spec:\n  initContainers:\n  - image: {Domain}/library/busybox:1.36\n")
            .File("csi/alibaba.yaml", $"spec:\n  containers:\n  - image: \"{Domain}/library/busybox:1.36\"\n")
            .File("app-shell/install.sh", "image: not/this:one\n")
            .File("charts/webchart/Chart.yaml", "apiVersion: v2\nname: webchart\nversion: 1.0.0\n")
            .File("charts/webchart/values.yaml", $"image: {{repository: {Domain}/demo/multi, tag: v1}}\n")
            .File(
                "charts/webchart/templates/pod.yaml",
                "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: web\n    image: {{ .Values.image.repository }}:{{ .Values.image.tag }}\n");
        var helm = new HelmOptions { Path = await RealHelm.PathAsync() };
        return await _fixture.BuildAsync(await File.ReadAllTextAsync(Golden.PathOf("Kubefile.cmds")), options => options with { Helm = helm });
    }

    /// <summary>Eight images of a common layer, one of their own and a config, and one of two platforms.</summary>
    private void Push()
    {
        var registry = _fixture.Registry;
        var common = registry.Add(MediaType.OciLayer, RandomImage.Bytes(0, 2000));
        foreach (var (name, seed) in Names.Select((name, index) => (name, index + 1)))
            registry.Names[$"{Domain}/{name}"] = Image(seed, "linux/amd64", common);
        registry.Names[$"{Domain}/demo/multi:v1"] = registry.AddIndex(
            MediaType.DockerManifestList,
            [.. new[] { "linux/amd64", "linux/arm64" }.Select((platform, index) => Image(100 + index, platform, null) with { Platform = Platform.Parse(platform) })]);

        Descriptor Image(int seed, string platform, Descriptor? below)
        {
            var own = registry.Add(MediaType.OciLayer, RandomImage.Bytes(seed, 1000));
            IReadOnlyList<Descriptor> layers = below is null ? [own] : [below, own];
            var config = new ImageConfig
            {
                Architecture = Platform.Parse(platform).Architecture,
                Os = "linux",
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

    [GeneratedRegex("/([0-9a-f]{2}/)?[0-9a-f]{12,64}…?(?=/)|(?<=blobs/sha256)/[0-9a-f]{2}(?=/$)")]
    private static partial Regex DigestPattern();
}
