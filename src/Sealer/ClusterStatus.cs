namespace Sealer;

/// <summary>A cluster as it was found.</summary>
/// <param name="SeenAt">When it was looked at.</param>
public sealed record ClusterStatus(DateTimeOffset SeenAt);
