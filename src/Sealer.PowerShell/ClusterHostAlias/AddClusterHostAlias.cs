using System.Management.Automation;
using System.Net;
using Sealer.Clusterfiles;

namespace Sealer.PowerShell;

/// <summary>Gives an address names on all hosts: lines in their /etc/hosts (sealer alpha host-alias).</summary>
/// <remarks>
/// <para>
/// The lines carry sealer's mark, by which they are found again. A name that another marked line has moves to the new address; lines
/// that are not marked are never touched, unless -Force is given. Where the names stand already, nothing is done. Lines with a
/// cluster's name behind the mark are what its Clusterfile says: where a name moves away from one, a warning says so, since its
/// next delivery moves it back.
/// </para>
/// <para>Needs root on the hosts, or sudo.</para>
/// </remarks>
/// <example>
/// <code>Add-ClusterHostAlias -IPAddress 10.0.0.5 -HostName harbor.skyline.local -Clusterfile ./Clusterfile -WhatIf</code>
/// Shows what would be changed on each host.
/// </example>
/// <example>
/// <code pwsh="true">Get-Clusterfile ./Clusterfile | Add-ClusterHostAlias -IPAddress 10.0.0.5 -HostName harbor.skyline.local, charts.example.com -UpdateClusterfile</code>
/// On all hosts, and for those that will be added.
/// </example>
/// <returns>Nothing; with -PassThru the names that clusters have put there, of each host.</returns>
/// <seealso cref="RemoveClusterHostAlias"/>
[Cmdlet(VerbsCommon.Add, "ClusterHostAlias", SupportsShouldProcess = true)]
[OutputType(typeof(ClusterHostAlias))]
public sealed class AddClusterHostAlias : HostAliasCmdlet
{
    /// <summary>The address that gets names.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    public IPAddress IPAddress { get; set; } = System.Net.IPAddress.None;

    /// <summary>The names.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidatePattern("^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$")]
    public string[] HostName { get; set; } = [];

    /// <summary>Takes the names out of lines that are not a cluster's and say another address.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Writes the names into the Clusterfile too (spec.hostAliases), so that hosts added later get them. The rest of the file stays as it is.</summary>
    [Parameter]
    public SwitchParameter UpdateClusterfile { get; set; }

    private protected override string Doing => $"Add {string.Join(", ", HostName)} for {IPAddress}";

    private protected override string Change(string text, string host) => Hosts.HostsFile.Add(text, IPAddress, HostName, Force, host);

    private protected override async Task FinishAsync(CancellationToken cancellationToken)
    {
        if (!UpdateClusterfile)
            return;
        foreach (var path in Clusters.Select(c => c.Path).OfType<string>().Distinct())
        {
            if (await ShouldProcessAsync(path, $"{Doing} in spec.hostAliases"))
                ClusterfileEdit.AddHostAlias(path, IPAddress, HostName);
        }

        if (Clusters.All(c => c.Path is null))
            throw new SealerException("NoClusterfile", ErrorKind.InvalidInput, "There is no Clusterfile to write the names into. Give -Clusterfile, or leave -UpdateClusterfile out.");
    }
}
