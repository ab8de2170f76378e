using System.Text.Json.Serialization;

namespace Sealer.Planning;

/// <summary>A node that is taken out of the cluster, on a control plane that stays.</summary>
public sealed record NodeRemovalPayload : StepPayload
{
    /// <summary>Its kind.</summary>
    public const string KindName = "node-removal";

    /// <summary>The node's name.</summary>
    public required string Node { get; init; }

    /// <summary>Its address; empty where it has none.</summary>
    public required string Address { get; init; }

    /// <summary>It has a member of etcd.</summary>
    public required bool IsControlPlane { get; init; }

    /// <summary>Its host answers, so that its pods can be asked to end.</summary>
    public required bool IsReachable { get; init; }

    /// <summary>After so many seconds its pods must have ended.</summary>
    public required int TimeoutSeconds { get; init; }

    /// <inheritdoc/>
    [JsonIgnore]
    public override string Kind => KindName;

    /// <inheritdoc/>
    [JsonIgnore]
    public override FingerprintPart? Changes => null;
}

/// <summary>A host from which the cluster is taken away: what runs, its files, its mounts and rules.</summary>
public sealed record HostCleaningPayload : StepPayload
{
    /// <summary>Its kind.</summary>
    public const string KindName = "host-cleaning";

    /// <summary>The image's files stay, for plugins that run after it.</summary>
    public bool KeepsFiles { get; init; }

    /// <summary>Only the image's files and the cluster's lines in <c>/etc/hosts</c> go: nothing was installed there, or it is gone already.</summary>
    public bool OnlyFiles { get; init; }

    /// <summary>After so many seconds it is stopped.</summary>
    public required int TimeoutSeconds { get; init; }

    /// <inheritdoc/>
    [JsonIgnore]
    public override string Kind => KindName;

    /// <inheritdoc/>
    [JsonIgnore]
    public override FingerprintPart? Changes => FingerprintPart.Kubernetes;
}
