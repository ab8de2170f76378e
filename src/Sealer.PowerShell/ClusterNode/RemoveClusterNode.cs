using System.Management.Automation;
using System.Net;
using Sealer.Delivery;

namespace Sealer.PowerShell;

/// <summary>Takes nodes out of a cluster and the cluster from their hosts (sealer delete with masters and nodes).</summary>
/// <remarks>
/// <para>
/// All nodes that are piped or named leave in one plan, which is shown first: pods of a node go to others, the member of a control
/// plane leaves etcd where the others keep a majority, one node after the other, and each host is as bare as before. A host that is
/// dead is taken out of the cluster, and what is on it stays there.
/// </para>
/// <para>
/// The Clusterfile that is named is changed too, also where a node then fails to leave: applying it goes on. Of one that is piped,
/// with -UpdateClusterfile. What else differs from it is
/// delivered as well, as with Invoke-ClusterApply.
/// </para>
/// </remarks>
/// <example>
/// <code>Remove-ClusterNode 127.0.0.12 -Clusterfile ./Clusterfile -WhatIf</code>
/// Shows what would be done, and does nothing.
/// </example>
/// <example>
/// <code pwsh="true">Get-Clusterfile ./Clusterfile | Get-ClusterNode | Where-Object -Not IsReady | Remove-ClusterNode -UpdateClusterfile</code>
/// All that are not ready, in one plan and after one question.
/// </example>
/// <returns>The cluster without them, as it is then.</returns>
/// <seealso cref="GetClusterNode"/>
/// <seealso cref="AddClusterNode"/>
/// <seealso cref="RemoveCluster"/>
[Cmdlet(VerbsCommon.Remove, "ClusterNode", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(Cluster))]
public sealed class RemoveClusterNode : NodeCmdlet
{
    private readonly List<(string Name, string? Cluster)> _leaving = [];
    private HostAccess? _before;

    /// <summary>Names of nodes, or their addresses.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = [];

    private protected override HostAccess AccessOf(HostAccess given) => _before is null ? given : given.Over(_before);

    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        switch (InputObject?.BaseObject)
        {
            case null or Cluster or FileInfo:
                await base.ProcessAsync(cancellationToken);
                break;
            case Sealer.ClusterNode node:
                _leaving.Add(($"{node.Address}" is { Length: > 0 } address ? address : node.Name, node.Cluster));
                if (await OnPipeline(() => NodeOrigin.Of(InputObject)) is { } origin && Clusters.All(cluster => cluster.Name != origin.Cluster.Name))
                {
                    _before ??= origin.Access;
                    await TakeAsync(origin.Cluster);
                }

                break;
            default:
                _leaving.Add((HostTargets.Of(InputObject).Address, null));
                break;
        }
    }

    private protected override async Task DeliverAsync(ClusterHosts hosts, CancellationToken cancellationToken)
    {
        var named = _leaving.Concat(Name.Select(name => (Name: name, Cluster: (string?)null))).ToList();
        if (named.Count == 0)
            throw new SealerException("NoNodes", ErrorKind.InvalidInput, "No nodes were named. Pipe what Get-ClusterNode returns, or give -Name.");
        if (Clusters.Count > 1 && named.Exists(node => node.Cluster is null))
            throw new SealerException("NodeOfWhichCluster", ErrorKind.InvalidInput, "Of which cluster a node is must be known: give one cluster, or pipe nodes of Get-ClusterNode.");
        if (named.Find(node => node.Cluster is not null && Clusters.All(cluster => cluster.Name != node.Cluster)) is { Cluster: { } other } stranger)
            throw new SealerException("NodeOfAnotherCluster", ErrorKind.InvalidInput, $"{stranger.Name} is a node of {other}, which was not given. Give its Clusterfile.", stranger.Name);
        foreach (var cluster in Clusters)
        {
            var leaving = await AddressesAsync(cluster, [.. named.Where(node => node.Cluster is null || node.Cluster == cluster.Name).Select(node => node.Name)], hosts, cancellationToken);
            if (leaving.Count > 0)
                await ChangeAsync(cluster, [], leaving, hosts, cancellationToken);
        }
    }

    private static async Task<HashSet<IPAddress>> AddressesAsync(Cluster cluster, IReadOnlyList<string> names, ClusterHosts hosts, CancellationToken cancellationToken)
    {
        ClusterStatus? status = null;
        var result = new HashSet<IPAddress>();
        foreach (var name in names)
        {
            if (!IPAddress.TryParse(name, out var address))
            {
                status ??= await LiveCluster.LookAsync(cluster.Name, cluster.Spec.ControlPlanes.Select(host => hosts[host.Address]), null, cancellationToken);
                var node = status.Find(name) ?? throw new SealerException("NodeNotFound", ErrorKind.NotFound, $"The cluster {cluster.Name} has no node '{name}'. Its nodes are {string.Join(", ", status.Nodes.Select(known => known.Name))}.", name);
                address = node.Address ?? throw new SealerException("NodeWithoutAddress", ErrorKind.NotFound, $"The node {name} has told no address. Name it by that of its host.", name);
            }

            if (cluster.Spec.Hosts.All(host => !host.Address.Equals(address)))
            {
                throw new SealerException(
                    "NodeNotInClusterfile", ErrorKind.NotFound,
                    $"{name} is none of the hosts of {cluster.Name} in its Clusterfile. One that a Clusterfile has brought leaves with Invoke-ClusterApply; one that somebody joined by hand is theirs to take away, with kubectl.", name);
            }

            result.Add(address);
        }

        return result;
    }
}
