using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Sealer.Images.Archives;

/// <summary>
/// Docker's forms have no annotations, and sealer loses its own there. Here they go into labels of the config, and come
/// back out of them.
/// </summary>
internal static class SealerLabels
{
    private static readonly string[] Names = [SealerAnnotations.Extension, SealerAnnotations.ContainerImages];

    private static readonly JsonSerializerOptions Options = new()
    {
        // As OciJson writes, so that a config of ours comes back byte for byte.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The config with sealer's annotations as labels; the same bytes where there are none.</summary>
    public static byte[] Put(byte[] config, IReadOnlyDictionary<string, string>? annotations)
    {
        var found = Names.Where(n => annotations?.ContainsKey(n) == true).ToList();
        if (found.Count == 0)
            return config;
        var root = Parse(config);
        if (root["config"] is not JsonObject settings)
            root["config"] = settings = [];
        if (settings["Labels"] is not JsonObject labels)
            settings["Labels"] = labels = [];
        foreach (var name in found)
            labels[name] = annotations![name];
        return JsonSerializer.SerializeToUtf8Bytes(root, Options);
    }

    /// <summary>The config without sealer's labels, and these; the same bytes where there are none.</summary>
    public static (byte[] Config, IReadOnlyDictionary<string, string>? Annotations) Take(byte[] config)
    {
        var root = Parse(config);
        if ((root["config"] as JsonObject)?["Labels"] is not JsonObject labels || !labels.ContainsKey(SealerAnnotations.Extension))
            return (config, null);
        var annotations = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in Names)
        {
            if (labels[name] is JsonValue value && value.TryGetValue<string>(out var text))
                annotations[name] = text;
            labels.Remove(name);
        }

        var settings = (JsonObject)root["config"]!;
        if (labels.Count == 0)
            settings.Remove("Labels");
        if (settings.Count == 0)
            root.Remove("config");
        return (JsonSerializer.SerializeToUtf8Bytes(root, Options), annotations);
    }

    private static JsonObject Parse(byte[] config)
    {
        try
        {
            if (JsonNode.Parse(config, documentOptions: new JsonDocumentOptions { MaxDepth = 32 }) is JsonObject root)
                return root;
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            throw new SealerException("InvalidManifest", ErrorKind.InvalidContent, $"The image config cannot be read: {e.Message}", inner: e);
        }

        throw new SealerException("InvalidManifest", ErrorKind.InvalidContent, "The image config cannot be read: it is no object.");
    }
}
