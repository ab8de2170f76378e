using System.Management.Automation;
using Sealer.Kubefiles;

namespace Sealer.PowerShell;

/// <summary>Reads a Clusterfile: the desired state of a cluster, checked and with defaults filled in (sealer's -f Clusterfile).</summary>
/// <remarks>
/// <para>
/// All kinds of documents are read: Cluster of sealer 0.9 to 0.11, of its older forms (which are filled in with their env, as
/// sealer up to 0.8 did), Config, Plugin, Application, and those of kubeadm, kubelet and kube-proxy. Every mistake is found in
/// one go: the error names file, line and column of each, and the nearest word that would be right.
/// </para>
/// <para>
/// Passwords need not stand in the file: <c>passwdFrom: { env: NAME }</c> or <c>{ file: PATH }</c> beside passwd, pkPasswd,
/// sudoPasswd and a registry's password, and <c>envFrom: { NAME: { env: OTHER } }</c> beside env. Those of sealer up to 0.8
/// (<c>encrypted: true</c>) are read. No password, and no variable whose name speaks of one, is ever shown.
/// </para>
/// <para>The property Status of the cluster is null: no host is asked.</para>
/// </remarks>
/// <example>
/// <code>Get-Clusterfile ./Clusterfile</code>
/// The cluster of a file.
/// </example>
/// <example>
/// <code>(Get-Clusterfile ./Clusterfile).Spec.Hosts | Where-Object IsControlPlane</code>
/// Its control planes.
/// </example>
/// <example>
/// <code pwsh="true">Get-Content ./Clusterfile | Get-Clusterfile -Credential root -Environment @{ PodCIDR = '10.244.0.0/16' } -Value @{ image = 'skyline:v3' }</code>
/// The same file for another customer: its own password, network and image.
/// </example>
/// <seealso cref="TestClusterfile"/>
/// <seealso cref="NewClusterfile"/>
[Cmdlet(VerbsCommon.Get, "Clusterfile", DefaultParameterSetName = ByPath)]
[OutputType(typeof(Cluster))]
public sealed class GetClusterfile : ClusterfileCmdlet
{
    private const int MaxWarnings = 50;

    /// <summary>Does not look for passwords and other secrets that the file names elsewhere: to look at a file where they are not.</summary>
    [Parameter]
    public SwitchParameter SkipSecret { get; set; }

    private protected override bool ResolvesSecrets => !SkipSecret;

    private protected override async Task ProcessAsync(Source source, CancellationToken cancellationToken)
    {
        var read = await source.ReadAsync();
        var warnings = read.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Warning).ToList();
        foreach (var warning in warnings.Take(MaxWarnings))
            await WarnAsync($"{warning.Location} {warning.Message}");
        if (warnings.Count > MaxWarnings)
            await WarnAsync($"{source.Name} ... and {warnings.Count - MaxWarnings} more warnings; Test-Clusterfile has them all");
        await WriteAsync(await source.CompleteAsync(read.GetSpec()));
    }
}
