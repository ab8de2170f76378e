using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Sealer.Images;

/// <summary>
/// Reading and writing the JSON documents of an image. Documents of others are kept as the bytes they came in, because
/// their digest is of those bytes; only documents of our own are written.
/// </summary>
public static class OciJson
{
    /// <summary>Registries hold manifests to 4 MiB; so do we, so that no hostile document fills the memory.</summary>
    public const int MaxManifestSize = 4 * 1024 * 1024;

    private static readonly OciJsonContext Context = new(new JsonSerializerOptions
    {
        // The content is never put into HTML; escaping would only change digests against other tools' output.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        MaxDepth = 32,
    });

    /// <summary>Reads an image manifest.</summary>
    /// <exception cref="SealerException"><c>InvalidManifest</c>: not one, or larger than 4 MiB.</exception>
    public static ImageManifest ReadManifest(ReadOnlySpan<byte> json) => Read(json, Context.ImageManifest, "image manifest");

    /// <summary>Reads an index or manifest list.</summary>
    /// <exception cref="SealerException"><c>InvalidManifest</c>: not one, or larger than 4 MiB.</exception>
    public static ImageIndex ReadIndex(ReadOnlySpan<byte> json) => Read(json, Context.ImageIndex, "image index");

    /// <summary>Reads an image config.</summary>
    /// <exception cref="SealerException"><c>InvalidManifest</c>: not one, or larger than 4 MiB.</exception>
    public static ImageConfig ReadConfig(ReadOnlySpan<byte> json) => Read(json, Context.ImageConfig, "image config");

    /// <summary>Reads the annotation <c>sealer.image.extension</c>.</summary>
    /// <exception cref="SealerException"><c>InvalidManifest</c>: not valid.</exception>
    public static ImageExtension ReadExtension(string json) =>
        Read(System.Text.Encoding.UTF8.GetBytes(json), Context.ImageExtension, SealerAnnotations.Extension);

    /// <summary>Reads the annotation <c>sealer.image.container.images</c>.</summary>
    /// <exception cref="SealerException"><c>InvalidManifest</c>: not valid.</exception>
    public static IReadOnlyList<ContainerImage> ReadContainerImages(string json) =>
        Read(System.Text.Encoding.UTF8.GetBytes(json), Context.IReadOnlyListContainerImage, SealerAnnotations.ContainerImages);

    /// <summary>Writes a manifest; the same manifest gives the same bytes.</summary>
    public static byte[] Write(ImageManifest manifest) => JsonSerializer.SerializeToUtf8Bytes(manifest, Context.ImageManifest);

    /// <summary>Writes an index; the same index gives the same bytes.</summary>
    public static byte[] Write(ImageIndex index) => JsonSerializer.SerializeToUtf8Bytes(index, Context.ImageIndex);

    /// <summary>Writes a config; the same config gives the same bytes.</summary>
    public static byte[] Write(ImageConfig config) => JsonSerializer.SerializeToUtf8Bytes(config, Context.ImageConfig);

    /// <summary>Writes the value of <c>sealer.image.extension</c>.</summary>
    public static string Write(ImageExtension extension) => JsonSerializer.Serialize(extension, Context.ImageExtension);

    /// <summary>Writes the value of <c>sealer.image.container.images</c>.</summary>
    public static string Write(IReadOnlyList<ContainerImage> images) =>
        JsonSerializer.Serialize(images, Context.IReadOnlyListContainerImage);

    private static T Read<T>(ReadOnlySpan<byte> json, JsonTypeInfo<T> type, string what)
    {
        if (json.Length > MaxManifestSize)
        {
            throw new SealerException(
                "ManifestTooLarge",
                ErrorKind.InvalidContent,
                $"The {what} has {json.Length} bytes; more than {MaxManifestSize} is refused. The image is broken or hostile.");
        }

        try
        {
            return JsonSerializer.Deserialize(json, type)
                ?? throw new JsonException("The document is null.");
        }
        catch (JsonException e)
        {
            throw new SealerException(
                "InvalidManifest",
                ErrorKind.InvalidContent,
                $"The {what} cannot be read: {e.Message}",
                inner: e);
        }
    }
}

[JsonSerializable(typeof(ImageManifest))]
[JsonSerializable(typeof(ImageIndex))]
[JsonSerializable(typeof(ImageConfig))]
[JsonSerializable(typeof(ImageExtension))]
[JsonSerializable(typeof(IReadOnlyList<ContainerImage>))]
internal sealed partial class OciJsonContext : JsonSerializerContext;
