namespace Sealer.Images;

/// <summary>
/// A container image that a cluster image carries, with all that asked for it: what <see cref="ClusterImage"/> shows. Each name
/// once a platform, joined from the entries of the annotation (<see cref="ContainerImageEntry"/>).
/// </summary>
public sealed record ContainerImage
{
    /// <summary>The full reference, Docker-normalised.</summary>
    public required string Image { get; init; }

    /// <summary>The platform it was taken for; null where the image does not say.</summary>
    public Platform? Platform { get; init; }

    /// <summary>The applications that asked for it, sorted; empty where none did.</summary>
    public IReadOnlyList<string> AppNames { get; init => field = Listed.Of(value); } = [];

    /// <summary>True where something asked that is no application's: a manifest, a chart, a list.</summary>
    public bool IsForCluster { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Image;

    /// <summary>Each image once a platform, in the order of the entries.</summary>
    internal static IReadOnlyList<ContainerImage> Of(IEnumerable<ContainerImageEntry> entries) => entries
        .GroupBy(entry => (entry.Image, entry.Platform))
        .Select(asked => new ContainerImage
        {
            Image = asked.Key.Image,
            Platform = asked.Key.Platform,
            AppNames = asked.Select(entry => entry.AppName).OfType<string>().Where(name => name.Length > 0).Distinct().Order(StringComparer.Ordinal).ToArray(),
            IsForCluster = asked.Any(entry => string.IsNullOrEmpty(entry.AppName)),
        })
        .ToArray();
}
