namespace Sealer.Hosts.Keys;

/// <summary>What a host showed beside its key: that an authority vouches for it. Its signature has been verified.</summary>
/// <param name="Authority">The key of the authority.</param>
/// <param name="ForHosts">It is a certificate for hosts, not for users.</param>
/// <param name="Principals">The names it is for.</param>
/// <param name="ValidAfter">From when.</param>
/// <param name="ValidBefore">Until when.</param>
public sealed record HostCertificate(
    HostKey Authority, bool ForHosts, IReadOnlyList<string> Principals, DateTimeOffset ValidAfter, DateTimeOffset ValidBefore);
