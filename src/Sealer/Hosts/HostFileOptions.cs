namespace Sealer.Hosts;

/// <summary>How a file is written to a host or read from it.</summary>
public sealed record HostFileOptions
{
    /// <summary>As root.</summary>
    public bool Elevated { get; init; }

    /// <summary>Its permissions.</summary>
    public int Mode { get; init; } = 0x1A4; // 0644

    /// <summary>Is told how many bytes have gone so far.</summary>
    public IProgress<long>? Progress { get; init; }
}
