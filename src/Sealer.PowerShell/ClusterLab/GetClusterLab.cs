using System.Management.Automation;
using Sealer.Labs;

namespace Sealer.PowerShell;

/// <summary>Lists the hosts of the labs on this machine, and how they are.</summary>
/// <remarks>
/// <para>
/// Labs are those of your own $env:SEALER_HOME. A warning tells of one whose making, or removing, was broken off; Remove-ClusterLab
/// takes that away too. After a restart of the machine hosts are Stopped, and there is nothing to do but remove their lab.
/// </para>
/// </remarks>
/// <example>
/// <code>Get-ClusterLab</code>
/// All hosts.
/// </example>
/// <example>
/// <code>Get-ClusterLab lab* | Where-Object State -ne Running</code>
/// Hosts that are off, or cut off.
/// </example>
/// <seealso cref="NewClusterLab"/>
/// <seealso cref="RemoveClusterLab"/>
[Cmdlet(VerbsCommon.Get, "ClusterLab")]
[OutputType(typeof(LabHost))]
public sealed class GetClusterLab : AsyncCmdlet
{
    /// <summary>Names of labs, with wildcards; all without.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Lab")]
    [ArgumentCompleter(typeof(LabCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = ["*"];

    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        foreach (var lab in LabCompleter.Select(Name))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (lab.State == LabState.Incomplete)
                await WarnAsync($"The lab '{lab.Name}' is not whole: making or removing it was broken off. Remove it: Remove-ClusterLab {lab.Name}");
            await WriteAsync(lab.Hosts, enumerate: true);
        }
    }
}
