using Sealer.Kubefiles;

namespace Sealer.Clusterfiles.Reading;

/// <summary>Collects what is wrong, so that one pass tells everything; a file of nothing but mistakes fills no memory.</summary>
internal sealed class DiagnosticBag(Func<int, int, SourceLocation> locate)
{
    private const int Max = 2_000;

    private readonly List<ClusterfileDiagnostic> _diagnostics = [];
    private int _errors;
    private int _warnings;

    public bool HasErrors => _errors > 0;

    public void Error(int line, int column, string message) => Add(DiagnosticSeverity.Error, line, column, message);

    public void Warning(int line, int column, string message) => Add(DiagnosticSeverity.Warning, line, column, message);

    // OrderBy is stable: several mistakes of one place stay in the order they were found.
    public IReadOnlyList<ClusterfileDiagnostic> InOrder() =>
        [.. _diagnostics.Distinct().OrderBy(d => d.Location.Line).ThenBy(d => d.Location.Column)];

    // A part that was quoted from the file could begin a line of its own, and agents of pipelines obey lines.
    private static string OnOneLine(string message) => PlainText.Of(message.ReplaceLineEndings(" "));

    // Warnings have an end of their own: ten thousand of them are still no error.
    private void Add(DiagnosticSeverity severity, int line, int column, string message)
    {
        var count = severity == DiagnosticSeverity.Error ? ++_errors : ++_warnings;
        if (count > Max)
            return;
        _diagnostics.Add(new ClusterfileDiagnostic(
            severity, locate(line, column), OnOneLine(message)));
        if (count == Max)
        {
            var what = severity == DiagnosticSeverity.Error ? "mistakes" : "warnings";
            _diagnostics.Add(new ClusterfileDiagnostic(severity, locate(line, column) with { Line = int.MaxValue, Column = 1 }, $"there are {Max} {what} or more; these are the first"));
        }
    }
}
