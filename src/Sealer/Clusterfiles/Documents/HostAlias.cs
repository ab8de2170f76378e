using System.Net;

namespace Sealer.Clusterfiles.Documents;

/// <summary>A line more in <c>/etc/hosts</c> of every host.</summary>
/// <param name="Address">The address.</param>
/// <param name="HostNames">Its names, at least one.</param>
public sealed record HostAlias(IPAddress Address, IReadOnlyList<string> HostNames);
