using Sealer.Hosts.Configuration;

namespace Sealer.Hosts.Keys;

/// <summary>What known_hosts says about a key that a host shows.</summary>
/// <param name="Host">The name as known_hosts writes it: <c>host</c> or <c>[host]:port</c>.</param>
/// <param name="Key">The key.</param>
public abstract record HostKeyVerdict(string Host, HostKey Key);

/// <summary>It is the host's.</summary>
/// <param name="Host">The name as known_hosts writes it.</param>
/// <param name="Key">The key.</param>
/// <param name="Place">Where that stands.</param>
/// <param name="ByAuthority">An authority vouches for it.</param>
public sealed record KnownHostKey(string Host, HostKey Key, SshConfigPlace Place, bool ByAuthority) : HostKeyVerdict(Host, Key);

/// <summary>Nothing is known of the host.</summary>
/// <param name="Host">The name as known_hosts writes it.</param>
/// <param name="Key">The key.</param>
public sealed record UnknownHostKey(string Host, HostKey Key) : HostKeyVerdict(Host, Key);

/// <summary>
/// Other keys are known of this host. Also where those are of other types: which key a host shows is agreed on with what is
/// known, so that a host that still had its old key would have shown that.
/// </summary>
/// <param name="Host">The name as known_hosts writes it.</param>
/// <param name="Key">The key.</param>
/// <param name="Places">Where the other keys stand.</param>
public sealed record ChangedHostKey(string Host, HostKey Key, IReadOnlyList<SshConfigPlace> Places) : HostKeyVerdict(Host, Key);

/// <summary>The key, or the authority that vouches for it, has been revoked.</summary>
/// <param name="Host">The name as known_hosts writes it.</param>
/// <param name="Key">The key.</param>
/// <param name="Place">Where that stands.</param>
public sealed record RevokedHostKey(string Host, HostKey Key, SshConfigPlace Place) : HostKeyVerdict(Host, Key);
