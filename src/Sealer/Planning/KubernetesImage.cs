using Sealer.Apps;
using Sealer.Clusterfiles.Documents;
using Sealer.Kubernetes;

namespace Sealer.Planning;

/// <summary>What a cluster image has of Kubernetes, as far as a plan depends on it.</summary>
public sealed record KubernetesImage
{
    /// <summary>The version.</summary>
    public required KubernetesVersion Version { get; init; }

    /// <summary><c>containerd</c>, <c>docker</c> or the name of another script: what the Clusterfile says, else the image.</summary>
    public required string Runtime { get; init; }

    /// <summary>The files of <c>scripts/</c> by name, with the digests of what they hold.</summary>
    public required IReadOnlyDictionary<string, string> Scripts { get; init; }

    /// <summary>What <c>etc/kubeadm.yml</c> says, rendered.</summary>
    public IReadOnlyList<KubeadmDocument> Documents { get; init => field = Listed.Of(value); } = [];

    /// <summary><c>statics/audit-policy.yml</c> is there.</summary>
    public bool HasAuditPolicy { get; init; }

    /// <summary>The tags of a repository of <c>registry/</c>; empty where it is not there.</summary>
    public Func<string, IReadOnlyCollection<string>> TagsOf { get; init; } = _ => [];

    /// <summary>What is launched, in order.</summary>
    public IReadOnlyList<AppLaunch> Launches { get; init => field = Listed.Of(value); } = [];

    /// <summary>Domains whose images lie under a folder of their own in <c>registry/</c>.</summary>
    public IReadOnlyList<string> ForeignDomains { get; init => field = Listed.Of(value); } = [];
}
