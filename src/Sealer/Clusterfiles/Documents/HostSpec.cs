using System.Net;

namespace Sealer.Clusterfiles.Documents;

/// <summary>One machine of the cluster as it should be. Hosts of one group of the Clusterfile share what is equal.</summary>
public sealed record HostSpec
{
    /// <summary>The role that makes a host a control plane.</summary>
    public const string ControlPlaneRole = "master";

    /// <summary>The usual role of a worker.</summary>
    public const string WorkerRole = "node";

    /// <summary>Its address, which is its name for everything.</summary>
    public required IPAddress Address { get; init; }

    /// <summary><c>master</c>, <c>node</c> and roles of the user's own, which become labels <c>node-role.kubernetes.io/ROLE</c>.</summary>
    public IReadOnlyList<string> Roles { get; init => field = Listed.Of(value); } = [];

    /// <summary>How it is reached: its group's settings over the cluster's over the defaults.</summary>
    public SshSettings Ssh { get; init; } = new();

    /// <summary>Variables of its own, which win over the cluster's.</summary>
    public IReadOnlyList<EnvironmentVariable> Environment { get; init => field = Listed.Of(value); } = [];

    /// <summary>Labels of its node.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Taints of its node.</summary>
    public IReadOnlyList<Taint> Taints { get; init => field = Listed.Of(value); } = [];

    /// <summary>Where it stands in the Clusterfile, or null.</summary>
    public SourceLocation? Location { get; init; }

    /// <summary>Its address.</summary>
    public override string ToString() => Address.ToString();

    /// <summary>True with the role <c>master</c>; every other host is a worker.</summary>
    public bool IsControlPlane => Roles.Contains(ControlPlaneRole);
}
