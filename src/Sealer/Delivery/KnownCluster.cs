using System.Text.Json.Serialization;
using Sealer.Clusterfiles.Documents;

namespace Sealer.Delivery;

/// <summary>What a controller keeps of a cluster to find it again: whom to ask, and by what way. Nothing secret.</summary>
public sealed record KnownCluster
{
    /// <summary>The version of the form that is written.</summary>
    public const int CurrentVersion = 1;

    /// <summary>The version of its form.</summary>
    public int Version { get; init; } = CurrentVersion;

    /// <summary>The cluster's name.</summary>
    public required string Name { get; init; }

    /// <summary>Its control planes, each with the way that was taken to it.</summary>
    public required IReadOnlyList<KnownWay> ControlPlanes { get; init => field = Listed.Of(value); }

    /// <summary>What this controller was told for all hosts, over what the Clusterfile says.</summary>
    public KnownWay Given { get; init; } = new();

    /// <summary>A file that was read instead of ssh_config; <c>none</c>: none.</summary>
    public string? SshConfig { get; init; }

    /// <summary>Hosts of this machine's own addresses are worked on without SSH.</summary>
    public bool UsesLocalHost { get; init; }

    /// <summary>What is kept of a cluster.</summary>
    /// <param name="spec">The cluster.</param>
    /// <param name="access">What was given over it; null: nothing.</param>
    public static KnownCluster Of(ClusterSpec spec, HostAccess? access)
    {
        ArgumentNullException.ThrowIfNull(spec);
        // Keys that were vouched for are known from then on (known_hosts), and each is one host's only.
        access = (access ?? new HostAccess()) with { HostKeyFingerprints = [] };
        return new KnownCluster
        {
            Name = spec.Name,
            ControlPlanes = [.. spec.ControlPlanes.Select(host => access.Over(HostTarget.Of(host))).Select(target => new KnownWay
            {
                Address = target.Address,
                User = target.User,
                Port = target.Port,
                KeyPath = target.KeyFile,
                ProxyJump = target.ProxyJump,
                HostKeys = target.HostKeyFingerprints,
                JumpHostKeys = target.JumpHostKeyFingerprints,
            })],
            Given = new KnownWay { User = access.User, Port = access.Port, KeyPath = access.KeyFile, ProxyJump = access.ProxyJump },
            SshConfig = access.SshConfigFile,
            UsesLocalHost = access.LocalDirectly,
        };
    }

    /// <summary>Its control planes as hosts.</summary>
    [JsonIgnore]
    public IReadOnlyList<HostTarget> Targets => [.. ControlPlanes.Select(way => new HostTarget(way.Address ?? "")
    {
        Roles = [HostSpec.ControlPlaneRole],
        User = way.User,
        Port = way.Port,
        KeyFile = way.KeyPath,
        ProxyJump = way.ProxyJump,
        HostKeyFingerprints = way.HostKeys,
        JumpHostKeyFingerprints = way.JumpHostKeys,
    })];

    /// <summary>What was given before.</summary>
    [JsonIgnore]
    public HostAccess Access => new()
    {
        User = Given.User,
        Port = Given.Port,
        KeyFile = Given.KeyPath,
        ProxyJump = Given.ProxyJump,
        SshConfigFile = SshConfig,
        LocalDirectly = UsesLocalHost,
    };

    /// <summary>Its name.</summary>
    public override string ToString() => Name;
}

/// <summary>A way to a host, without secrets.</summary>
public sealed record KnownWay
{
    /// <summary>The host; null of a way to all.</summary>
    public string? Address { get; init; }

    /// <summary>Who logs in.</summary>
    public string? User { get; init; }

    /// <summary>Port of sshd.</summary>
    public int? Port { get; init; }

    /// <summary>Path of a private key here.</summary>
    public string? KeyPath { get; init; }

    /// <summary>Hosts to go through.</summary>
    public string? ProxyJump { get; init; }

    /// <summary>Fingerprints of the host's keys.</summary>
    public IReadOnlyList<string> HostKeys { get; init => field = Listed.Of(value); } = [];

    /// <summary>Fingerprints of the keys of hosts on the way.</summary>
    public IReadOnlyList<string> JumpHostKeys { get; init => field = Listed.Of(value); } = [];
}
