namespace Sealer.Images.Merging;

/// <summary>What is merged of the images.</summary>
public sealed record MergeOptions
{
    /// <summary>Merges only these platforms, which every image must have; without, all, which must then be the same.</summary>
    public IReadOnlyList<Platform>? Platforms { get; init; }
}
