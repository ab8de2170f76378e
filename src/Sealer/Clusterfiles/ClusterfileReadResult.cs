using Sealer.Clusterfiles.Documents;
using Sealer.Kubefiles;

namespace Sealer.Clusterfiles;

/// <summary>What a Clusterfile says, and every mistake in it.</summary>
/// <param name="Spec">The desired state; null where there are errors.</param>
/// <param name="Diagnostics">Errors and warnings, in the order of the file.</param>
public sealed record ClusterfileReadResult(ClusterSpec? Spec, IReadOnlyList<ClusterfileDiagnostic> Diagnostics)
{
    // A message is read by people; what is more than this is in Diagnostics.
    private const int MaxErrorsInMessage = 50;

    /// <summary>True where nothing can be delivered.</summary>
    public bool HasErrors => Diagnostics.Any(d => d.Severity == DiagnosticSeverity.Error);

    /// <summary>The desired state.</summary>
    /// <exception cref="SealerException"><c>InvalidClusterfile</c>: there are errors; the message has a line for each of the first 50.</exception>
    public ClusterSpec GetSpec()
    {
        var errors = Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error).ToList();
        if (Spec is { } spec && errors.Count == 0)
            return spec;
        var lines = errors.Take(MaxErrorsInMessage).Select(error => error.ToString()).ToList();
        if (errors.Count > MaxErrorsInMessage)
            lines.Add($"... and {errors.Count - MaxErrorsInMessage} more errors");
        throw new SealerException(
            "InvalidClusterfile",
            ErrorKind.InvalidInput,
            string.Join('\n', lines),
            errors.Count > 0 ? errors[0].Location.File : null);
    }
}
