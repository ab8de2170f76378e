namespace Sealer;

/// <summary>A cluster as it was found.</summary>
/// <param name="SeenAt">When it was looked at.</param>
public sealed record ClusterStatus(DateTimeOffset SeenAt)
{
    /// <summary>Its nodes.</summary>
    public IReadOnlyList<ClusterNode> Nodes { get; init => field = Listed.Of(value); } = [];

    /// <summary>Digests of the applications that were launched on it, by name.</summary>
    public IReadOnlyDictionary<string, string> Applications { get; init; } = new Dictionary<string, string>();

    /// <summary>The node of a name; null where there is none.</summary>
    /// <param name="name">The node's name.</param>
    public ClusterNode? Find(string name) => Nodes.FirstOrDefault(node => node.Name == name);

    /// <summary>How many of its nodes are ready.</summary>
    public override string ToString() => $"{Nodes.Count(node => node.IsReady)} of {Nodes.Count} nodes ready";
}
