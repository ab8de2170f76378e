namespace Sealer.Delivery;

/// <summary>How an image's files are brought to hosts.</summary>
public sealed record ImageContentOptions
{
    /// <summary>The most that leaves the controller, in bytes a second; null for no limit.</summary>
    public long? BandwidthLimit { get; init; }

    /// <summary>Hosts feed each other; false for all of it from the controller.</summary>
    public bool HostToHost { get; init; } = true;
}
