using Sealer.Hosts.Keys;

namespace Sealer.Transfer;

/// <summary>A host as other hosts of the cluster reach it.</summary>
/// <param name="Address">Name or address; also where its own connections come from.</param>
/// <param name="Port">Of its sshd.</param>
/// <param name="User">Who is let in.</param>
/// <param name="Keys">Its host keys, at least one; what it shows is held against them.</param>
public sealed record PeerAddress(string Address, int Port, string User, IReadOnlyList<HostKey> Keys);
