namespace Sealer.Images.Copying;

/// <summary>What becomes of an index of which only some platforms are copied.</summary>
public enum IndexCut
{
    /// <summary>One platform: its manifest itself, without an index. Several: as <see cref="NewIndex"/>.</summary>
    Manifest,

    /// <summary>A new index with the wanted entries; its digest is another one.</summary>
    NewIndex,

    /// <summary>The index as it is, with the content of the wanted entries only; registries refuse such.</summary>
    Whole,
}

/// <summary>How an image is copied.</summary>
public sealed record CopyOptions
{
    /// <summary>The platforms to copy of an index; null for all.</summary>
    public IReadOnlyList<Platform>? Platforms { get; init; }

    /// <summary>What becomes of an index that is cut to <see cref="Platforms"/>.</summary>
    public IndexCut IndexCut { get; init; }

    /// <summary>True to copy artifacts that refer to the image, where source and target can tell them.</summary>
    public bool Referrers { get; init; }

    /// <summary>How many blobs are copied at once; archives are always written one by one.</summary>
    public int Parallelism { get; init; } = 6;

    /// <summary>What progress events call the work.</summary>
    public string Activity { get; init; } = "Copying image";
}
