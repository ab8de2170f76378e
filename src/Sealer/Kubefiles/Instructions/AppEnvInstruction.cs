namespace Sealer.Kubefiles.Instructions;

/// <summary><c>APPENV NAME key=value...</c>: environment of one application; several lines add up.</summary>
public sealed record AppEnvInstruction : KubefileInstruction
{
    /// <summary>The application.</summary>
    public required string Name { get; init; }

    /// <summary>In order.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Variables { get; init; }
}
