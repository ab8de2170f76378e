using System.Collections;
using System.Management.Automation;
using Sealer.Delivery;
using Sealer.Planning;

namespace Sealer.PowerShell;

/// <summary>Takes a whole cluster away from all its hosts, which are as bare as before (sealer delete --all).</summary>
/// <remarks>
/// <para>
/// Every host is asked what it has of the cluster; the plan is shown, and carried out after a question. Plugins of pre-uninstall and
/// pre-clean-host run first, while the cluster still answers. Then all hosts at once are freed of what runs, files, mounts, links,
/// routes, rules and units, by the scripts that the image has left there: the image itself is not needed. Plugins of post-clean-host
/// and post-uninstall run last. Journal and lock go at the very end, and what this machine keeps of the cluster.
/// </para>
/// <para>
/// A host that cannot be reached, or on which something fails, is an error at the end and does not stop the others. The same command
/// goes on where something is left. What no delivery of the cluster has brought, as a Kubernetes that somebody else made there, stays.
/// </para>
/// <para>
/// Logs in /var/log stay, and settings of the running kernel do until the next start. The Clusterfile stays too.
/// </para>
/// </remarks>
/// <example>
/// <code>Remove-Cluster -Clusterfile ./Clusterfile -WhatIf</code>
/// Shows what would be done on which host, and does nothing.
/// </example>
/// <example>
/// <code>Get-Clusterfile ./Clusterfile | Remove-Cluster -Confirm:$false</code>
/// Removes, unattended.
/// </example>
/// <returns>Nothing; with -PassThru the cluster as the Clusterfile says it, once nothing is left of it.</returns>
/// <seealso cref="InvokeClusterApply"/>
[Cmdlet(VerbsCommon.Remove, "Cluster", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(Cluster))]
public sealed class RemoveCluster : HostCmdlet
{
    /// <summary>Path of the cluster's Clusterfile. With values laid over it, pipe what Get-Clusterfile returns.</summary>
    [Parameter(Position = 0)]
    [Alias("Path")]
    [ValidateNotNullOrEmpty]
    public override string? Clusterfile { get; set; }

    /// <summary>
    /// Variables over those of the Clusterfile, for plugins and for the scripts of the image: a hashtable, or <c>NAME=VALUE</c>. A
    /// SecureString is a secret.
    /// </summary>
    [Parameter]
    [KeyValue]
    public IDictionary? Environment { get; set; }

    /// <summary>After how many seconds a plugin that does not end is stopped.</summary>
    [Parameter]
    [ValidateRange(1, 86400)]
    public int PluginTimeout { get; set; } = (int)PlanRequest.DefaultPluginTimeout.TotalSeconds;

    /// <summary>Takes the cluster's lock from whoever has it, and says whom it pushes aside. Only where you know that nobody works there.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Returns the cluster that was removed.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override IDictionary? Variables => Environment;

    private protected override async Task RunAsync(ClusterHosts hosts, CancellationToken cancellationToken)
    {
        RequireWholeClusters("It is done");
        foreach (var cluster in Clusters)
            await RemoveAsync(cluster, hosts, cancellationToken);
    }

    private async Task RemoveAsync(Cluster cluster, ClusterHosts hosts, CancellationToken cancellationToken)
    {
        var options = new DeliveryOptions
        {
            Removes = true,
            ThrottleLimit = ThrottleLimit,
            PluginTimeout = TimeSpan.FromSeconds(PluginTimeout),
            Lock = new ClusterLockOptions { Force = Force },
        };
        var delivery = new ClusterDelivery(cluster, address => hosts[address], content: null, SealerHome.FromEnvironment(), options, Engine);
        var plan = await delivery.PlanAsync(cancellationToken);
        foreach (var note in plan.Notes)
            await WarnAsync(note);
        var text = PlanText.Of(plan);
        if (plan.Steps.Count == 0)
            await ShowAsync($"{cluster.Name}: {PlanText.Summary(plan)}.");
        if (plan.Steps.Count == 0 && delivery.IsKnownHere && !await ShouldProcessAsync(cluster.Name, "Forget what this machine keeps of the cluster"))
            return;
        if (plan.Steps.Count > 0 && !await ShouldProcessAsync(text, $"{text}\nRemove the cluster {cluster.Name} from these hosts?", "Remove the cluster"))
            return;
        var result = await delivery.CarryOutAsync(plan, cancellationToken);
        await TellFailuresAsync(result);
        await TellUnplannedAsync(plan);
        if (PassThru && result.Succeeded && plan.Hosts.All(host => host.Unreachable is null))
            await WriteAsync(cluster with { Status = null });
    }
}
