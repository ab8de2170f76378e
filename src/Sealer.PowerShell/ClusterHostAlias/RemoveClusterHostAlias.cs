using System.Management.Automation;
using System.Net;

namespace Sealer.PowerShell;

/// <summary>Takes names out of the hosts' /etc/hosts that Add-ClusterHostAlias, a delivery or sealer have put there (sealer's host-alias, undone).</summary>
/// <remarks>
/// <para>
/// Only lines with sealer's mark are touched. What a Clusterfile says (spec.hostAliases; such lines name their cluster behind the
/// mark) comes back with its next delivery: a warning says which names. The Clusterfile stays as it is.
/// </para>
/// </remarks>
/// <example>
/// <code>Remove-ClusterHostAlias harbor.skyline.local -Clusterfile ./Clusterfile -WhatIf</code>
/// Shows what would be changed on each host.
/// </example>
/// <example>
/// <code pwsh="true">Get-ClusterHost ./Clusterfile | Remove-ClusterHostAlias -All</code>
/// Takes out all that any cluster has put there.
/// </example>
/// <returns>Nothing; with -PassThru the names that are still there, of each host.</returns>
/// <seealso cref="AddClusterHostAlias"/>
[Cmdlet(VerbsCommon.Remove, "ClusterHostAlias", SupportsShouldProcess = true, DefaultParameterSetName = ByName)]
[OutputType(typeof(ClusterHostAlias))]
public sealed class RemoveClusterHostAlias : HostAliasCmdlet
{
    private const string ByName = "HostName";
    private const string Every = "All";

    /// <summary>The names.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByName)]
    [ValidateNotNullOrEmpty]
    public string[] HostName { get; set; } = [];

    /// <summary>All names that a cluster has put there.</summary>
    [Parameter(Mandatory = true, ParameterSetName = Every)]
    public SwitchParameter All { get; set; }

    /// <summary>Only names of this address.</summary>
    [Parameter]
    public IPAddress? IPAddress { get; set; }

    private protected override string Doing => All ? "Remove the names of clusters" : $"Remove {string.Join(", ", HostName)}";

    private protected override string Change(string text, string host) => Hosts.HostsFile.Remove(text, All ? null : HostName, IPAddress);
}
