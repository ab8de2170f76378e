using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sealer.Images.Storage;

/// <summary>The file <c>store.json</c>: says that a folder is a store, and of which format.</summary>
internal sealed record StoreMarker([property: JsonPropertyName("version")] int Version);

/// <summary>The head of a recipe file; the inline bytes follow it, in the order of their parts.</summary>
internal sealed record RecipeHead(
    [property: JsonPropertyName("size")] long Size,
    [property: JsonPropertyName("parts")] IReadOnlyList<RecipeHeadPart> Parts);

/// <summary>One part: inline bytes where there is no blob.</summary>
internal sealed record RecipeHeadPart(
    [property: JsonPropertyName("length")] long Length,
    [property: JsonPropertyName("blob"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Digest? Blob,
    [property: JsonPropertyName("offset"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] long Offset);

/// <summary>A document of the cache, with the blobs that it keeps alive.</summary>
internal sealed record CacheDocument(
    [property: JsonPropertyName("key")] string Key,
    [property: JsonPropertyName("blobs")] IReadOnlyList<Digest> Blobs,
    [property: JsonPropertyName("value")] JsonElement Value);

[JsonSerializable(typeof(StoreMarker))]
[JsonSerializable(typeof(RecipeHead))]
[JsonSerializable(typeof(CacheDocument))]
internal sealed partial class StoreJson : JsonSerializerContext;
