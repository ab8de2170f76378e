using System.Management.Automation;
using Sealer.Certificates;
using Sealer.Clusterfiles;
using Sealer.Delivery;

namespace Sealer.PowerShell;

/// <summary>Gives the API servers of a cluster more names, and makes its certificates anew, while the API goes on answering (sealer cert).</summary>
/// <remarks>
/// <para>
/// Control planes are done one after the other: the API server is started again with its new certificate, and only when it answers with
/// that, and all others answer, the next one's turn comes. Neither the cluster's image nor the controller that made the cluster is needed.
/// </para>
/// <para>
/// Names are added to those that stand, and to kubeadm's own settings in the cluster, so that control planes that join later and renewals
/// have them too. The cluster that is returned has them in its Spec. Write them into the Clusterfile as well, as certSANs under apiServer
/// of a ClusterConfiguration; then Invoke-ClusterApply does the same.
/// </para>
/// <para>
/// -Renew makes all certificates of kubeadm's anew, with new keys: those of the API server, etcd and the front proxy, and the kubeconfigs
/// of the administrator, the controller manager and the scheduler (and of the kubelet where it does not renew its own). Authorities stay:
/// what they sign ends with them at the latest. Their keys are read on the control planes, and nothing of them is kept here.
/// </para>
/// <para>The same again goes on where it was left, and after that does nothing; -Renew begins anew.</para>
/// </remarks>
/// <example>
/// <code>Get-Clusterfile ./Clusterfile | Update-ClusterCert -SubjectAlternativeName api.skyline.example.com -WhatIf</code>
/// Which control planes would get a new certificate?
/// </example>
/// <example>
/// <code>$cluster = Update-ClusterCert ./Clusterfile -SubjectAlternativeName api.skyline.example.com, 203.0.113.10 -Confirm:$false</code>
/// Every API server answers to a name and an address more, unattended.
/// </example>
/// <example>
/// <code>Update-ClusterCert ./Clusterfile -Renew -ValidFor 3650 -Confirm:$false</code>
/// Everything new, for ten years.
/// </example>
/// <seealso cref="GetClusterCert"/>
/// <seealso cref="InvokeClusterApply"/>
[Cmdlet(VerbsData.Update, "ClusterCert", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(Cluster))]
public sealed class UpdateClusterCert : HostCmdlet
{
    /// <summary>Path of a Clusterfile, whose cluster is changed.</summary>
    [Parameter(Position = 0)]
    [Alias("Path")]
    [ValidateNotNullOrEmpty]
    public override string? Clusterfile { get; set; }

    /// <summary>DNS names and addresses that every API server shall answer to (sealer --alt-names), besides those that it has.</summary>
    [Parameter]
    [Alias("AltNames", "San")]
    [ValidateNotNullOrEmpty]
    public string[] SubjectAlternativeName { get; set; } = [];

    /// <summary>Makes all certificates and kubeconfigs of the control planes anew, with new keys.</summary>
    [Parameter]
    public SwitchParameter Renew { get; set; }

    /// <summary>
    /// For how long, as a number of days or a TimeSpan. Without it, -Renew makes them for 100 years, and a certificate that only gets more
    /// names is made for as long as before. None outlives its authority.
    /// </summary>
    [Parameter]
    [Days]
    public TimeSpan? ValidFor { get; set; }

    /// <summary>Takes the cluster's lock from whoever has it, and says whom it pushes aside. Only where you know that nobody works there.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    private protected override async Task BeginAsync(CancellationToken cancellationToken)
    {
        if (SubjectAlternativeName.Length == 0 && !Renew)
        {
            throw new SealerException(
                "NoCertificateAsked", ErrorKind.InvalidInput,
                $"Nothing was asked of certificates. Give names for the API servers with -SubjectAlternativeName, or have all of them made anew with -Renew{(ValidFor is null ? "" : ", which -ValidFor goes with")}.");
        }

        // What is spelled wrongly is told before any host is asked.
        CertificatePolicy.RequirePossible(ValidFor, DateTimeOffset.UtcNow);
        await base.BeginAsync(cancellationToken);
    }

    private protected override async Task RunAsync(ClusterHosts hosts, CancellationToken cancellationToken)
    {
        RequireWholeClusters("Certificates are changed");
        foreach (var given in Clusters)
            await UpdateAsync(given, hosts, cancellationToken);
    }

    private async Task UpdateAsync(Cluster given, ClusterHosts hosts, CancellationToken cancellationToken)
    {
        var cluster = given with { Spec = given.Spec.WithApiServerNames(SubjectAlternativeName) };
        var options = new DeliveryOptions
        {
            ThrottleLimit = ThrottleLimit,
            Access = hosts.Access,
            Lock = new ClusterLockOptions { Force = Force },
            Renewal = new CertificateRenewal { SubjectAlternativeNames = SubjectAlternativeName, IsOfAll = Renew, Lifetime = ValidFor },
        };
        var delivery = new ClusterDelivery(cluster, address => hosts[address], null, SealerHome.FromEnvironment(), options, Engine, hosts.Other);
        var plan = await delivery.PlanAsync(cancellationToken);
        foreach (var note in plan.Notes)
            await WarnAsync(note);
        if (plan.Steps.Count == 0)
        {
            await TellUnplannedAsync(plan);
            await ShowAsync($"{cluster.Name}: {PlanText.Summary(plan)}.");
        }
        else
        {
            var text = PlanText.Of(plan);
            if (!await ShouldProcessAsync(text, $"{text}\nCarry it out?", "Change certificates"))
                return;
            var result = await delivery.CarryOutAsync(plan, cancellationToken);
            await TellFailuresAsync(result);
            await TellUnplannedAsync(plan);
            if (!result.Succeeded)
                return;
        }

        if (cluster.Path is { } path && !ReferenceEquals(cluster.Spec, given.Spec))
            await ShowAsync($"{cluster.Name}: the cluster keeps the new names. Write them into {path} too, as certSANs under apiServer of a ClusterConfiguration, for a cluster that is made of it anew.");
        await WriteAsync(cluster with { Status = await LiveCluster.LookAsync(cluster.Name, cluster.Spec.ControlPlanes.Select(host => hosts[host.Address]), null, cancellationToken) });
    }
}
