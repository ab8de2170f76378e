using System.Text.Json.Serialization;

namespace Sealer.Images;

/// <summary>What makes an OCI image a cluster image; stored as JSON in the annotation <c>sealer.image.extension</c>.</summary>
public sealed record ImageExtension
{
    /// <summary>The only schema there is.</summary>
    public const string CurrentSchemaVersion = "v1alpha1";

    /// <summary>What built the image.</summary>
    [JsonPropertyName("buildClient")]
    public BuildClient BuildClient { get; init; } = new();

    /// <summary>Always <c>v1alpha1</c>.</summary>
    [JsonPropertyName("schemaVersion")]
    public string SchemaVersion { get; init; } = CurrentSchemaVersion;

    /// <summary><c>kube-installer</c> (a whole cluster) or <c>app-installer</c> (applications only).</summary>
    [JsonPropertyName("type")]
    public string Type { get; init; } = ClusterImageType.KubeInstaller;

    /// <summary>The applications, in the order they were declared.</summary>
    [JsonPropertyName("applications")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<Application>? Applications { get; init => field = Listed.Of(value); }

    /// <summary>Filled when an image is inspected, from the config; not stored at build.</summary>
    [JsonPropertyName("labels")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>Environment of the whole image (ENV).</summary>
    [JsonPropertyName("env")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string>? Env { get; init; }

    /// <summary>What is started after the cluster stands.</summary>
    [JsonPropertyName("launch")]
    public Launch Launch { get; init; } = new();

    /// <inheritdoc/>
    public override string ToString() => Applications is { Count: > 0 } ? $"{Type} of {string.Join(", ", Applications)}" : Type;
}

/// <summary>The values of <see cref="ImageExtension.Type"/>.</summary>
public static class ClusterImageType
{
    /// <summary>A whole cluster, optionally with applications.</summary>
    public const string KubeInstaller = "kube-installer";

    /// <summary>Applications only; needs a cluster.</summary>
    public const string AppInstaller = "app-installer";
}

/// <summary>What built a cluster image.</summary>
public sealed record BuildClient
{
    /// <summary>Version of sealer (ours writes its own name and version).</summary>
    [JsonPropertyName("sealerVersion")]
    public string SealerVersion { get; init; } = "";

    /// <summary>Version of buildah; sealer's field, empty in ours.</summary>
    [JsonPropertyName("buildahVersion")]
    public string BuildahVersion { get; init; } = "";

    /// <inheritdoc/>
    public override string ToString() => $"{SealerVersion} {BuildahVersion}".Trim();
}

/// <summary>What is started after the cluster stands: either commands or applications by name.</summary>
public sealed record Launch
{
    /// <summary>Shell commands, run in order on the first control plane in the rootfs (CMDS, CMD).</summary>
    [JsonPropertyName("cmds")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Cmds { get; init => field = Listed.Of(value); }

    /// <summary>Names of applications, in launch order (LAUNCH).</summary>
    [JsonPropertyName("app_names")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? AppNames { get; init => field = Listed.Of(value); }

    /// <summary>Where sealer 0.9.2 to 0.10 kept APPCMDS; read, never written.</summary>
    [JsonPropertyName("appConfigs")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<LegacyAppConfig>? AppConfigs { get; init => field = Listed.Of(value); }

    /// <inheritdoc/>
    public override string ToString() => Cmds is { Count: > 0 } ? string.Join("; ", Cmds) : string.Join(", ", AppNames ?? []);
}

/// <summary>An element of <see cref="Launch.AppConfigs"/>.</summary>
public sealed record LegacyAppConfig
{
    /// <summary>The application's name.</summary>
    [JsonPropertyName("name")]
    public string Name { get; init; } = "";

    /// <summary>Its commands.</summary>
    [JsonPropertyName("launch")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Launch? Launch { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>An application in a cluster image; its files lie under <c>application/apps/NAME/</c>.</summary>
public sealed record Application
{
    /// <summary>Its name.</summary>
    [JsonPropertyName("name")]
    public string Name { get; init; } = "";

    /// <summary><c>kube</c>, <c>helm</c>, <c>shell</c>, or null where only APPCMDS tells how to start it.</summary>
    [JsonPropertyName("type")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Type { get; init; }

    /// <summary>Relative to the application's folder; of a chart, its name.</summary>
    [JsonPropertyName("files")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Files { get; init => field = Listed.Of(value); }

    /// <summary>What sealer 0.9.0 called <see cref="Files"/>; read, never written.</summary>
    [JsonPropertyName("launchfiles")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? LaunchFiles { get; init => field = Listed.Of(value); }

    /// <summary>Always <c>v1</c>.</summary>
    [JsonPropertyName("version")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Version { get; init; } = "v1";

    /// <summary>Environment of the application (APPENV).</summary>
    [JsonPropertyName("env")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string>? Env { get; init; }

    /// <summary>How to start it instead of its type's way (APPCMDS).</summary>
    [JsonPropertyName("cmds")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Cmds { get; init => field = Listed.Of(value); }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
