namespace Sealer.Kubefiles.Instructions;

/// <summary><c>LAUNCH NAME...</c> or <c>LAUNCH ["NAME", ...]</c>: applications to start, in order.</summary>
public sealed record LaunchInstruction : KubefileInstruction
{
    /// <summary>Names of applications of this file or of the image it is built upon.</summary>
    public required IReadOnlyList<string> Names { get; init; }
}
