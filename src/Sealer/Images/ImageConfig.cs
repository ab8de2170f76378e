using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sealer.Images;

/// <summary>The config of an image: platform, settings, the digests of its uncompressed layers, and its history.</summary>
public sealed record ImageConfig
{
    /// <summary>When the image was made; ours is a function of the inputs, never of the clock.</summary>
    [JsonPropertyName("created")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? Created { get; init; }

    /// <summary>Who made it (MAINTAINER).</summary>
    [JsonPropertyName("author")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Author { get; init; }

    /// <summary>For example <c>amd64</c>.</summary>
    [JsonPropertyName("architecture")]
    public required string Architecture { get; init; }

    /// <summary>For example <c>linux</c>.</summary>
    [JsonPropertyName("os")]
    public required string Os { get; init; }

    /// <summary>For example <c>v8</c>.</summary>
    [JsonPropertyName("variant")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Variant { get; init; }

    /// <summary>Environment, labels and the like.</summary>
    [JsonPropertyName("config")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ImageSettings? Settings { get; init; }

    /// <summary>The uncompressed layers, lowest first.</summary>
    [JsonPropertyName("rootfs")]
    public required ImageRootfs Rootfs { get; init; }

    /// <summary>One entry an instruction.</summary>
    [JsonPropertyName("history")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ImageHistory>? History { get; init => field = Listed.Of(value); }

    /// <summary>What else the config held (Docker adds fields); kept when an image is built upon.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Other { get; init; }

    /// <summary>The platform that the config names.</summary>
    [JsonIgnore]
    public Platform Platform => new() { Os = Os, Architecture = Architecture, Variant = Variant };

    /// <inheritdoc/>
    public override string ToString() => Platform.ToString();
}

/// <summary>The part of an image config that containers see.</summary>
public sealed record ImageSettings
{
    /// <summary><c>NAME=value</c> each.</summary>
    [JsonPropertyName("Env")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Env { get; init => field = Listed.Of(value); }

    /// <summary>Labels; some have a meaning to sealer, see <see cref="SealerAnnotations"/>.</summary>
    [JsonPropertyName("Labels")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>What else was there (Cmd, Entrypoint, User, ...); kept when an image is built upon.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Other { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Env?.Count ?? 0} variables, {Labels?.Count ?? 0} labels";
}

/// <summary>The digests of an image's uncompressed layers.</summary>
public sealed record ImageRootfs
{
    /// <summary>Always <c>layers</c>.</summary>
    [JsonPropertyName("type")]
    public string Type { get; init; } = "layers";

    /// <summary>Lowest first; as many as the manifest has layers.</summary>
    [JsonPropertyName("diff_ids")]
    public required IReadOnlyList<Digest> DiffIds { get; init => field = Listed.Of(value); }

    /// <inheritdoc/>
    public override string ToString() => $"{DiffIds.Count} {Type}";
}

/// <summary>How one layer or setting came about.</summary>
public sealed record ImageHistory
{
    /// <summary>When; ours is a function of the inputs.</summary>
    [JsonPropertyName("created")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? Created { get; init; }

    /// <summary>The instruction.</summary>
    [JsonPropertyName("created_by")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? CreatedBy { get; init; }

    /// <summary>Who.</summary>
    [JsonPropertyName("author")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Author { get; init; }

    /// <summary>A remark.</summary>
    [JsonPropertyName("comment")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Comment { get; init; }

    /// <summary>True where the instruction made no layer.</summary>
    [JsonPropertyName("empty_layer")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool EmptyLayer { get; init; }

    /// <inheritdoc/>
    public override string ToString() => CreatedBy ?? "";
}
