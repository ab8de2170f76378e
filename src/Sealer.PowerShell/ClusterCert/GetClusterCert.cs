using System.Management.Automation;
using Sealer.Delivery;

namespace Sealer.PowerShell;

/// <summary>Lists every certificate and kubeconfig of a cluster's hosts, with the days that each has left (sealer has none).</summary>
/// <remarks>
/// <para>
/// Reads those of kubeadm in /etc/kubernetes, of the kubelet, and of the cluster's registry, on all hosts at the same time, as root
/// (through sudo where the user is not). Nothing is changed, and no private key leaves its host: of keys it is told whether they are
/// there and who may read them.
/// </para>
/// <para>
/// Problems tells what is wrong with each: that its time is over, that another authority signed it, that others may read its key. A
/// host without Kubernetes has none.
/// </para>
/// </remarks>
/// <example>
/// <code>Get-ClusterCert ./Clusterfile</code>
/// All certificates of a cluster, by host.
/// </example>
/// <example>
/// <code>Get-ClusterCert ./Clusterfile | Where-Object DaysLeft -lt 60</code>
/// Those that end within two months.
/// </example>
/// <example>
/// <code>(Get-ClusterCert ./Clusterfile -Role master).Where{ $_.Problems }</code>
/// Those of control planes with which something is wrong.
/// </example>
[Cmdlet(VerbsCommon.Get, "ClusterCert")]
[OutputType(typeof(ClusterCert))]
public sealed class GetClusterCert : HostCmdlet
{
    /// <summary>Path of a Clusterfile whose hosts are asked.</summary>
    [Parameter(Position = 0)]
    [Alias("Path")]
    [ValidateNotNullOrEmpty]
    public override string? Clusterfile { get; set; }

    private protected override Task RunAsync(ClusterHosts hosts, CancellationToken cancellationToken) => ForEachHostAsync(
        hosts,
        hosts.All,
        "Reading certificates",
        async (host, results, ct) => results.AddRange(await ClusterCertReader.ReadAsync(host, [.. Clusters.Select(cluster => cluster.Spec.RootfsFolder)], DateTimeOffset.UtcNow, ct)),
        cancellationToken);
}
