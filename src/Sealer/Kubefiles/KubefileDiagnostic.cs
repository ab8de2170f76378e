namespace Sealer.Kubefiles;

/// <summary>How bad a mistake is.</summary>
public enum DiagnosticSeverity
{
    /// <summary>The image is built, but perhaps not as meant.</summary>
    Warning,

    /// <summary>The Kubefile cannot be built.</summary>
    Error,
}

/// <summary>A mistake in a Kubefile, or something that deserves a second look.</summary>
/// <param name="Severity">How bad it is.</param>
/// <param name="File">The file's name as the user knows it.</param>
/// <param name="Span">Where it is.</param>
/// <param name="Message">What is wrong, and the nearest valid word or the next step.</param>
public sealed record KubefileDiagnostic(DiagnosticSeverity Severity, string File, SourceSpan Span, string Message)
{
    /// <summary><c>Kubefile:LINE:COLUMN message</c>, which editors and pipelines make a link of.</summary>
    public override string ToString() => Severity == DiagnosticSeverity.Error
        ? $"{File}:{Span} {Message}"
        : $"{File}:{Span} warning: {Message}";
}
