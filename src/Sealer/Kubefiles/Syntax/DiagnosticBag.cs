namespace Sealer.Kubefiles.Syntax;

/// <summary>Collects what is wrong, so that one pass tells everything.</summary>
internal sealed class DiagnosticBag(string file)
{
    private readonly List<KubefileDiagnostic> _diagnostics = [];

    public void Error(SourceSpan span, string message) =>
        _diagnostics.Add(new KubefileDiagnostic(DiagnosticSeverity.Error, file, span, message));

    public void Warning(SourceSpan span, string message) =>
        _diagnostics.Add(new KubefileDiagnostic(DiagnosticSeverity.Warning, file, span, message));

    // OrderBy is stable: several mistakes of one place stay in the order they were found.
    public IReadOnlyList<KubefileDiagnostic> InOrder() =>
        _diagnostics.Distinct().OrderBy(d => d.Span.Line).ThenBy(d => d.Span.Column).ToArray();
}
