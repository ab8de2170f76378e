using System.Text.Json.Serialization;

namespace Sealer.Images;

/// <summary>
/// An element of the annotation <c>sealer.image.container.images</c>, as sealer writes it: an image is there once for each
/// application that asked for it, and once more without an application where something else did.
/// For reading and writing the annotation; who wants to know what is inside takes <see cref="ContainerImage"/>.
/// </summary>
public sealed record ContainerImageEntry
{
    /// <summary>The full reference, Docker-normalised.</summary>
    [JsonPropertyName("image")]
    public required string Image { get; init; }

    /// <summary>The application that asked for it, if one did.</summary>
    [JsonPropertyName("appName")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? AppName { get; init; }

    /// <summary>The platform it was taken for.</summary>
    [JsonPropertyName("platform")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Platform? Platform { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Image;
}
