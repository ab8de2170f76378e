using System.Text.Json;

namespace Sealer.Images;

/// <summary>
/// Tells a manifest from an index by the content, which is what counts: what a document is announced as may be missing, or a
/// lie (<see cref="MediaType.IsIndex"/> and <see cref="MediaType.IsManifest"/> only read the announcement). Nowhere else is
/// that decided.
/// </summary>
internal static class ManifestKind
{
    /// <summary>
    /// Which of the members a document has that make an index (<c>manifests</c>) or a manifest (<c>layers</c>, <c>config</c>).
    /// With both, two tools would see two images under one digest (CVE-2021-41190): refuse it.
    /// </summary>
    /// <exception cref="JsonException">It is no JSON, or nested too deep.</exception>
    public static (bool IsIndex, bool IsManifest) Shape(ReadOnlySpan<byte> json)
    {
        var (isIndex, isManifest) = (false, false);
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 32 });
        while (reader.Read())
        {
            if (reader.CurrentDepth != 1 || reader.TokenType != JsonTokenType.PropertyName)
                continue;
            isIndex |= reader.ValueTextEquals("manifests");
            isManifest |= reader.ValueTextEquals("layers") || reader.ValueTextEquals("config");
        }

        return (isIndex, isManifest);
    }

    /// <summary>
    /// Of a document that must be one of them: true where it is an index, false where it is a manifest. One that could be read
    /// as both, or that is announced as the other, is refused.
    /// </summary>
    /// <exception cref="SealerException"><c>InvalidManifest</c>.</exception>
    public static bool IsIndex(ReadOnlySpan<byte> json, Descriptor descriptor)
    {
        bool isIndex, isManifest;
        try
        {
            (isIndex, isManifest) = Shape(json);
        }
        catch (JsonException e)
        {
            throw new SealerException("InvalidManifest", ErrorKind.InvalidContent, $"The manifest {descriptor.Digest} cannot be read: {e.Message}", descriptor.Digest, e);
        }

        if (isIndex != isManifest)
        {
            var mediaTypeLies = isIndex ? MediaType.IsManifest(descriptor.MediaType) : MediaType.IsIndex(descriptor.MediaType);
            if (!mediaTypeLies)
                return isIndex;
        }

        throw new SealerException(
            "InvalidManifest",
            ErrorKind.InvalidContent,
            isIndex == isManifest
                ? $"The document {descriptor.Digest} is neither clearly a manifest nor clearly an index. The image is broken or hostile."
                : $"The document {descriptor.Digest} is {(isIndex ? "an index" : "a manifest")}, but is announced as {descriptor.MediaType}. The image is broken or hostile.",
            descriptor.Digest);
    }

    /// <summary>Of a blob that may be anything: the media type of a manifest or index, null of the rest.</summary>
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
