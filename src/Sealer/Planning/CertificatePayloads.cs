using System.Text.Json.Serialization;

namespace Sealer.Planning;

/// <summary>Certificates of a control plane that is in the cluster, made anew while the other API servers answer.</summary>
public sealed record CertificateRenewalPayload : StepPayload
{
    /// <summary>Its kind.</summary>
    public const string KindName = "certificate-renewal";

    /// <summary>Names and addresses that its API server shall answer to, besides those that it has.</summary>
    public required IReadOnlyList<string> Names { get; init => field = Listed.Of(value); }

    /// <summary>All that was issued before is made anew; null: only what lacks names.</summary>
    public DateTimeOffset? IssuedBefore { get; init; }

    /// <summary>For how long, in seconds; null: as long as before, and of all 100 years.</summary>
    public long? LifetimeSeconds { get; init; }

    /// <summary>Addresses of the other API servers, which answer before this one is stopped and once it is back.</summary>
    public required IReadOnlyList<string> Others { get; init => field = Listed.Of(value); }

    /// <summary>For so many seconds it is waited for.</summary>
    public required int TimeoutSeconds { get; init; }

    /// <inheritdoc/>
    [JsonIgnore]
    public override string Kind => KindName;

    /// <inheritdoc/>
    [JsonIgnore]
    public override FingerprintPart? Changes => FingerprintPart.Kubernetes;
}

/// <summary>The names of API servers' certificates in what kubeadm keeps in the cluster, which is what it makes certificates of later.</summary>
public sealed record KubeadmConfigPayload : StepPayload
{
    /// <summary>Its kind.</summary>
    public const string KindName = "kubeadm-config";

    /// <summary>Names and addresses that stand there afterwards, besides others.</summary>
    public required IReadOnlyList<string> Names { get; init => field = Listed.Of(value); }

    /// <inheritdoc/>
    [JsonIgnore]
    public override string Kind => KindName;

    /// <inheritdoc/>
    [JsonIgnore]
    public override FingerprintPart? Changes => null;
}
