namespace Sealer.Kubefiles.Instructions;

/// <summary><c>CMDS ["command", ...]</c> or <c>CMDS command</c>: what is run once the cluster stands.</summary>
public sealed record CmdsInstruction : KubefileInstruction
{
    /// <summary>Separate commands, run in order; the text is a shell's.</summary>
    public required IReadOnlyList<string> Commands { get; init; }
}
