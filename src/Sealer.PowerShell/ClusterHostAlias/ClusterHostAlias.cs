namespace Sealer.PowerShell;

/// <summary>A name that a cluster has put into a host's /etc/hosts.</summary>
/// <param name="Host">The host whose file it is in.</param>
/// <param name="IPAddress">What the names mean.</param>
/// <param name="HostName">The names.</param>
public sealed record ClusterHostAlias(string Host, string IPAddress, string[] HostName);
