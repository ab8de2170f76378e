using System.Formats.Tar;
using System.Text.Json.Nodes;
using Sealer.Images;

namespace Sealer.Tests.Images;

public sealed class InspectDocumentTests
{
    private readonly MemoryImages _images = new();

    [GoldenFact]
    public async Task Of_sealers_own_archive_the_document_is_sealers_own()
    {
        var archive = Golden.PathOf("sealer-0.11-simple.oci-archive.tar");
        Descriptor? named = null;
        using (var tar = new TarReader(File.OpenRead(archive)))
        {
            while (await tar.GetNextEntryAsync(copyData: true) is { } entry)
            {
                if (entry.DataStream is null)
                    continue;
                using var content = new MemoryStream();
                await entry.DataStream.CopyToAsync(content);
                if (entry.Name == "index.json")
                    named = OciJson.ReadIndex(content.ToArray()).Manifests[0];
                else
                    _images.Add("", content.ToArray());
            }
        }

        var image = await ClusterImages.LoadAsync(_images, ImageReference.Parse("localhost/simple:v1"), named!, CancellationToken.None);
        var ours = JsonNode.Parse(image.ToInspectJson())!.AsObject();
        var sealers = await Sealers("sealer-0.11-simple.inspect.json");

        // sealer compresses layers when it saves, so that the archive's manifest is not the one it inspected.
        Assert.Equal(Keys(sealers), Keys(ours));
        foreach (var field in new[] { "id", "name", "ociv1", "imageExtension" })
            AssertSame(sealers[field], ours[field]);
        foreach (var field in new[] { "schemaVersion", "mediaType", "config", "annotations" })
            AssertSame(sealers["manifestv1"]![field], ours["manifestv1"]![field]);
    }

    [GoldenFact]
    public async Task Of_everything_a_Kubefile_can_say_the_document_is_sealers_own()
    {
        var sealers = await Sealers("sealer-0.11-full-cmds.inspect.json");
        var stored = JsonNode.Parse(await File.ReadAllTextAsync(Golden.PathOf("sealer-0.11-full-cmds.annotations.json")))!;

        // The 176 MB archive is not kept; its documents are put together again from what inspect and skopeo said.
        var config = sealers["ociv1"]!.DeepClone().AsObject();
        config["config"]!["Labels"] = stored["labels"]!.DeepClone();
        var manifest = sealers["manifestv1"]!.DeepClone().AsObject();
        manifest["config"] = Node(_images.Add(MediaType.OciConfig, config.ToJsonString()));
        manifest["annotations"] = stored["annotations_raw"]!.DeepClone();
        var descriptor = _images.Add(MediaType.OciManifest, manifest.ToJsonString());

        var image = await ClusterImages.LoadAsync(_images, ImageReference.Parse("localhost/full:cmds"), descriptor, CancellationToken.None);
        var ours = JsonNode.Parse(image.ToInspectJson())!.AsObject();

        sealers["id"] = image.Id.Hex;
        sealers["digest"] = image.Digest.ToString();
        sealers["manifestv1"]!["config"] = manifest["config"]!.DeepClone();
        AssertSame(sealers, ours);
    }

    [Fact]
    public async Task The_document_is_indented_by_four_and_breaks_lines_alike_everywhere()
    {
        var image = await ClusterImages.LoadAsync(_images, ImageReference.Parse("a"), _images.AddImage("{}"), CancellationToken.None);
        var text = image.ToInspectJson();
        Assert.StartsWith("{\n    \"id\": \"", text, StringComparison.Ordinal);
        Assert.Contains("\n        \"schemaVersion\": 2", text, StringComparison.Ordinal);
        Assert.DoesNotContain('\r', text);
    }

    [Fact]
    public async Task Of_an_ordinary_image_there_is_no_such_document()
    {
        var image = await ClusterImages.LoadAsync(_images, null, _images.AddImage(null), CancellationToken.None);
        Assert.Equal("NotAClusterImage", Assert.Throws<SealerException>(image.ToInspectJson).Id);
    }

    private static async Task<JsonObject> Sealers(string file) =>
        JsonNode.Parse(await File.ReadAllTextAsync(Golden.PathOf(file)))!.AsObject();

    private static List<string> Keys(JsonObject o) => [.. o.Select(p => p.Key)];

    private static JsonObject Node(Descriptor d) => new() { ["mediaType"] = d.MediaType, ["digest"] = d.Digest.ToString(), ["size"] = d.Size };

    private static void AssertSame(JsonNode? expected, JsonNode? actual) =>
        Assert.True(JsonNode.DeepEquals(expected, actual), $"sealer's: {expected}\nours: {actual}");
}
