using System.Management.Automation;
using Sealer.Planning;

namespace Sealer.PowerShell;

/// <summary>Writes a plan to a file, to be reviewed and carried out later (sealer has none).</summary>
/// <remarks>
/// <para>
/// JSON with the digests of the Clusterfile and the image and a fingerprint of every host. It holds no secret. A file that is
/// edited afterwards is refused: what shall be done differently is said in the Clusterfile.
/// </para>
/// </remarks>
/// <example>
/// <code>Get-ClusterPlan ./Clusterfile | Export-ClusterPlan -Path ./plan.json</code>
/// Writes the plan.
/// </example>
/// <seealso cref="ImportClusterPlan"/>
[Cmdlet(VerbsData.Export, "ClusterPlan", SupportsShouldProcess = true)]
[OutputType(typeof(FileInfo))]
public sealed class ExportClusterPlan : AsyncCmdlet
{
    /// <summary>The plan, as Get-ClusterPlan returns it.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true)]
    [Alias("Plan")]
    [ValidateNotNull]
    public Plan InputObject { get; set; } = null!;

    /// <summary>The file to write. Readable by you only.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "";

    /// <summary>Replaces a file that is there.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Returns the file.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        var path = await OnPipeline(() => FullPath(Path));
        if (!await ShouldProcessAsync(path, $"Write the plan {InputObject.Id} of {InputObject.Cluster} ({PlanText.Summary(InputObject)})"))
            return;
        PlanFile.Save(InputObject, path, Force);
        if (PassThru)
            await WriteAsync(new FileInfo(path));
    }
}
