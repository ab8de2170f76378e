using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sealer.Images.ContainerImages.RegistryFolder;

/// <summary>The annotation <see cref="SealerAnnotations.ContainerImagePaths"/>.</summary>
public static class ContainerImagePaths
{
    /// <summary>Reads it, and leaves out what is not to be trusted.</summary>
    /// <exception cref="SealerException"><c>InvalidManifest</c>: it is not a JSON object of strings.</exception>
    public static IReadOnlyDictionary<string, string> Read(string json)
    {
        try
        {
            return Trusted(JsonSerializer.Deserialize(json, ContainerImagePathsJson.Default.SortedDictionaryStringString)
                ?? throw new JsonException("The document is null."));
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

    /// <summary>
    /// The annotation is a stranger's, its paths become paths of files, and any but the one of the rule could point a name at
    /// another image's files: only what the rule gives is kept.
    /// </summary>
    internal static IReadOnlyDictionary<string, string> Trusted(IReadOnlyDictionary<string, string> paths) => paths
        .Where(entry => ImageReference.TryParse(entry.Key, out var reference, out _) && entry.Value == RegistryFolderPath.UnderDomain(reference))
        .ToImmutableSortedDictionary(StringComparer.Ordinal);

    /// <summary>Writes it; the same paths give the same text.</summary>
    public static string Write(IReadOnlyDictionary<string, string> paths) => JsonSerializer.Serialize(
        new SortedDictionary<string, string>(paths.ToDictionary(), StringComparer.Ordinal),
        ContainerImagePathsJson.Default.SortedDictionaryStringString);
}

[JsonSerializable(typeof(SortedDictionary<string, string>))]
internal sealed partial class ContainerImagePathsJson : JsonSerializerContext;
