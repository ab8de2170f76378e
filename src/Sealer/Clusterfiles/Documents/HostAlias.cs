using System.Net;

namespace Sealer.Clusterfiles.Documents;

/// <summary>A line more in <c>/etc/hosts</c> of every host.</summary>
/// <param name="Address">The address.</param>
/// <param name="HostNames">Its names, at least one.</param>
public sealed record HostAlias(IPAddress Address, IReadOnlyList<string> HostNames)
{
    /// <summary>Its names, at least one.</summary>
    public IReadOnlyList<string> HostNames { get; init => field = Listed.Of(value); } = Listed.Of(HostNames);

    /// <summary>As in <c>/etc/hosts</c>.</summary>
    public override string ToString() => $"{Address} {string.Join(' ', HostNames)}";
}
