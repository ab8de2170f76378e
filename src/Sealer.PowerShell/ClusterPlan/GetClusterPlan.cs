using System.Collections;
using System.Management.Automation;
using Sealer.Delivery;
using Sealer.Planning;

namespace Sealer.PowerShell;

/// <summary>Says what would be done to make hosts what a Clusterfile says, and why (sealer has none).</summary>
/// <remarks>
/// <para>
/// Asks every host how it really is and compares: the image's files with what templates and Configs make of them, the lines in
/// /etc/hosts, the plugins that were run. Nothing is changed. The plan has a step for each difference, with its reason, bytes,
/// risk and estimated time; where there is none, there is nothing to do.
/// </para>
/// <para>
/// A host that cannot be asked is an error, and the plan is made for the others. Invoke-ClusterPlan carries out exactly this
/// plan, and refuses it once the hosts, the Clusterfile or the image have changed.
/// </para>
/// <para>The image is that of the local store; Receive-ClusterImage and Import-ClusterImage bring it there.</para>
/// </remarks>
/// <example>
/// <code>Get-Clusterfile ./Clusterfile | Get-ClusterPlan</code>
/// What is to be done?
/// </example>
/// <example>
/// <code>(Get-ClusterPlan ./Clusterfile).Steps</code>
/// Every step, with its reason.
/// </example>
/// <example>
/// <code>Get-ClusterPlan ./Clusterfile -Environment @{ Stage = 'test' }</code>
/// With a variable over those of the Clusterfile.
/// </example>
/// <example>
/// <code>Get-ClusterPlan ./Clusterfile -Image skyline:v2 | Export-ClusterPlan -Path ./plan.json</code>
/// A plan to be reviewed, and carried out later.
/// </example>
/// <seealso cref="InvokeClusterPlan"/>
/// <seealso cref="ExportClusterPlan"/>
[Cmdlet(VerbsCommon.Get, "ClusterPlan")]
[OutputType(typeof(Plan))]
public sealed class GetClusterPlan : HostCmdlet
{
    /// <summary>Path of the Clusterfile. With values laid over it, pipe what Get-Clusterfile returns.</summary>
    [Parameter(Position = 0)]
    [Alias("Path")]
    [ValidateNotNullOrEmpty]
    public override string? Clusterfile { get; set; }

    /// <summary>The cluster image, of the local store; without, the one that the Clusterfile names.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(ImageNameCompleter))]
    [ValidateNotNullOrEmpty]
    public string? Image { get; set; }

    /// <summary>
    /// Variables over those of the Clusterfile (sealer -e): a hashtable, or <c>NAME=VALUE</c>. A SecureString is a secret. Hosts' and
    /// applications' own variables still win. A plan made so and kept in a file is carried out with the same -Environment.
    /// </summary>
    [Parameter]
    [KeyValue]
    public IDictionary? Environment { get; set; }

    /// <summary>After how many seconds a plugin that does not end is stopped.</summary>
    [Parameter]
    [ValidateRange(1, 86400)]
    public int PluginTimeout { get; set; } = (int)PlanRequest.DefaultPluginTimeout.TotalSeconds;

    /// <summary>For how many seconds applications are waited for until what they have started is ready.</summary>
    [Parameter]
    [ValidateRange(1, 86400)]
    public int AppTimeout { get; set; } = (int)PlanRequest.DefaultAppTimeout.TotalSeconds;

    /// <summary>Applications are launched, and nobody waits until what they have started is ready.</summary>
    [Parameter]
    public SwitchParameter NoWait { get; set; }

    private protected override IDictionary? Variables => Environment;

    private protected override async Task RunAsync(ClusterHosts hosts, CancellationToken cancellationToken)
    {
        RequireWholeClusters("A plan is made");
        foreach (var cluster in Clusters)
        {
            var content = await PlanImages.LoadAsync(cluster, Image, new ImageContentOptions(), cancellationToken);
            var options = new DeliveryOptions { ThrottleLimit = ThrottleLimit, PluginTimeout = TimeSpan.FromSeconds(PluginTimeout), AppTimeout = NoWait ? null : TimeSpan.FromSeconds(AppTimeout) };
            var plan = await new ClusterDelivery(cluster, address => hosts[address], content, SealerHome.FromEnvironment(), options, Engine, hosts.Other).PlanAsync(cancellationToken);
            foreach (var host in plan.Hosts.Where(host => host.Unreachable is not null))
                await WriteHostErrorAsync(host.Name, new SealerException("HostNotPlanned", ErrorKind.Connection, host.Unreachable!, host.Name));
            foreach (var note in plan.Notes)
                await WarnAsync(note);
            await OnPipeline(() => WriteVerbose($"{cluster.Name}: {PlanText.Summary(plan)}"));
            await WriteAsync(PlanOrigin.Attach(plan, new PlanOrigin(cluster, hosts.Access, Image)));
        }
    }
}
