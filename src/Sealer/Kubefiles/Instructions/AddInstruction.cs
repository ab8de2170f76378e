using Sealer.Images;

namespace Sealer.Kubefiles.Instructions;

/// <summary><c>ADD</c>: as COPY; unpacks local archives and downloads URLs.</summary>
public sealed record AddInstruction : CopyInstruction
{
    /// <summary>What the downloaded file must hash to, or null.</summary>
    public Digest? Checksum { get; init; }
}
