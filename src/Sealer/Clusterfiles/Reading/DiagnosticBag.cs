using Sealer.Kubefiles;

namespace Sealer.Clusterfiles.Reading;

/// <summary>Collects what is wrong, so that one pass tells everything; a file of nothing but mistakes fills no memory.</summary>
internal sealed class DiagnosticBag(string file)
{
    private const int Max = 2_000;

    private readonly List<ClusterfileDiagnostic> _diagnostics = [];
    private bool _isFull;

    public bool HasErrors { get; private set; }

    public void Error(int line, int column, string message)
    {
        HasErrors = true;
        Add(DiagnosticSeverity.Error, line, column, message);
    }

    public void Warning(int line, int column, string message) => Add(DiagnosticSeverity.Warning, line, column, message);

    // OrderBy is stable: several mistakes of one place stay in the order they were found.
    public IReadOnlyList<ClusterfileDiagnostic> InOrder() =>
        [.. _diagnostics.Distinct().OrderBy(d => d.Location.Line).ThenBy(d => d.Location.Column)];

    private void Add(DiagnosticSeverity severity, int line, int column, string message)
    {
        if (_isFull)
            return;
        _diagnostics.Add(new ClusterfileDiagnostic(
            severity, new SourceLocation(file, Math.Max(line, 1), Math.Max(column, 1)), PlainText.Of(message)));
        if (_diagnostics.Count < Max)
            return;
        _isFull = true;
        HasErrors = true;
        _diagnostics.Add(new ClusterfileDiagnostic(
            DiagnosticSeverity.Error, new SourceLocation(file, int.MaxValue, 1), $"there are more than {Max} mistakes; these are the first"));
    }
}
