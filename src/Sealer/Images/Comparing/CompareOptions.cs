namespace Sealer.Images.Comparing;

/// <summary>What is compared.</summary>
public sealed record CompareOptions
{
    /// <summary>The platforms to compare; null for all that both images have.</summary>
    public IReadOnlyList<Platform>? Platforms { get; init; }

    /// <summary>False to compare only what the manifests and configs say, without reading a layer.</summary>
    public bool Files { get; init; } = true;
}
