using Sealer.Kubefiles;

namespace Sealer.Clusterfiles;

/// <summary>What became of looking at a Clusterfile.</summary>
/// <param name="File">The file as the user named it, or <c>Clusterfile</c> for text.</param>
/// <param name="Cluster">What it describes; null where there are errors.</param>
/// <param name="Diagnostics">Errors and warnings, in the order of the file.</param>
public sealed record ClusterfileVerification(string File, Cluster? Cluster, IReadOnlyList<ClusterfileDiagnostic> Diagnostics)
{
    /// <summary>Errors and warnings, in the order of the file.</summary>
    public IReadOnlyList<ClusterfileDiagnostic> Diagnostics { get; init => field = Listed.Of(value); } = Listed.Of(Diagnostics);

    /// <summary>The cluster's name, or null where there are errors.</summary>
    public string? Name => Cluster?.Name;

    /// <summary>True where there is no error; warnings do not count.</summary>
    public bool Passed => Errors == 0;

    /// <summary>How many errors there are.</summary>
    public int Errors => Diagnostics.Count(d => d.Severity == DiagnosticSeverity.Error);

    /// <summary>How many warnings there are.</summary>
    public int Warnings => Diagnostics.Count(d => d.Severity == DiagnosticSeverity.Warning);
}
