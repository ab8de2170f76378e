using System.Text.Json.Serialization;
using Sealer.Kubernetes.LoadBalancing;

namespace Sealer.Planning;

/// <summary>A script of the image's contract on one host: the container runtime's, the registry's, the kubelet's.</summary>
public sealed record ImageScriptPayload : StepPayload
{
    /// <summary>Its kind.</summary>
    public const string KindName = "image-script";

    /// <summary>The script, as <c>containerd.sh</c>.</summary>
    public required string Script { get; init; }

    /// <summary>The part of the delivery, which tells what is looked at to know that it works.</summary>
    public required string Phase { get; init; }

    /// <summary>Under which the host keeps that it was run.</summary>
    public required string Record { get; init; }

    /// <summary>Digest of the script, its arguments and its variables.</summary>
    public required string Digest { get; init; }

    /// <summary>Where it runs.</summary>
    public required string Folder { get; init; }

    /// <summary>After so many seconds it is stopped.</summary>
    public required int TimeoutSeconds { get; init; }

    /// <inheritdoc/>
    [JsonIgnore]
    public override string Kind => KindName;

    /// <inheritdoc/>
    [JsonIgnore]
    public override FingerprintPart? Changes => FingerprintPart.Kubernetes;
}

/// <summary>What tells a host's container runtime where images come from.</summary>
public sealed record RuntimeFilesPayload : StepPayload
{
    /// <summary>Its kind.</summary>
    public const string KindName = "runtime-files";

    /// <summary>The registry's domain and port.</summary>
    public required string Registry { get; init; }

    /// <summary>The files, sorted.</summary>
    public required IReadOnlyList<string> Paths { get; init => field = Listed.Of(value); }

    /// <summary>Digest of what they hold, without what is secret and without the authority's certificate.</summary>
    public required string Digest { get; init; }

    /// <inheritdoc/>
    [JsonIgnore]
    public override string Kind => KindName;

    /// <inheritdoc/>
    [JsonIgnore]
    public override FingerprintPart? Changes => FingerprintPart.Kubernetes;
}

/// <summary>Certificates, keys and kubeconfigs of a control plane, or the registry's.</summary>
public sealed record CertificatesPayload : StepPayload
{
    /// <summary>Its kind.</summary>
    public const string KindName = "certificates";

    /// <summary>Those of the registry, not those of Kubernetes.</summary>
    public required bool OfRegistry { get; init; }

    /// <summary>The host that has the authorities; null of the host itself.</summary>
    public string? From { get; init; }

    /// <summary>Digest of all that is wanted of them: names, users, paths.</summary>
    public required string Digest { get; init; }

    /// <inheritdoc/>
    [JsonIgnore]
    public override string Kind => KindName;

    /// <inheritdoc/>
    [JsonIgnore]
    public override FingerprintPart? Changes => FingerprintPart.Kubernetes;
}

/// <summary>A host that becomes part of the cluster, or its beginning.</summary>
public sealed record KubeadmPayload : StepPayload
{
    /// <summary>Its kind.</summary>
    public const string KindName = "kubeadm";

    /// <summary>The node's name.</summary>
    public required string Node { get; init; }

    /// <summary>It gets an API server.</summary>
    public required bool IsControlPlane { get; init; }

    /// <summary>The control plane that it joins by; null where the cluster begins here.</summary>
    public string? From { get; init; }

    /// <summary>As <c>v1.20.2</c>.</summary>
    public required string Version { get; init; }

    /// <summary>Digest of kubeadm's file, without a token.</summary>
    public required string Digest { get; init; }

    /// <summary>After so many seconds it is stopped.</summary>
    public required int TimeoutSeconds { get; init; }

    /// <inheritdoc/>
    [JsonIgnore]
    public override string Kind => KindName;

    /// <inheritdoc/>
    [JsonIgnore]
    public override FingerprintPart? Changes => FingerprintPart.Kubernetes;
}

/// <summary>What balances a service on a worker.</summary>
public sealed record BalancerPayload : StepPayload
{
    /// <summary>Its kind.</summary>
    public const string KindName = "balancer";

    /// <summary>With what.</summary>
    [JsonConverter(typeof(JsonStringEnumConverter<ApiBalancingKind>))]
    public required ApiBalancingKind Balancer { get; init; }

    /// <summary>Where clients on the worker go to.</summary>
    public required string Address { get; init; }

