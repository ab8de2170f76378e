using System.Net;
using System.Text.Json.Nodes;
using Sealer.Clusterfiles.Documents;

namespace Sealer;

/// <summary>A node of a cluster, as the cluster's API tells of it.</summary>
public sealed record ClusterNode
{
    /// <summary>The cluster's name.</summary>
    public required string Cluster { get; init; }

    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Its address inside of the cluster; null where it has told none.</summary>
    public IPAddress? Address { get; init; }

    /// <summary>The roles that its labels name, sorted.</summary>
    public IReadOnlyList<string> Roles { get; init => field = Listed.Of(value); } = [];

    /// <summary>Its kubelet says that it is ready for pods.</summary>
    public bool IsReady { get; init; }

    /// <summary>No pod is scheduled to it: it is cordoned.</summary>
    public bool IsCordoned { get; init; }

    /// <summary>As kubectl says it: <c>Ready</c>, <c>NotReady</c>, <c>Ready,SchedulingDisabled</c>.</summary>
    public string Status => (IsReady ? "Ready" : "NotReady") + (IsCordoned ? ",SchedulingDisabled" : "");

    /// <summary>Why it is not ready, in the kubelet's words; empty where it is.</summary>
    public string Message { get; init; } = "";

    /// <summary>The kubelet's version, as <c>v1.20.2</c>.</summary>
    public string Version { get; init; } = "";

    /// <summary>As <c>containerd://1.7.34</c>.</summary>
    public string Runtime { get; init; } = "";

    /// <summary>Its labels.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Its taints, as <c>key=value:NoSchedule</c>.</summary>
    public IReadOnlyList<string> Taints { get; init => field = Listed.Of(value); } = [];

    /// <summary>When it came into the cluster.</summary>
    public DateTimeOffset? Created { get; init; }

    /// <summary>It runs an API server.</summary>
    public bool IsControlPlane => Roles.Contains("control-plane") || Roles.Contains(HostSpec.ControlPlaneRole);

    /// <summary>All that the API says.</summary>
    internal JsonObject Document { get; init; } = [];

    /// <summary>Its name.</summary>
    public override string ToString() => Name;
}
