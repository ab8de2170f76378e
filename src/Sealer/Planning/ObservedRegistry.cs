namespace Sealer.Planning;

/// <summary>What a registry that is there already has of an image's container images.</summary>
public sealed record ObservedRegistry
{
    /// <summary>Domain and port.</summary>
    public required string Endpoint { get; init; }

    /// <summary>Digest of all that it shall have: names, and what each stands for.</summary>
    public required string Digest { get; init; }

    /// <summary>How many images it shall have.</summary>
    public required int Images { get; init; }

    /// <summary>Those that it lacks, or has otherwise, as <c>library/nginx:1.27</c>, sorted.</summary>
    public IReadOnlyList<string> Missing { get; init => field = Listed.Of(value); } = [];

    /// <summary>Bytes of those; what of them it has already is not sent.</summary>
    public long Bytes { get; init; }
}
