using System.Management.Automation;

namespace Sealer.PowerShell;

/// <summary>Makes hosts what a Clusterfile says: a cluster where there is none, and of one that is there only what differs (sealer apply).</summary>
/// <remarks>
/// <para>
/// Asks every host how it is, makes a plan of what differs, shows it, and carries it out: Get-ClusterPlan and Invoke-ClusterPlan in
/// one. Where nothing differs it says so and does nothing.
/// </para>
/// <para>
/// Of an image with Kubernetes: the container runtime on every host, a registry on the control planes, certificates for a hundred
/// years, the first control plane, the others one after the other, the workers at once, what balances the API on each, labels and
/// taints, plugins in their phases, and the applications.
/// </para>
/// <para>
/// A node whose host the Clusterfile does not name any more leaves: its pods go to other nodes, its member leaves etcd where the others
/// keep a majority, and its host is as bare as before. A node that somebody joined by hand stays.
/// </para>
/// <para>
/// Once all applications are launched, what they have started (Deployments, StatefulSets, DaemonSets, Jobs and Pods of manifests and charts)
/// is waited for until it is ready; what shell scripts and commands start is theirs to wait for. One that is not ready is an error with the words
/// of its pod, keeps no other from being launched, and is launched and waited for again by the same command.
/// </para>
/// <para>
/// What fails on one host is an error at the end and stops only what needs it. The same command goes on where it was left, also
/// after Ctrl+C or a crash.
/// </para>
/// </remarks>
/// <example>
/// <code>Invoke-ClusterApply ./Clusterfile -WhatIf</code>
/// Shows every step of every host, and does nothing.
/// </example>
/// <example>
/// <code>$cluster = Invoke-ClusterApply ./Clusterfile -Confirm:$false</code>
/// Delivers, unattended.
/// </example>
/// <example>
/// <code>Get-Clusterfile ./Clusterfile | Invoke-ClusterApply -Command 'kubectl apply -f manifests/site.yaml' -Confirm:$false</code>
/// Runs this on the cluster, in the image's files, instead of launching the image's applications.
/// </example>
/// <seealso cref="GetClusterPlan"/>
/// <seealso cref="InvokeClusterPlan"/>
/// <seealso cref="GetClusterNode"/>
[Cmdlet(VerbsLifecycle.Invoke, "ClusterApply", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(Cluster))]
public sealed class InvokeClusterApply : DeliveryCmdlet
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

    private protected override async Task DeliverAsync(Sealer.Delivery.ClusterHosts hosts, CancellationToken cancellationToken)
    {
        foreach (var cluster in Clusters)
            await ApplyAsync(cluster, Image, hosts, cancellationToken);
    }
}
