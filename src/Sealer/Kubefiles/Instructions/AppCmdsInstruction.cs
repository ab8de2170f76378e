namespace Sealer.Kubefiles.Instructions;

/// <summary><c>APPCMDS NAME ["command", ...]</c>: how the application is started instead of its type's way.</summary>
public sealed record AppCmdsInstruction : KubefileInstruction
{
    /// <summary>The application.</summary>
    public required string Name { get; init; }

    /// <summary>Separate commands, run in order; the text is a shell's.</summary>
    public required IReadOnlyList<string> Commands { get; init; }
}
