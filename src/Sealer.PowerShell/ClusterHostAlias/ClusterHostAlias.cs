namespace Sealer.PowerShell;

/// <summary>A line of a host's /etc/hosts that is a cluster's.</summary>
/// <param name="Host">The host whose file it is in.</param>
/// <param name="IPAddress">What the names mean.</param>
/// <param name="HostName">The names.</param>
/// <param name="Cluster">The cluster whose Clusterfile says it; null where Add-ClusterHostAlias or sealer have put it there.</param>
public sealed record ClusterHostAlias(string Host, string IPAddress, string[] HostName, string? Cluster);
