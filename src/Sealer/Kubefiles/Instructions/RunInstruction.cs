namespace Sealer.Kubefiles.Instructions;

/// <summary><c>RUN [--network=default|none|host] command</c>: executed in the rootfs while the image is built.</summary>
public sealed record RunInstruction : KubefileInstruction
{
    /// <summary>
    /// Shell form: the text for <c>/bin/sh -c</c>, heredocs included; a heredoc alone is the text itself. Null in JSON form.
    /// </summary>
    public string? Command { get; init; }

    /// <summary>JSON form: program and arguments, run without a shell. Null in shell form.</summary>
    public IReadOnlyList<string>? Arguments { get; init; }

    /// <summary>True where <see cref="Command"/> is a whole script that names its interpreter in a <c>#!</c> line.</summary>
    public bool IsScript { get; init; }

    /// <summary>The network that the command sees: <c>default</c>, <c>none</c>, <c>host</c>; null where not said.</summary>
    public string? Network { get; init; }

    /// <summary>The values of the ARGs in scope and of the proxy arguments; ENV is not among them and wins over them.</summary>
    public required IReadOnlyDictionary<string, string> BuildArguments { get; init; }
}
