namespace Sealer.Kubefiles.Instructions;

/// <summary><c>MAINTAINER name</c>: the image's author.</summary>
public sealed record MaintainerInstruction : KubefileInstruction
{
    /// <summary>The author.</summary>
    public required string Name { get; init; }
}
