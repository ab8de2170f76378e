using System.Net;

namespace Sealer.Hosts.Checks;

/// <summary>A host to look at.</summary>
/// <param name="Host">How it is reached.</param>
/// <param name="Roles">Its roles; <c>master</c> makes it a control plane, all others workers.</param>
/// <param name="Requirements">What is asked of it.</param>
public sealed record PreflightHost(IHost Host, IReadOnlyList<string> Roles, HostRequirements Requirements)
{
    /// <summary>The address that the others reach it by; null where that is not known, which leaves out what is between hosts.</summary>
    public IPAddress? Address { get; init; }

    /// <summary>It runs the API server and etcd.</summary>
    public bool IsControlPlane => Roles.Contains("master");

    /// <summary>Ports that others connect to, by who does.</summary>
    internal IReadOnlyList<HostPort> Ports
    {
        get
        {
            var ports = new List<HostPort> { new(10250, HostPortUsers.All) };
            if (IsControlPlane)
                ports.AddRange([new(Requirements.ApiPort, HostPortUsers.All), new(2379, HostPortUsers.ControlPlanes), new(2380, HostPortUsers.ControlPlanes), new(10257, HostPortUsers.Itself), new(10259, HostPortUsers.Itself)]);
            ports.AddRange([new(10248, HostPortUsers.Itself), new(10249, HostPortUsers.Itself), new(10256, HostPortUsers.All)]);
            if (Requirements.RegistryPort is { } registry)
                ports.Add(new(registry, HostPortUsers.All));
            ports.Add(new(NodePortSample, HostPortUsers.All) { IsSample = true });
            return [.. ports.DistinctBy(p => p.Port).OrderBy(p => p.Port)];
        }
    }

    /// <summary>First of the ports that services get on every node.</summary>
    internal const int FirstNodePort = 30000;

    /// <summary>Last of the ports that services get on every node.</summary>
    internal const int LastNodePort = 32767;

    /// <summary>The one that stands for all of them in probes.</summary>
    internal const int NodePortSample = 31999;
}

/// <summary>A TCP port that something of the cluster will listen on.</summary>
internal sealed record HostPort(int Port, HostPortUsers Users)
{
    /// <summary>It stands for a range.</summary>
    public bool IsSample { get; init; }
}

/// <summary>Who connects to a port.</summary>
internal enum HostPortUsers
{
    Itself,
    ControlPlanes,
    All,
}
