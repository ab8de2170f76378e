namespace Sealer.Images.Verifying;

/// <summary>The result of verifying an image.</summary>
public sealed record ImageVerification
{
    /// <summary>The image's name; its digest where it has none.</summary>
    public required string Name { get; init; }

    /// <summary>Digest of the manifest or index that was verified.</summary>
    public required Digest Digest { get; init; }

    /// <summary>True where nothing is wrong; warnings may be there.</summary>
    public bool Passed => Findings.All(f => f.Severity != FindingSeverity.Error);

    /// <summary>What was found, worst first.</summary>
    public required IReadOnlyList<VerificationFinding> Findings { get; init => field = Listed.Of(value); }

    /// <summary>Platforms that were verified.</summary>
    public required IReadOnlyList<Platform> Platforms { get; init => field = Listed.Of(value); }

    /// <summary>Manifests, configs and layers that were read and hashed.</summary>
    public required int Blobs { get; init; }

    /// <summary>Bytes of them, as stored.</summary>
    public required long Bytes { get; init; }

    /// <summary>Container images that were found whole inside, over all platforms.</summary>
    public required int ContainerImages { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Name} {(Passed ? "passed" : "failed")}";
}
