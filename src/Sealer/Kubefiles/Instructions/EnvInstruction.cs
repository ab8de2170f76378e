namespace Sealer.Kubefiles.Instructions;

/// <summary><c>ENV NAME=value...</c> or <c>ENV NAME value</c>: environment of the whole image.</summary>
public sealed record EnvInstruction : KubefileInstruction
{
    /// <summary>In order; a name may come again and the last one counts.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Variables { get; init; }
}
