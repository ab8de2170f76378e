namespace Sealer.Kubernetes.Kubeadm;

/// <summary>How a host that joins finds the cluster, and proves that it may.</summary>
/// <param name="Token">A bootstrap token, <c>abcdef.0123456789abcdef</c>.</param>
/// <param name="AuthorityHashes">Hashes of the public key of the cluster's authority, as <c>sha256:...</c>.</param>
/// <param name="Endpoint">An API server, or what balances them: a host or an address, with a port.</param>
public sealed record KubeadmJoin(Secret Token, IReadOnlyList<string> AuthorityHashes, string Endpoint);
