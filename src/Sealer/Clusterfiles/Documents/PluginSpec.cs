using System.Net;

namespace Sealer.Clusterfiles.Documents;

/// <summary>A script that runs in one or several phases (kind Plugin), in the rootfs, with the host's variables.</summary>
public sealed record PluginSpec
{
    /// <summary>Its name; in a phase, plugins run in the ordinal order of their names.</summary>
    public required string Name { get; init; }

    /// <summary>When it runs, at least one.</summary>
    public required IReadOnlyList<PluginPhase> Phases { get; init => field = Listed.Of(value); }

    /// <summary>The text of the script.</summary>
    public required string Script { get; init; }

    /// <summary>
    /// In phases of hosts: the roles it runs on; empty: all hosts. (sealer runs a plugin without scope nowhere, which its
    /// users took for a failure.)
    /// </summary>
    public IReadOnlyList<string> Roles { get; init => field = Listed.Of(value); } = [];

    /// <summary>In phases of hosts: the only hosts it runs on; empty: no such limit. From the old <c>on</c>.</summary>
    public IReadOnlyList<IPAddress> Addresses { get; init => field = Listed.Of(value); } = [];

    /// <summary>Where it stands, or null.</summary>
    public SourceLocation? Location { get; init; }

    /// <summary>The hosts it runs on in a phase.</summary>
    /// <param name="phase">One of <see cref="Phases"/>.</param>
    /// <param name="affected">The hosts that the phase is about.</param>
    /// <param name="firstControlPlane">Where phases of the cluster run.</param>
    public IReadOnlyList<HostSpec> HostsOf(PluginPhase phase, IEnumerable<HostSpec> affected, HostSpec firstControlPlane) =>
        PluginPhases.RunsOnHosts(phase)
            ? [.. affected.Where(host => (Roles.Count == 0 || Roles.Any(host.Roles.Contains))
                && (Addresses.Count == 0 || Addresses.Contains(host.Address)))]
            : [firstControlPlane];
}
