using System.Text.Json.Serialization;

namespace Sealer.Planning;

/// <summary>
/// What a step does, for the handler of its kind: all that decides the outcome, and no secret. What may hold one (rendered
/// files, scripts, variables) is here as a digest, and is made again from Clusterfile and image when the plan is carried out.
/// </summary>
/// <remarks>A new kind of step is a new derived type, named here, and a handler for it.</remarks>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(ContentPayload), ContentPayload.KindName)]
[JsonDerivedType(typeof(HostAliasesPayload), HostAliasesPayload.KindName)]
[JsonDerivedType(typeof(PluginPayload), PluginPayload.KindName)]
[JsonDerivedType(typeof(ImageScriptPayload), ImageScriptPayload.KindName)]
[JsonDerivedType(typeof(RuntimeFilesPayload), RuntimeFilesPayload.KindName)]
[JsonDerivedType(typeof(CertificatesPayload), CertificatesPayload.KindName)]
[JsonDerivedType(typeof(KubeadmPayload), KubeadmPayload.KindName)]
[JsonDerivedType(typeof(BalancerPayload), BalancerPayload.KindName)]
[JsonDerivedType(typeof(RegistryLoginPayload), RegistryLoginPayload.KindName)]
[JsonDerivedType(typeof(RegistryContentPayload), RegistryContentPayload.KindName)]
[JsonDerivedType(typeof(NodePayload), NodePayload.KindName)]
[JsonDerivedType(typeof(LaunchPayload), LaunchPayload.KindName)]
[JsonDerivedType(typeof(ReadinessPayload), ReadinessPayload.KindName)]
[JsonDerivedType(typeof(CertificateRenewalPayload), CertificateRenewalPayload.KindName)]
[JsonDerivedType(typeof(KubeadmConfigPayload), KubeadmConfigPayload.KindName)]
[JsonDerivedType(typeof(NodeRemovalPayload), NodeRemovalPayload.KindName)]
[JsonDerivedType(typeof(HostCleaningPayload), HostCleaningPayload.KindName)]
[JsonDerivedType(typeof(ClusterStatePayload), ClusterStatePayload.KindName)]
public abstract record StepPayload
{
    /// <summary>The kind of step, as it is written in plans.</summary>
    [JsonIgnore]
    public abstract string Kind { get; }

    /// <summary>The part of a host's fingerprint that this step changes; null where it changes none.</summary>
    [JsonIgnore]
    public abstract FingerprintPart? Changes { get; }
}

/// <summary>The files of a cluster image in their folder on a host.</summary>
public sealed record ContentPayload : StepPayload
{
    /// <summary>Its kind.</summary>
    public const string KindName = "content";

    /// <summary>The folder on the host, absolute.</summary>
    public required string Folder { get; init; }

    /// <summary>Digest of the manifest of the image for the host's platform.</summary>
    public required string Manifest { get; init; }

    /// <summary>As <c>linux/amd64</c>.</summary>
    public required string Platform { get; init; }

    /// <summary>With <c>registry/</c>: the host serves it.</summary>
    public required bool WithRegistry { get; init; }

    /// <summary>Files that templates and Configs make otherwise than the image has them: their paths, sorted.</summary>
    public IReadOnlyList<string> Rendered { get; init => field = Listed.Of(value); } = [];

    /// <summary>Digest of these files' paths and contents.</summary>
    public required string RenderedDigest { get; init; }

    /// <inheritdoc/>
    [JsonIgnore]
    public override string Kind => KindName;

    /// <inheritdoc/>
    [JsonIgnore]
    public override FingerprintPart? Changes => FingerprintPart.Content;
}

/// <summary>The cluster's lines in <c>/etc/hosts</c>.</summary>
public sealed record HostAliasesPayload : StepPayload
{
    /// <summary>Its kind.</summary>
    public const string KindName = "host-aliases";

    /// <summary>The lines there shall be, as <c>10.0.0.9 registry.example.com</c>.</summary>
    public required IReadOnlyList<string> Lines { get; init => field = Listed.Of(value); }

    /// <inheritdoc/>
    [JsonIgnore]
    public override string Kind => KindName;

    /// <inheritdoc/>
    [JsonIgnore]
    public override FingerprintPart? Changes => FingerprintPart.Aliases;
}

/// <summary>A plugin's script in one phase.</summary>
public sealed record PluginPayload : StepPayload
{
    /// <summary>Its kind.</summary>
    public const string KindName = "plugin";

    /// <summary>The plugin's name.</summary>
    public required string Name { get; init; }

    /// <summary>The phase, as a Clusterfile writes it.</summary>
    public required string Phase { get; init; }

    /// <summary>Under which the host keeps that it was run.</summary>
    public required string Record { get; init; }

    /// <summary>Digest of script and variables.</summary>
    public required string Digest { get; init; }

    /// <summary>Where it runs; null: in the user's home, as before the rootfs is there.</summary>
    public string? Folder { get; init; }

    /// <summary>In phases of scaling up: the hosts that come into the cluster, which the script is told.</summary>
    public IReadOnlyList<string> Joining { get; init => field = Listed.Of(value); } = [];

    /// <summary>After so many seconds it is stopped.</summary>
    public required int TimeoutSeconds { get; init; }

    /// <inheritdoc/>
    [JsonIgnore]
    public override string Kind => KindName;

    /// <inheritdoc/>
    [JsonIgnore]
    public override FingerprintPart? Changes => FingerprintPart.Plugins;
}
