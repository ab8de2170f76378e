namespace Sealer.Kubefiles.Instructions;

/// <summary><c>LABEL NAME=value...</c>.</summary>
public sealed record LabelInstruction : KubefileInstruction
{
    /// <summary>In order; a name may come again and the last one counts.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Labels { get; init; }
}
