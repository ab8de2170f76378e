using System.Management.Automation;
using Sealer.Clusterfiles;
using Sealer.Kubefiles;

namespace Sealer.PowerShell;

/// <summary>Checks Clusterfiles and says everything that is wrong with them (sealer has no check of its Clusterfile).</summary>
/// <remarks>
/// <para>
/// A file with mistakes is no error of this command: the result has them as objects, with line, column and what to write
/// instead. Secrets that the file names elsewhere are not looked for, unless -IncludeSecret is given, so that a pipeline can
/// check what it cannot deliver.
/// </para>
/// </remarks>
/// <example>
/// <code>Test-Clusterfile ./Clusterfile</code>
/// Is it right?
/// </example>
/// <example>
/// <code>(Test-Clusterfile ./Clusterfile).Diagnostics | Where-Object Severity -eq Error</code>
/// What must be mended?
/// </example>
/// <example>
/// <code>if (-not (Test-Clusterfile ./Clusterfile -Quiet)) { throw 'The Clusterfile is wrong.' }</code>
/// Yes or no, for a script.
/// </example>
/// <seealso cref="GetClusterfile"/>
[Cmdlet(VerbsDiagnostic.Test, "Clusterfile", DefaultParameterSetName = ByPath)]
[OutputType(typeof(ClusterfileVerification), typeof(bool))]
public sealed class TestClusterfile : ClusterfileCmdlet
{
    /// <summary>Looks for secrets that the file names elsewhere, too: a variable that is not set, or a file that is missing, is an error.</summary>
    [Parameter]
    public SwitchParameter IncludeSecret { get; set; }

    /// <summary>Returns true or false instead of what was found.</summary>
    [Parameter]
    public SwitchParameter Quiet { get; set; }

    private protected override bool ResolvesSecrets => IncludeSecret;

    private protected override async Task ProcessAsync(Source source, CancellationToken cancellationToken)
    {
        ClusterfileReadResult read;
        try
        {
            read = await source.ReadAsync();
        }
        catch (SealerException e) when (e.Id == "ClusterfileUnreadable")
        {
            read = new ClusterfileReadResult(null, [new ClusterfileDiagnostic(DiagnosticSeverity.Error, new SourceLocation(source.Name, 1, 1), e.Message)]);
        }

        var cluster = read.HasErrors || read.Spec is null ? null : await source.CompleteAsync(read.Spec);
        var result = new ClusterfileVerification(source.Name, cluster, read.Diagnostics);
        await WriteAsync(Quiet ? result.Passed : result);
    }
}
