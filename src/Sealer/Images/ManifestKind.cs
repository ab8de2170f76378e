using System.Text.Json;

namespace Sealer.Images;

/// <summary>Tells what a JSON document is by its shape, for documents that do not say it, or must not be believed.</summary>
internal static class ManifestKind
{
    /// <summary>The media type of a manifest or index; null of anything else.</summary>
    public static string? Detect(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object)
            return null;
        var isIndex = root.TryGetProperty("manifests", out var manifests) && manifests.ValueKind == JsonValueKind.Array;
        var isManifest = root.TryGetProperty("config", out var config) && config.ValueKind == JsonValueKind.Object
            && root.TryGetProperty("layers", out var layers) && layers.ValueKind == JsonValueKind.Array;
        if (isIndex == isManifest)
            return null;
        var stated = root.TryGetProperty("mediaType", out var mediaType) && mediaType.ValueKind == JsonValueKind.String
            ? mediaType.GetString()
            : null;
        if (isIndex)
            return MediaType.IsIndex(stated) ? stated : stated is null ? MediaType.OciIndex : null;
        return MediaType.IsManifest(stated) ? stated : stated is null ? MediaType.OciManifest : null;
    }

    /// <summary>The digests that a manifest or index points to: entries, config and layers; not the subject.</summary>
    public static IEnumerable<Digest> Children(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object)
            yield break;
        foreach (var name in new[] { "manifests", "layers" })
        {
            if (!root.TryGetProperty(name, out var list) || list.ValueKind != JsonValueKind.Array)
                continue;
            foreach (var entry in list.EnumerateArray())
            {
                if (DigestOf(entry) is { } digest)
                    yield return digest;
            }
        }

        if (root.TryGetProperty("config", out var config) && DigestOf(config) is { } configDigest)
            yield return configDigest;
    }

    /// <summary>What an artifact's manifest refers to, or null.</summary>
    public static Digest? Subject(JsonElement root) =>
        root.ValueKind == JsonValueKind.Object && root.TryGetProperty("subject", out var subject) ? DigestOf(subject) : null;

    private static Digest? DigestOf(JsonElement descriptor) =>
        descriptor.ValueKind == JsonValueKind.Object
        && descriptor.TryGetProperty("digest", out var text)
        && text.ValueKind == JsonValueKind.String
        && Digest.TryParse(text.GetString(), out var digest) ? digest : null;
}
