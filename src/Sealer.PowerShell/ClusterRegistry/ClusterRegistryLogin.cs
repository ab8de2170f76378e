namespace Sealer.PowerShell;

/// <summary>A registry that credentials are kept for.</summary>
/// <param name="Registry">The registry: host and, where given, port.</param>
/// <param name="UserName">The user.</param>
/// <param name="IsVerified">False where the registry lets everybody in, so that nothing could be verified.</param>
public sealed record ClusterRegistryLogin(string Registry, string UserName, bool IsVerified);
