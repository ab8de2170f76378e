using System.Management.Automation;
using Sealer.Delivery;

namespace Sealer.PowerShell;

/// <summary>Returns a cluster's nodes as its API tells of them: roles, readiness, versions, labels and taints (sealer has none).</summary>
/// <remarks>
/// <para>
/// A control plane is asked over SSH, the next one where it does not answer; neither kubectl nor a kubeconfig is needed here.
/// </para>
/// </remarks>
/// <example>
/// <code>Get-ClusterNode -Clusterfile ./Clusterfile</code>
/// All nodes.
/// </example>
/// <example>
/// <code>Get-Clusterfile ./Clusterfile | Get-ClusterNode | Where-Object -Not IsReady</code>
/// Those that are not ready.
/// </example>
/// <example>
/// <code>Get-Clusterfile ./Clusterfile | Get-ClusterNode -Name 'db-*'</code>
/// Those of a name.
/// </example>
/// <seealso cref="InvokeClusterApply"/>
[Cmdlet(VerbsCommon.Get, "ClusterNode")]
[OutputType(typeof(Sealer.ClusterNode))]
public sealed class GetClusterNode : HostCmdlet
{
    /// <summary>Names of nodes, or their addresses.</summary>
    [Parameter(Position = 0)]
    [SupportsWildcards]
    public string[] Name { get; set; } = [];

    private protected override async Task RunAsync(ClusterHosts hosts, CancellationToken cancellationToken)
    {
        if (Clusters.Count == 0)
            throw new SealerException("NoCluster", ErrorKind.InvalidInput, "Nodes are those of a cluster. Pipe one (Get-Clusterfile), or give -Clusterfile.");
        var patterns = Name.Select(name => WildcardPattern.Get(name, WildcardOptions.IgnoreCase)).ToList();
        foreach (var cluster in Clusters)
        {
            var planes = cluster.Spec.ControlPlanes.Select(host => hosts[host.Address]);
            var status = await LiveCluster.LookAsync(cluster.Name, planes, null, cancellationToken);
            await WriteAsync(
                status.Nodes.Where(node => patterns.Count == 0 || patterns.Exists(pattern => pattern.IsMatch(node.Name) || pattern.IsMatch($"{node.Address}")))
                    .Select(node => NodeOrigin.Attach(node, new NodeOrigin(cluster, hosts.Access))).ToList(),
                enumerate: true);
        }
    }
}
