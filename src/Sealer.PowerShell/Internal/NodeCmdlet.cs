using System.Management.Automation;
using System.Net;
using Sealer.Clusterfiles;
using Sealer.Clusterfiles.Documents;
using Sealer.Delivery;

namespace Sealer.PowerShell;

/// <summary>A cmdlet that changes which hosts a cluster has: in its Clusterfile, and then as Invoke-ClusterApply does it.</summary>
public abstract class NodeCmdlet : DeliveryCmdlet
{
    /// <summary>Path of the cluster's Clusterfile, which is changed too: only its hosts, where it is written so that this can be done.</summary>
    [Parameter]
    [Alias("Path")]
    [ValidateNotNullOrEmpty]
    public override string? Clusterfile { get; set; }

    /// <summary>The cluster image, of the local store; without, the one that the Clusterfile names.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(ImageNameCompleter))]
    [ValidateNotNullOrEmpty]
    public string? Image { get; set; }

    /// <summary>Changes the Clusterfile of a cluster that is piped, too. One that is named with -Clusterfile always is.</summary>
    [Parameter]
    public SwitchParameter UpdateClusterfile { get; set; }

    /// <summary>Delivers a cluster with other hosts. Its Clusterfile is changed once that was agreed to: where something fails, applying it goes on.</summary>
    private protected async Task ChangeAsync(
        Cluster cluster, IReadOnlyList<HostSpec> added, IReadOnlyCollection<IPAddress> removed, ClusterHosts hosts, CancellationToken cancellationToken)
    {
        var changed = cluster with
        {
            Status = null,
            Spec = cluster.Spec with { Hosts = [.. cluster.Spec.Hosts.Where(host => !removed.Contains(host.Address)), .. added] },
        };
        if (!changed.Spec.ControlPlanes.Any())
        {
            throw new SealerException(
                "NoControlPlaneLeft", ErrorKind.InvalidInput,
                $"Without these no control plane of {cluster.Name} would be left. Leave one, or take the whole cluster away with Remove-Cluster.", cluster.Name);
        }

        var isWritten = cluster.Path is not null && (UpdateClusterfile || Clusterfile is not null);
        if (UpdateClusterfile && cluster.Path is null)
            throw new SealerException("NoClusterfile", ErrorKind.InvalidInput, $"There is no Clusterfile of {cluster.Name} to be changed. Give -Clusterfile, or leave -UpdateClusterfile out.", cluster.Name);
        // Hosts that go are reached as the Clusterfile said it, and not as those that nobody knows anything of.
        var isAgreed = await ApplyAsync(
            changed, Image, hosts, cancellationToken,
            host => removed.Contains(host.Address) ? hosts[host.Address] : hosts.Other(host),
            isWritten ? () => WriteAsync(cluster.Path!, added, removed) : null);
        if (isAgreed && cluster.Path is not null && !isWritten)
            await WarnAsync($"The Clusterfile '{cluster.Path}' still says the hosts of before: applied again, it undoes this. Give -UpdateClusterfile to have it changed too.");
    }

    private async Task WriteAsync(string path, IReadOnlyList<HostSpec> added, IReadOnlyCollection<IPAddress> removed)
    {
        if (ClusterfileEdit.ChangeHosts(path, added, removed) is { } copy)
            await WarnAsync($"The Clusterfile '{path}' was written anew, because its hosts are written in a way that cannot be changed alone. What was there is kept as '{copy}'.");
    }
}
