namespace Sealer.Images.Storage;

/// <summary>What a sweep takes beside what nobody uses.</summary>
public sealed record SweepOptions
{
    /// <summary>True to only say what would be removed.</summary>
    public bool DryRun { get; init; }

    /// <summary>True to remove the build cache too, and the layers that only it keeps.</summary>
    public bool DropCache { get; init; }

    /// <summary>True to leave what broken downloads left, so that they can be resumed.</summary>
    public bool KeepPartials { get; init; }
}

/// <summary>What a sweep removed, or would remove.</summary>
public sealed record SweepReport
{
    /// <summary>True where nothing was removed.</summary>
    public required bool DryRun { get; init; }

    /// <summary>Blobs that no image uses.</summary>
    public required int Blobs { get; init; }

    /// <summary>Their bytes on disk.</summary>
    public required long BlobBytes { get; init; }

    /// <summary>What broken or cut downloads and builds left.</summary>
    public required int Partials { get; init; }

    /// <summary>Their bytes on disk.</summary>
    public required long PartialBytes { get; init; }

    /// <summary>Documents of the build cache.</summary>
    public required int CacheDocuments { get; init; }

    /// <summary>Bytes of all together.</summary>
    public required long Bytes { get; init; }

    /// <summary>The digests of <see cref="Blobs"/>.</summary>
    public required IReadOnlyList<Digest> Removed { get; init => field = Listed.Of(value); }

    /// <summary>Blobs that stay.</summary>
    public required int KeptBlobs { get; init; }

    /// <summary>Their bytes on disk.</summary>
    public required long KeptBytes { get; init; }

    /// <summary>
    /// What is damaged or missing, so that layers could not be found, and what could not be removed; whole sentences. While
    /// there is any of the first kind, no blob is removed: it could be one of them.
    /// </summary>
    public required IReadOnlyList<string> Problems { get; init => field = Listed.Of(value); }
}
