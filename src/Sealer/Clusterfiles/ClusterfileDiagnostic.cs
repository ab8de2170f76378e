using Sealer.Kubefiles;

namespace Sealer.Clusterfiles;

/// <summary>A mistake in a Clusterfile, or something that deserves a second look. Never holds a secret.</summary>
/// <param name="Severity">How bad it is; with an error nothing is delivered.</param>
/// <param name="Location">Where it is.</param>
/// <param name="Message">What is wrong, and the nearest valid word or the next step.</param>
public sealed record ClusterfileDiagnostic(DiagnosticSeverity Severity, SourceLocation Location, string Message)
{
    /// <summary><c>Clusterfile:LINE:COLUMN message</c>, which editors and pipelines make a link of.</summary>
    public override string ToString() => Severity == DiagnosticSeverity.Error
        ? $"{Location} {Message}"
        : $"{Location} warning: {Message}";
}
