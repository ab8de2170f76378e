namespace Sealer.Kubernetes.LoadBalancing;

/// <summary>A file of a balancer on a worker.</summary>
/// <param name="Path">Absolute.</param>
/// <param name="Text">What it holds; nothing secret.</param>
public sealed record BalancerFile(string Path, string Text);
