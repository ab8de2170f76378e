using System.Collections;
using System.Management.Automation;
using Sealer.Clusterfiles.Documents;
using Sealer.Delivery;
using Sealer.Hosts;
using Sealer.Planning;

namespace Sealer.PowerShell;

/// <summary>A cmdlet that makes a plan for all hosts of a cluster, shows it, and carries it out.</summary>
public abstract class DeliveryCmdlet : HostCmdlet
{
    /// <summary>
    /// Variables over those of the Clusterfile (sealer -e): a hashtable, or <c>NAME=VALUE</c>. A SecureString is a secret. Hosts' and
    /// applications' own variables still win.
    /// </summary>
    [Parameter]
    [KeyValue]
    public IDictionary? Environment { get; set; }

    /// <summary>The applications of the image that are launched, in this order, instead of those of Clusterfile and image (sealer --apps). An empty one: none.</summary>
    [Parameter]
    [Alias("Apps")]
    [AllowEmptyString]
    public string[]? App { get; set; }

    /// <summary>Shell commands that are run on the cluster instead of launching applications (sealer --cmds).</summary>
    [Parameter]
    [Alias("Cmds")]
    [ValidateNotNullOrEmpty]
    public string[]? Command { get; set; }

    /// <summary>After how many seconds a plugin or an application's start that does not end is stopped.</summary>
    [Parameter]
    [ValidateRange(1, 86400)]
    public int PluginTimeout { get; set; } = (int)PlanRequest.DefaultPluginTimeout.TotalSeconds;

    /// <summary>
    /// For how many seconds what applications have started (Deployments, StatefulSets, DaemonSets, Jobs, Pods of kube and helm) is
    /// waited for until it is ready, all of them at once. What is not ready by then is an error that names the pod, its last events and its last words.
    /// </summary>
    [Parameter]
    [ValidateRange(1, 86400)]
    public int AppTimeout { get; set; } = (int)PlanRequest.DefaultAppTimeout.TotalSeconds;

    /// <summary>Applications are launched, and nobody waits until what they have started is ready.</summary>
    [Parameter]
    public SwitchParameter NoWait { get; set; }

    /// <summary>Takes the cluster's lock from whoever has it, and says whom it pushes aside. Only where you know that nobody works there.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>The most that leaves this machine in a second: a number of bytes (10MB) or text ("10 MiB").</summary>
    [Parameter]
    [ByteSize]
    public long? BandwidthLimit { get; set; }

    private protected override IDictionary? Variables => Environment;

    /// <summary>Does it, for all clusters that were named.</summary>
    private protected abstract Task DeliverAsync(ClusterHosts hosts, CancellationToken cancellationToken);

    /// <inheritdoc/>
    private protected override async Task RunAsync(ClusterHosts hosts, CancellationToken cancellationToken)
    {
        RequireWholeClusters("It is done");
        await DeliverAsync(hosts, cancellationToken);
    }

    /// <summary>Makes a cluster's plan, asks, carries it out, and returns the cluster as it is then.</summary>
    /// <param name="given">The cluster.</param>
    /// <param name="image">The image, where it is not the one that the cluster names.</param>
    /// <param name="hosts">Its hosts.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="others">A host that leaves; null: reached as the others are.</param>
    /// <param name="decided">Done once it is agreed to, before anything is done on a host; null: nothing.</param>
    /// <returns>True where it was agreed to.</returns>
    private protected async Task<bool> ApplyAsync(
        Cluster given, string? image, ClusterHosts hosts, CancellationToken cancellationToken, Func<HostSpec, IHost>? others = null, Func<Task>? decided = null)
    {
        var cluster = Chosen(given);
        var content = await PlanImages.LoadAsync(cluster, image, new ImageContentOptions { BandwidthLimit = BandwidthLimit }, cancellationToken);
        var options = new DeliveryOptions { ThrottleLimit = ThrottleLimit, PluginTimeout = TimeSpan.FromSeconds(PluginTimeout), AppTimeout = NoWait ? null : TimeSpan.FromSeconds(AppTimeout), Access = hosts.Access, Lock = new ClusterLockOptions { Force = Force } };
        var delivery = new ClusterDelivery(cluster, address => hosts[address], content, SealerHome.FromEnvironment(), options, Engine, others ?? hosts.Other);
        var plan = await delivery.PlanAsync(cancellationToken);
        foreach (var note in plan.Notes)
            await WarnAsync(note);
        if (plan.Steps.Count == 0)
        {
            await TellUnplannedAsync(plan);
            if (!await OnPipeline(() => MyInvocation.BoundParameters.TryGetValue("WhatIf", out var whatIf) && whatIf is SwitchParameter { IsPresent: true }))
                await delivery.CarryOutAsync(plan, cancellationToken);
            await ShowAsync($"{cluster.Name}: {PlanText.Summary(plan)}.");
            if (decided is not null && await ShouldProcessAsync(cluster.Path!, "Write the hosts into the Clusterfile"))
                await decided();
        }
        else
        {
            var text = PlanText.Of(plan);
            if (!await ShouldProcessAsync(text, $"{text}\nCarry it out?", "Carry out the plan"))
                return false;
            if (decided is not null)
                await decided();
            var result = await delivery.CarryOutAsync(plan, cancellationToken);
            await TellFailuresAsync(result);
            await TellUnplannedAsync(plan);
            if (!result.Succeeded)
                return true;
        }

        var status = content.Kubernetes is null ? null : await LiveCluster.LookAsync(cluster.Name, cluster.Spec.ControlPlanes.Select(host => hosts[host.Address]), null, cancellationToken);
        await WriteAsync(cluster with { Status = status });
        return true;
    }

    private Cluster Chosen(Cluster given) => App is null && Command is null
        ? given
        : given with { Spec = given.Spec with { ApplicationNames = App ?? given.Spec.ApplicationNames, Commands = Command ?? (App is null ? given.Spec.Commands : null) } };
}
