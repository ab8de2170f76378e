namespace Sealer.Kubefiles.Instructions;

/// <summary>One instruction of a Kubefile.</summary>
public abstract record KubefileInstruction
{
    /// <summary>The first word, in upper case.</summary>
    public required string Keyword { get; init; }

    /// <summary>Where it stands, heredocs included.</summary>
    public required SourceSpan Span { get; init; }

    /// <summary>As it stands in the file, lines joined by LF.</summary>
    public required string Text { get; init; }

    /// <inheritdoc/>
    public sealed override string ToString() => Text;
}
