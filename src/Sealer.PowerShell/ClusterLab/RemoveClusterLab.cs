using System.Management.Automation;
using Sealer.Labs;

namespace Sealer.PowerShell;

/// <summary>Removes labs with all that they have: hosts, files, networks.</summary>
/// <remarks>
/// <para>
/// Nothing of them stays: no process, mount, namespace, control group or link; of labs whose making was broken off either. What
/// their hosts share, the files made by mmdebstrap, is kept for the next lab.
/// </para>
/// </remarks>
/// <example>
/// <code>Get-ClusterLab | Remove-ClusterLab</code>
/// Removes all labs.
/// </example>
/// <example>
/// <code>Remove-ClusterLab lab* -WhatIf</code>
/// Shows which labs would go.
/// </example>
/// <returns>Nothing; with -PassThru the hosts that were removed.</returns>
/// <seealso cref="NewClusterLab"/>
[Cmdlet(VerbsCommon.Remove, "ClusterLab", SupportsShouldProcess = true)]
[OutputType(typeof(LabHost))]
public sealed class RemoveClusterLab : AsyncCmdlet
{
    private readonly List<string> _names = [];

    /// <summary>Names of labs, with wildcards; or hosts of New-ClusterLab or Get-ClusterLab, whose whole lab goes.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Name")]
    [ArgumentCompleter(typeof(LabCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Lab { get; set; } = [];

    /// <summary>Returns the hosts that were removed.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override Task ProcessAsync(CancellationToken cancellationToken)
    {
        // Each host that is piped in names its lab again.
        _names.AddRange(Lab);
        return Task.CompletedTask;
    }

    private protected override async Task EndAsync(CancellationToken cancellationToken)
    {
        foreach (var name in _names.Distinct(StringComparer.Ordinal))
        {
            try
            {
                foreach (var lab in LabCompleter.Select([name]))
                    await RemoveAsync(lab, cancellationToken);
            }
            catch (SealerException e)
            {
                await WriteErrorAsync(e);
            }
        }
    }

    private async Task RemoveAsync(ClusterLab lab, CancellationToken cancellationToken)
    {
        var hosts = lab.Hosts;
        if (!await ShouldProcessAsync($"{lab.Name} ({hosts.Count} {(hosts.Count == 1 ? "host" : "hosts")})", "Remove lab"))
            return;
        await lab.RemoveAsync(cancellationToken);
        if (PassThru)
            await WriteAsync(hosts, enumerate: true);
    }
}
