using System.Text.Json;

namespace Sealer.Images.ContainerImages.RegistryFolder;

/// <summary>A manifest or index of a container image inside a cluster image.</summary>
/// <param name="MediaType">What it is: the storage keeps no media types, the document itself says it.</param>
/// <param name="Manifest">Where it is a manifest.</param>
/// <param name="Index">Where it is an index.</param>
internal sealed record RegistryFolderManifest(string MediaType, ImageManifest? Manifest, ImageIndex? Index)
{
    /// <summary>Reads a blob; null where it is neither.</summary>
    public static RegistryFolderManifest? TryRead(byte[] content)
    {
        if (!content.AsSpan().TrimStart(" \t\r\n"u8).StartsWith("{"u8))
            return null;
        try
        {
            string? kind;
            using (var document = JsonDocument.Parse(content, new JsonDocumentOptions { MaxDepth = 32 }))
                kind = ManifestKind.Detect(document.RootElement);
            if (Images.MediaType.IsIndex(kind))
                return new RegistryFolderManifest(kind!, null, OciJson.ReadIndex(content));
            return Images.MediaType.IsManifest(kind) ? new RegistryFolderManifest(kind!, OciJson.ReadManifest(content), null) : null;
        }
        catch (Exception e) when (e is JsonException or SealerException)
        {
            return null;
        }
    }
}
