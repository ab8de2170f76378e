using System.Management.Automation;
using Sealer.Delivery;
using Sealer.Hosts.Facts;

namespace Sealer.PowerShell;

/// <summary>Asks hosts what they are and have: system, processors, memory, disks, addresses, clock, tools, Kubernetes.</summary>
/// <remarks>
/// <para>
/// Each host is asked once, in one round trip, all at the same time. Nothing is installed or changed there. They come in the order
/// of the Clusterfile, or as they were named, each once it and all before it have answered. All that a host says is in Facts; the
/// table shows what matters most.
/// </para>
/// <para>
/// Hosts are reached as ssh would reach them: ~/.ssh/config, the agent, keys, known_hosts, hosts on the way. A host that was never
/// met is refused, and the error says its fingerprint and the command that makes it known.
/// </para>
/// <para>As another user than root some things are not to be seen; -Sudo asks as root.</para>
/// </remarks>
/// <example>
/// <code>Get-ClusterHost -Clusterfile ./Clusterfile</code>
/// All hosts of a cluster that is to be.
/// </example>
/// <example>
/// <code>Get-ClusterHost -Address 10.0.0.11, admin@10.0.0.12 -KeyPath ~/.ssh/id_ed25519</code>
/// Two hosts by their addresses.
/// </example>
/// <example>
/// <code>Get-ClusterHost -Address 10.0.0.11 -HostKey SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU</code>
/// The first time: the host must show the key with this fingerprint, which is known from then on.
/// </example>
/// <example>
/// <code>(Get-ClusterHost -Clusterfile ./Clusterfile).Where{ $_.DiskFree -lt 20GB }</code>
/// Hosts with little room.
/// </example>
[Cmdlet(VerbsCommon.Get, "ClusterHost")]
[OutputType(typeof(ClusterHost))]
public sealed class GetClusterHost : HostCmdlet
{
    /// <summary>Path of a Clusterfile whose hosts are asked.</summary>
    [Parameter(Position = 0)]
    [Alias("Path")]
    [ValidateNotNullOrEmpty]
    public override string? Clusterfile { get; set; }

    /// <summary>Asks as root, through sudo where the user is not: shows the machine's product_uuid and etcd's data, too.</summary>
    [Parameter]
    public SwitchParameter Sudo { get; set; }

    private protected override Task RunAsync(ClusterHosts hosts, CancellationToken cancellationToken) => ForEachHostAsync(
        hosts,
        hosts.All,
        "Asking hosts",
        async (host, results, ct) => results.Add(new ClusterHost(hosts.Target(host), await HostFactsReader.GatherAsync(host, Sudo, ct))),
        cancellationToken);
}
