using Sealer.Apps;

namespace Sealer;

/// <summary>A cluster as it was found.</summary>
/// <param name="SeenAt">When it was looked at.</param>
public sealed record ClusterStatus(DateTimeOffset SeenAt)
{
    /// <summary>Its nodes.</summary>
    public IReadOnlyList<ClusterNode> Nodes { get; init => field = Listed.Of(value); } = [];

    /// <summary>Digests of the applications that were launched on it, by name.</summary>
    public IReadOnlyDictionary<string, string> Applications { get; init; } = new Dictionary<string, string>();

    /// <summary>What is known of them, by name.</summary>
    internal IReadOnlyDictionary<string, AppRecord> ApplicationRecords { get; init; } = new Dictionary<string, AppRecord>();

    /// <summary>The cluster image that was delivered last; null where nobody asked, or the cluster does not tell.</summary>
    public string? Image { get; init; }

    /// <summary>The version of its API server, as <c>v1.20.2</c>; null where nobody asked.</summary>
    public string? KubernetesVersion { get; init; }

    /// <summary>Where its hosts reach its API, as <c>https://apiserver.cluster.local:6443</c>; null where nobody asked.</summary>
    public string? ApiAddress { get; init; }

    /// <summary>Whole days until the first certificate of a control plane ends; null where none was read. Those that the kubelet renews itself do not count.</summary>
    public int? CertificateDaysLeft { get; init; }

    /// <summary>Why it could not be asked, in whole sentences; null where it was.</summary>
    public string? Problem { get; init; }

    /// <summary>Its API has answered.</summary>
    public bool IsReachable => Problem is null;

    /// <summary>How many of its nodes are ready.</summary>
    public int ReadyNodes => Nodes.Count(node => node.IsReady);

    /// <summary>How many of its control planes are ready.</summary>
    public int ReadyControlPlanes => Nodes.Count(node => node is { IsReady: true, IsControlPlane: true });

    /// <summary>The node of a name; null where there is none.</summary>
    /// <param name="name">The node's name.</param>
    public ClusterNode? Find(string name) => Nodes.FirstOrDefault(node => node.Name == name);

    /// <summary>How many of its nodes are ready, or that it could not be asked.</summary>
    public override string ToString() => IsReachable ? $"{ReadyNodes} of {Nodes.Count} nodes ready" : "unreachable";
}
