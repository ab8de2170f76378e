using Sealer.Clusterfiles.Documents;
using Sealer.Kubefiles;

namespace Sealer.Clusterfiles;

/// <summary>The plugins of a file, and every mistake in it.</summary>
/// <param name="Plugins">Those that could be read, in the order of the file.</param>
/// <param name="Hosts">The cluster's hosts with the labels and taints that old plugins give them; null where the cluster is not known.</param>
/// <param name="Diagnostics">Errors and warnings, in the order of the file.</param>
public sealed record PluginReadResult(
    IReadOnlyList<PluginSpec> Plugins, IReadOnlyList<HostSpec>? Hosts, IReadOnlyList<ClusterfileDiagnostic> Diagnostics)
{
    /// <summary>True where the plugins cannot be run as they are.</summary>
    public bool HasErrors => Diagnostics.Any(d => d.Severity == DiagnosticSeverity.Error);
}
