using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sealer.Images.ContainerImages;

/// <summary>The annotation <see cref="SealerAnnotations.ContainerImagePaths"/>.</summary>
public static class ContainerImagePaths
{
    /// <summary>Reads it.</summary>
    /// <exception cref="SealerException"><c>InvalidManifest</c>: it is not a JSON object of strings.</exception>
    public static IReadOnlyDictionary<string, string> Read(string json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, ContainerImagePathsJson.Default.SortedDictionaryStringString)
                ?? throw new JsonException("The document is null.");
        }
        catch (JsonException e)
        {
            throw new SealerException(
                "InvalidManifest",
                ErrorKind.InvalidContent,
                $"The annotation {SealerAnnotations.ContainerImagePaths} cannot be read: {e.Message}",
                inner: e);
        }
    }

    /// <summary>Writes it; the same paths give the same text.</summary>
    public static string Write(IReadOnlyDictionary<string, string> paths) => JsonSerializer.Serialize(
        new SortedDictionary<string, string>(paths.ToDictionary(), StringComparer.Ordinal),
        ContainerImagePathsJson.Default.SortedDictionaryStringString);
}

[JsonSerializable(typeof(SortedDictionary<string, string>))]
internal sealed partial class ContainerImagePathsJson : JsonSerializerContext;
