using System.Text.Encodings.Web;
using System.Text.Json;

namespace Sealer.Images;

/// <summary>
/// Reading and writing the JSON documents of an image. Documents of others are kept as the bytes they came in, because
/// their digest is of those bytes; only documents of our own are written.
/// </summary>
public static class OciJson
{
    /// <summary>Registries hold manifests to 4 MiB; so do we, so that no hostile document fills the memory.</summary>
    public const int MaxManifestSize = 4 * 1024 * 1024;

    // By reflection: generated code sets what is absent to null, where our records have a default, and takes no extension data.
    private static readonly JsonSerializerOptions Options = new()
    {
        // The content is never put into HTML; escaping would only change digests against other tools' output.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        MaxDepth = 32,
    };

    /// <summary>Reads an image manifest.</summary>
    /// <exception cref="SealerException"><c>InvalidManifest</c>: not one, or larger than 4 MiB.</exception>
    public static ImageManifest ReadManifest(ReadOnlySpan<byte> json)
    {
        var manifest = Read<ImageManifest>(json, "image manifest");
        Require(IsWhole(manifest.Config) && manifest.Layers is not null && manifest.Layers.All(IsWhole), "image manifest");
        return manifest;
    }

    /// <summary>Reads an index or manifest list.</summary>
    /// <exception cref="SealerException"><c>InvalidManifest</c>: not one, or larger than 4 MiB.</exception>
    public static ImageIndex ReadIndex(ReadOnlySpan<byte> json)
    {
        var index = Read<ImageIndex>(json, "image index");
        Require(index.Manifests is not null && index.Manifests.All(IsWhole), "image index");
        return index;
    }

    /// <summary>Reads an image config.</summary>
    /// <exception cref="SealerException"><c>InvalidManifest</c>: not one, or larger than 4 MiB.</exception>
    public static ImageConfig ReadConfig(ReadOnlySpan<byte> json)
    {
        var config = Read<ImageConfig>(json, "image config");
        Require(config.Rootfs?.DiffIds is not null && config.Architecture is not null && config.Os is not null, "image config");
        return config;
    }

    /// <summary>Reads the annotation <c>sealer.image.extension</c>.</summary>
    /// <exception cref="SealerException"><c>InvalidManifest</c>: not valid.</exception>
    public static ImageExtension ReadExtension(string json) =>
        Read<ImageExtension>(System.Text.Encoding.UTF8.GetBytes(json), SealerAnnotations.Extension);

    /// <summary>Reads the annotation <c>sealer.image.container.images</c>.</summary>
    /// <exception cref="SealerException"><c>InvalidManifest</c>: not valid.</exception>
    public static IReadOnlyList<ContainerImageEntry> ReadContainerImages(string json) =>
        Read<IReadOnlyList<ContainerImageEntry>>(System.Text.Encoding.UTF8.GetBytes(json), SealerAnnotations.ContainerImages);

    /// <summary>Writes a manifest; the same manifest gives the same bytes.</summary>
    public static byte[] Write(ImageManifest manifest) => JsonSerializer.SerializeToUtf8Bytes(manifest, Options);

    /// <summary>Writes an index; the same index gives the same bytes.</summary>
    public static byte[] Write(ImageIndex index) => JsonSerializer.SerializeToUtf8Bytes(index, Options);

    /// <summary>Writes a config; the same config gives the same bytes.</summary>
    public static byte[] Write(ImageConfig config) => JsonSerializer.SerializeToUtf8Bytes(config, Options);

    /// <summary>Writes the value of <c>sealer.image.extension</c>.</summary>
    public static string Write(ImageExtension extension) => JsonSerializer.Serialize(extension, Options);

    /// <summary>Writes the value of <c>sealer.image.container.images</c>.</summary>
    public static string Write(IReadOnlyList<ContainerImageEntry> images) =>
        JsonSerializer.Serialize(images, Options);

    // 'required' holds for absent members only; JSON's null, and default(Digest), pass the serializer.
    private static bool IsWhole(Descriptor? descriptor) =>
        descriptor is { MediaType: not null, Size: >= 0 } && !descriptor.Digest.IsEmpty;

    private static void Require(bool condition, string what)
    {
        if (!condition)
        {
            throw new SealerException(
                "InvalidManifest",
                ErrorKind.InvalidContent,
                $"The {what} cannot be read: something in it that must be there is null, empty or negative.");
        }
    }

    private static T Read<T>(ReadOnlySpan<byte> json, string what)
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
            return JsonSerializer.Deserialize<T>(json, Options)
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
