namespace Sealer.Planning;

/// <summary>A node that came into the cluster by a Clusterfile, and is in none any more.</summary>
/// <param name="Node">The node, as the API tells of it.</param>
/// <param name="Host">Its host as it was found; null where the node has no address.</param>
public sealed record LeavingNode(ClusterNode Node, ObservedHost? Host);
