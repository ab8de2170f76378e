using System.Text.Json;
using Sealer.Images;
using Sealer.Registries.Connections;

namespace Sealer.Registries.Content;

/// <summary>The few fields of a manifest or index that the protocol needs, whatever else it holds.</summary>
internal sealed record ManifestDocument(string MediaType, Descriptor? Subject, string? ArtifactType, IReadOnlyDictionary<string, string>? Annotations)
{
    /// <summary>Reads a document and refuses one that can be taken for two things (CVE-2021-41190).</summary>
    /// <param name="host">The registry it comes from or goes to.</param>
    /// <param name="body">The bytes.</param>
    /// <param name="declared">The type its descriptor or <c>Content-Type</c> tells; null where neither does.</param>
    /// <param name="place">The name of it, for messages.</param>
    /// <exception cref="SealerException"><c>InvalidManifest</c>, <c>MediaTypeMismatch</c>, <c>UnsupportedManifest</c>.</exception>
    public static ManifestDocument Read(RegistryHost host, ReadOnlyMemory<byte> body, string? declared, string place)
    {
        try
        {
            using var document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = 32 });
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
                throw new JsonException("It is not a JSON object.");
            var type = TypeOf(host, root, ManifestKind.Shape(body.Span), declared, place);
            return new ManifestDocument(
                type,
                root.TryGetProperty("subject", out var subject) && subject.ValueKind == JsonValueKind.Object
                    ? subject.Deserialize<Descriptor>()
                    : null,
                Text(root, "artifactType")
                    ?? (root.TryGetProperty("config", out var config) && config.ValueKind == JsonValueKind.Object ? Text(config, "mediaType") : null),
                root.TryGetProperty("annotations", out var annotations) && annotations.ValueKind == JsonValueKind.Object
                    ? annotations.Deserialize<Dictionary<string, string>>()
                    : null);
        }
        catch (JsonException e)
        {
            throw new SealerException(
                "InvalidManifest", ErrorKind.InvalidContent, $"The manifest of {place} cannot be read: {RegistryFailure.Quote(host, e.Message)}", place);
        }
    }

    /// <summary>The type of a <c>Content-Type</c> header where it tells anything about manifests.</summary>
    public static string? Declared(string? contentType)
    {
        var type = contentType?.Split(';')[0].Trim();
        return type is null or "" or "application/json" or "text/plain" or "application/octet-stream" ? null : type;
    }

    private static string TypeOf(
        RegistryHost host, JsonElement root, (bool IsIndex, bool IsManifest) shape, string? declared, string place)
    {
        var inside = Text(root, "mediaType");
        if (declared is not null && inside is not null && declared != inside)
            throw Mismatch(host, place, $"it is declared as {declared} but says {inside} inside");
        if (shape is (true, true))
            throw Mismatch(host, place, "it has both layers and manifests");
        var type = declared ?? inside ?? (shape.IsIndex ? Images.MediaType.OciIndex : shape.IsManifest ? Images.MediaType.OciManifest : null);
        if (!Images.MediaType.IsManifest(type) && !Images.MediaType.IsIndex(type))
        {
            throw new SealerException(
                "UnsupportedManifest",
                ErrorKind.NotSupported,
                $"{place} is of the type {RegistryFailure.Quote(host, type ?? "(none)")}, which is not an image in OCI's or Docker's second schema. Push it again with a current tool.",
                place);
        }

        if (Images.MediaType.IsManifest(type) ? shape.IsIndex : shape.IsManifest)
            throw Mismatch(host, place, $"it is declared as {type} but its content is the other kind");
        return type!;
    }

    private static SealerException Mismatch(RegistryHost host, string place, string how) => new(
        "MediaTypeMismatch",
        ErrorKind.InvalidContent,
        $"The manifest of {place} is refused: {RegistryFailure.Quote(host, how)}. The registry is broken or hostile.",
        place);

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
