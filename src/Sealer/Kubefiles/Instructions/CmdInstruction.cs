namespace Sealer.Kubefiles.Instructions;

/// <summary><c>CMD command</c>, the old form of CMDS; several add up.</summary>
public sealed record CmdInstruction : KubefileInstruction
{
    /// <summary>Separate commands, run in order; the text is a shell's.</summary>
    public required IReadOnlyList<string> Commands { get; init; }
}
