namespace Sealer.Kubefiles.Instructions;

/// <summary><c>ARG NAME[=default]...</c>: variables of the build.</summary>
public sealed record ArgInstruction : KubefileInstruction
{
    /// <summary>In order.</summary>
    public required IReadOnlyList<BuildArgument> Arguments { get; init; }
}

/// <summary>One variable of an ARG.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Default">What stands behind the <c>=</c>, or null.</param>
/// <param name="Value">What it is in this build, or null where nobody gave a value.</param>
public sealed record BuildArgument(string Name, string? Default, string? Value);
