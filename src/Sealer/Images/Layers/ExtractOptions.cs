namespace Sealer.Images.Layers;

/// <summary>How layers are extracted.</summary>
public sealed record ExtractOptions
{
    /// <summary>The rules that names are held to; those of this system unless given.</summary>
    public TargetNames Names { get; init; } = TargetNames.Current;

    /// <summary>Make devices and named pipes; needs root on Linux. Unless asked for they are refused.</summary>
    public bool Devices { get; init; }

    /// <summary>Keep setuid and setgid bits; unless asked for they are taken away.</summary>
    public bool SetId { get; init; }

    /// <summary>Give files their owners; needs root. Unless asked for all belongs to who extracts.</summary>
    public bool Owners { get; init; }

    /// <summary>Limits of each layer; digests and media types are those of its descriptor.</summary>
    public LayerReadOptions Limits { get; init; } = new();

    /// <summary>Keep removals in the form an overlay file system understands, for a layer that is extracted alone; needs root on Linux.</summary>
    internal bool OverlayRemovals { get; init; }
}

/// <summary>What was extracted.</summary>
/// <param name="Files">Files written, those a later layer replaced included.</param>
/// <param name="Bytes">Bytes written.</param>
/// <param name="Warnings">What could not be kept, one sentence each; at most a hundred.</param>
public sealed record ExtractReport(long Files, long Bytes, IReadOnlyList<string> Warnings);
