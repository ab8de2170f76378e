using Sealer.Registries;

namespace Sealer.Delivery;

/// <summary>How an image's files are brought to hosts.</summary>
public sealed record ImageContentOptions
{
    /// <summary>The most that leaves the controller, in bytes a second; null for no limit.</summary>
    public long? BandwidthLimit { get; init; }

    /// <summary>How a registry that is there already is talked to.</summary>
    public RegistryOptions Registries { get; init; } = new();

    /// <summary>Hosts feed each other; false for all of it from the controller.</summary>
    public bool HostToHost { get; init; } = true;

    /// <summary>For how long a host that cannot be reached any more is waited for before it has failed.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(2);
}
