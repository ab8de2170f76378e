using System.Collections.Immutable;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Sealer.Images;

/// <summary>
/// The document that <c>sealer inspect</c> prints (sealer's ImageSpec). Manifest and config are shown from their stored
/// bytes, so that nothing is lost: times have nanoseconds and other tools add fields.
/// </summary>
internal static class InspectDocument
{
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, WriteIndented = true };

    /// <summary>Writes the document, indented by four like sealer's.</summary>
    public static string Write(ClusterImage image)
    {
        if (image.IsIndex)
        {
            image = image.Images.FirstOrDefault(i => i.Platforms.Any(Platform.Default.Accepts))
                ?? image.Images.FirstOrDefault()
                ?? image;
        }

        return IndentByFour(Create(image.RequireClusterImage()).ToJsonString(Plain));
    }

    private static JsonObject Create(ClusterImage image)
    {
        var manifest = Parse(image.ManifestJson);
        if (manifest["annotations"] is JsonObject annotations)
        {
            annotations.Remove(SealerAnnotations.Extension);
            annotations.Remove(SealerAnnotations.ContainerImages);
            if (annotations.Count == 0)
                manifest.Remove("annotations");
        }

        var config = Parse(image.ConfigJson);
        (config["config"] as JsonObject)?.Remove("Labels");

        var extension = image.Extension! with { Labels = CollapsedLabels(image) };
        var spec = new JsonObject
        {
            ["id"] = image.Id.Hex,
            ["name"] = image.FullName,
            ["digest"] = image.Digest.ToString(),
            ["manifestv1"] = manifest,
            ["ociv1"] = config,
            ["imageExtension"] = JsonNode.Parse(OciJson.Write(extension)),
        };
        if (image.ContainerImageEntries.Count > 0)
            spec["containerImageList"] = JsonNode.Parse(OciJson.Write(image.ContainerImageEntries));
        return spec;
    }

    /// <summary>sealer shows all <c>kube-cni-NAME</c> labels as one, <c>kube-cni</c>, whose value is the JSON array of names.</summary>
    private static ImmutableSortedDictionary<string, string>? CollapsedLabels(ClusterImage image)
    {
        var labels = image.Labels.ToImmutableSortedDictionary(StringComparer.Ordinal);
        labels = Collapse(labels, SealerAnnotations.CniLabelPrefix, image.Cni);
        labels = Collapse(labels, SealerAnnotations.CsiLabelPrefix, image.Csi);
        return labels.Count == 0 ? null : labels;
    }

    private static ImmutableSortedDictionary<string, string> Collapse(
        ImmutableSortedDictionary<string, string> labels, string prefix, IReadOnlyList<string> names)
    {
        if (names.Count == 0)
            return labels;
        return labels
            .RemoveRange(names.Select(n => prefix + n))
            .SetItem(prefix.TrimEnd('-'), new JsonArray([.. names.Select(n => JsonValue.Create(n))]).ToJsonString(Compact));
    }

    private static JsonSerializerOptions Compact { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static JsonObject Parse(ReadOnlyMemory<byte> json) =>
        JsonNode.Parse(json.Span) as JsonObject ?? new JsonObject();

    // A JSON string holds no raw line break, so every leading blank is indentation.
    private static string IndentByFour(string json)
    {
        var text = new StringBuilder(json.Length * 2);
        foreach (var line in json.AsSpan().EnumerateLines())
        {
            if (text.Length > 0)
                text.Append('\n');
            var indent = line.Length - line.TrimStart(' ').Length;
            text.Append(' ', indent * 2).Append(line[indent..]);
        }

        return text.ToString();
    }
}
