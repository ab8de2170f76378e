using System.Management.Automation;
using Sealer.Planning;

namespace Sealer.PowerShell;

/// <summary>Reads a plan from a file, and refuses one that was edited (sealer has none).</summary>
/// <remarks>
/// <para>Hosts are not asked. Invoke-ClusterPlan does that, and refuses the plan where they have moved on since it was made.</para>
/// <para>A plan is not signed: that it was edited by mistake is seen here, and who means it can write another. Nothing of what hosts
/// get is taken from it, though: what is written and run comes of the Clusterfile that Invoke-ClusterPlan is given and of the image
/// that this names, and a step that says otherwise is refused. What a forged plan can do is leave steps out, and describe those that
/// it has falsely.</para>
/// </remarks>
/// <example>
/// <code>(Import-ClusterPlan ./plan.json).Steps</code>
/// Shows what a plan would do.
/// </example>
/// <example>
/// <code>Import-ClusterPlan ./plan.json | Invoke-ClusterPlan -Clusterfile ./Clusterfile</code>
/// Carries it out.
/// </example>
/// <seealso cref="ExportClusterPlan"/>
/// <seealso cref="InvokeClusterPlan"/>
[Cmdlet(VerbsData.Import, "ClusterPlan")]
[OutputType(typeof(Plan))]
public sealed class ImportClusterPlan : AsyncCmdlet
{
    /// <summary>Files that Export-ClusterPlan wrote.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("FullName", "PSPath")]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        foreach (var given in Path)
        {
            foreach (var path in await OnPipeline(() => FullPaths(given, literal: false)))
            {
                try
                {
                    await WriteAsync(PlanFile.Load(path));
                }
                catch (SealerException e)
                {
                    await WriteErrorAsync(e);
                }
            }
        }
    }
}
