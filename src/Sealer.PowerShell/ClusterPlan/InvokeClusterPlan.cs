using System.Collections;
using System.Management.Automation;
using Sealer.Delivery;
using Sealer.Events;
using Sealer.Planning;

namespace Sealer.PowerShell;

/// <summary>Carries out a plan: exactly its steps, on many hosts at once, and goes on where it was left (sealer has none).</summary>
/// <remarks>
/// <para>
/// Every step is looked at before it is done and verified after. What is done is written to a journal, here and on the first
/// control plane, so that the same command goes on after Ctrl+C, a crash or a cut link: what is done is not done again. A
/// plugin that was running when the controller died comes to its end on its host, and going on waits for it; Ctrl+C stops it.
/// </para>
/// <para>
/// The result of a step is returned as soon as it has ended. A host that fails stops only what needs it. All failures are errors
/// at the end, each with the host's own words; mend them and run the same again, or make a new plan.
/// </para>
/// <para>
/// Nothing is done where a host, the Clusterfile or the image is not as it was when the plan was made, or while another
/// controller works on the cluster.
/// </para>
/// <para>
/// A plan of this session brings its cluster, its image and its credentials along; what is given with this command goes over them.
/// With one that was read from a file, name the Clusterfile: what is done comes of that and of the image that it names.
/// </para>
/// </remarks>
/// <example>
/// <code>Get-Clusterfile ./Clusterfile | Get-ClusterPlan | Invoke-ClusterPlan -WhatIf</code>
/// Shows every step of every host.
/// </example>
/// <example>
/// <code>Get-Clusterfile ./Clusterfile | Get-ClusterPlan | Invoke-ClusterPlan -Confirm:$false</code>
/// Delivers, unattended.
/// </example>
/// <example>
/// <code>Import-ClusterPlan ./plan.json | Invoke-ClusterPlan -Clusterfile ./Clusterfile</code>
/// Carries out a plan that was reviewed.
/// </example>
/// <seealso cref="GetClusterPlan"/>
/// <seealso cref="ImportClusterPlan"/>
[Cmdlet(VerbsLifecycle.Invoke, "ClusterPlan", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(StepResult))]
public sealed class InvokeClusterPlan : HostAccessCmdlet
{
    /// <summary>Plans, as Get-ClusterPlan and Import-ClusterPlan return them.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [Alias("Plan")]
    [ValidateNotNull]
    public Plan InputObject { get; set; } = null!;

    /// <summary>Path of the Clusterfile that the plan was made from. A plan of this session knows it.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Clusterfile { get; set; }

    /// <summary>The cluster that the plan was made for (Get-Clusterfile), instead of a Clusterfile: where values were laid over the file.</summary>
    [Parameter]
    [ValidateNotNull]
    public Cluster? Cluster { get; set; }

    /// <summary>The cluster image, of the local store, where the plan was made with another than the Clusterfile names.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(ImageNameCompleter))]
    [ValidateNotNullOrEmpty]
    public string? Image { get; set; }

    /// <summary>
    /// Variables over those of the Clusterfile (sealer -e), which is read again: those that the plan was made with. A hashtable, or
    /// <c>NAME=VALUE</c>; a SecureString is a secret.
    /// </summary>
    [Parameter]
    [KeyValue]
    public IDictionary? Environment { get; set; }

    /// <summary>Takes the cluster's lock from whoever has it, and says whom it pushes aside. Only where you know that nobody works there.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>The most that leaves this machine in a second: a number of bytes (10MB) or text ("10 MiB").</summary>
    [Parameter]
    [ByteSize]
    public long? BandwidthLimit { get; set; }

    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        var plan = InputObject;
        if (plan.Steps.Count == 0)
        {
            await TellUnplannedAsync(plan);
            await ShowAsync($"{plan.Cluster}: {PlanText.Summary(plan)}.");
            return;
        }

        var text = PlanText.Of(plan);
        if (!await ShouldProcessAsync(text, $"{text}\nCarry it out?", "Carry out the plan"))
            return;
        var origin = await OnPipeline(() => PlanOrigin.Of(plan));
        if (Environment is not null && Cluster is not null)
            throw new SealerException("EnvironmentOfCluster", ErrorKind.InvalidInput, "-Cluster has its variables. Give -Environment to Get-Clusterfile, or -Clusterfile instead of -Cluster.");
        var cluster = Cluster ?? (Clusterfile is null && Environment is null ? origin?.Cluster : null) ?? await ReadAsync(plan, origin);
        var access = await OnPipeline(() => origin is null ? Access : Access.Over(origin.Access));
        var content = await PlanImages.LoadAsync(cluster, Image ?? origin?.Image, new ImageContentOptions { BandwidthLimit = BandwidthLimit }, cancellationToken);
        await using var hosts = ClusterHosts.Of(cluster.Spec, access);
        var options = new DeliveryOptions { ThrottleLimit = ThrottleLimit, Access = access, Lock = new ClusterLockOptions { Force = Force } };
        var result = await new ClusterDelivery(cluster, address => hosts[address], content, SealerHome.FromEnvironment(), options, new StepSink(this), hosts.Other)
            .CarryOutAsync(plan, cancellationToken);
        if (result.FinishedBefore is { } before)
            await ShowAsync($"{plan.Cluster}: the plan {plan.Id} was carried out on {before.ToLocalTime():yyyy-MM-dd HH:mm}. Get-ClusterPlan makes a new one.");
        await TellFailuresAsync(result);
        await TellUnplannedAsync(plan);
    }

    // Hands a result on as soon as its step has ended.
    private sealed class StepSink(InvokeClusterPlan cmdlet) : IProgress<SealerEvent>
    {
        public void Report(SealerEvent value)
        {
            cmdlet.Engine.Report(value);
            if (value is StepEndedEvent ended)
                cmdlet.Post(ended.Result);
        }
    }

    private async Task<Cluster> ReadAsync(Plan plan, PlanOrigin? origin)
    {
        // Whoever writes a plan's file would choose the Clusterfile, too.
        var path = Clusterfile ?? origin?.Cluster.Path
            ?? throw new SealerException(
                "NoCluster", ErrorKind.InvalidInput,
                $"Name the Clusterfile that the plan {plan.Id} of {plan.Cluster} was made from: -Clusterfile PATH{(plan.Clusterfile is { } said ? $" (the plan says {said})" : "")}, or -Cluster.", plan.Cluster);
        return await ReadClusterAsync(path, Environment);
    }
}