    /// <summary>The services, as <c>kube</c> and <c>reg</c>.</summary>
    public required IReadOnlyList<string> Services { get; init => field = Listed.Of(value); }

    /// <summary>Digest of its files.</summary>
    public required string Digest { get; init; }

    /// <inheritdoc/>
    [JsonIgnore]
    public override string Kind => KindName;

    /// <inheritdoc/>
    [JsonIgnore]
    public override FingerprintPart? Changes => FingerprintPart.Kubernetes;
}

/// <summary>The image's container images in a registry that is there already. It is filled by the controller, and no host has a part in it.</summary>
public sealed record RegistryContentPayload : StepPayload
{
    /// <summary>Its kind.</summary>
    public const string KindName = "registry-content";

    /// <summary>The registry's domain and port.</summary>
    public required string Registry { get; init; }

    /// <summary>Digest of the names that it shall have, and of what each stands for.</summary>
    public required string Digest { get; init; }

    /// <inheritdoc/>
    [JsonIgnore]
    public override string Kind => KindName;

    /// <inheritdoc/>
    [JsonIgnore]
    public override FingerprintPart? Changes => null;
}

/// <summary>Who may use the registry on a host that serves it.</summary>
public sealed record RegistryLoginPayload : StepPayload
{
    /// <summary>Its kind.</summary>
    public const string KindName = "registry-login";

    /// <summary>The user; the password is the Clusterfile's.</summary>
    public required string UserName { get; init; }

    /// <inheritdoc/>
    [JsonIgnore]
    public override string Kind => KindName;

    /// <inheritdoc/>
    [JsonIgnore]
    public override FingerprintPart? Changes => FingerprintPart.Kubernetes;
}

/// <summary>A host's node: it is ready, with the labels, taints and roles of the Clusterfile.</summary>
public sealed record NodePayload : StepPayload
{
    /// <summary>Its kind.</summary>
    public const string KindName = "node";

    /// <summary>The node's name.</summary>
    public required string Node { get; init; }

    /// <summary>The control plane whose API is asked.</summary>
    public required string From { get; init; }

    /// <summary>Digest of the labels and taints.</summary>
    public required string Digest { get; init; }

    /// <summary>For so many seconds it is waited for.</summary>
    public required int TimeoutSeconds { get; init; }

    /// <inheritdoc/>
    [JsonIgnore]
    public override string Kind => KindName;

    /// <inheritdoc/>
    [JsonIgnore]
    public override FingerprintPart? Changes => null;
}

/// <summary>An application of the image that is launched, on a control plane.</summary>
public sealed record LaunchPayload : StepPayload
{
    /// <summary>Its kind.</summary>
    public const string KindName = "launch";

    /// <summary>The application.</summary>
    public required string Name { get; init; }

    /// <summary>Digest of its commands and its files.</summary>
    public required string Digest { get; init; }

    /// <summary>A step of its own waits until what it has started is ready.</summary>
    public bool IsWaitedFor { get; init; }

    /// <summary>After so many seconds it is stopped.</summary>
    public required int TimeoutSeconds { get; init; }

    /// <inheritdoc/>
    [JsonIgnore]
    public override string Kind => KindName;

    /// <inheritdoc/>
    [JsonIgnore]
    public override FingerprintPart? Changes => FingerprintPart.Kubernetes;
}

/// <summary>An application that was launched, until what it has started is ready.</summary>
public sealed record ReadinessPayload : StepPayload
{
    /// <summary>Its kind.</summary>
    public const string KindName = "readiness";

    /// <summary>The application.</summary>
    public required string Name { get; init; }

    /// <summary>Digest of its commands and its files.</summary>
    public required string Digest { get; init; }

    /// <summary>For so many seconds it is waited for.</summary>
    public required int TimeoutSeconds { get; init; }

    /// <inheritdoc/>
    [JsonIgnore]
    public override string Kind => KindName;

    /// <inheritdoc/>
    [JsonIgnore]
    public override FingerprintPart? Changes => null;
}

/// <summary>What the cluster keeps of itself, so that any controller can take over.</summary>
public sealed record ClusterStatePayload : StepPayload
{
    /// <summary>Its kind.</summary>
    public const string KindName = "cluster-state";

    /// <summary>Digest of the part that everybody may read; of what is secret none.</summary>
    public required string Digest { get; init; }

    /// <inheritdoc/>
    [JsonIgnore]
    public override string Kind => KindName;

    /// <inheritdoc/>
    [JsonIgnore]
    public override FingerprintPart? Changes => null;
}
