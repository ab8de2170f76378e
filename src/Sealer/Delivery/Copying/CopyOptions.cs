namespace Sealer.Delivery.Copying;

/// <summary>How files are copied to a host or from it.</summary>
public sealed record CopyOptions
{
    /// <summary>As root on the host.</summary>
    public bool Elevated { get; init; }

    /// <summary>Is told bytes done and bytes in all.</summary>
    public IProgress<(long Done, long Total)>? Progress { get; init; }

    /// <summary>How often a copy is taken up again whose connection broke.</summary>
    public int Attempts { get; init; } = 3;
}

/// <summary>What came of a copy.</summary>
/// <param name="Host">The host's name.</param>
/// <param name="Destination">Where the files are now: on the host, or here.</param>
/// <param name="Files">How many were copied.</param>
/// <param name="Bytes">What went over the line of their contents.</param>
/// <param name="Unchanged">How many were there already.</param>
/// <param name="Skipped">What was left out, and why.</param>
public sealed record CopyResult(string Host, string Destination, int Files, long Bytes, int Unchanged, IReadOnlyList<string> Skipped)
{
    /// <summary>What was left out, and why.</summary>
    public IReadOnlyList<string> Skipped { get; init => field = Listed.Of(value); } = Listed.Of(Skipped);
}
