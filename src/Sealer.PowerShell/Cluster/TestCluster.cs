using System.Management.Automation;
using Sealer.Delivery;
using Sealer.Delivery.Checks;
using Sealer.Hosts.Checks;

namespace Sealer.PowerShell;

/// <summary>Looks whether a cluster that runs is well: nodes, etcd, pods, DNS, network, registry, API, certificates, clocks (sealer check --post).</summary>
/// <remarks>
/// <para>
/// The API is asked on a control plane, and every host, in one round trip, what it sees of the cluster: whether its own API server and
/// its member of etcd are well, whether the API answers through its balancer, whether the cluster's DNS answers and its pods can be
/// reached, whether it connects to every other node, and whether it pulls an image from the registry. Nothing is changed.
/// </para>
/// <para>
/// Results are those of Test-ClusterHost: a Status (Passed, Warning, Failed, Skipped or Ignored), a Message, and of what did not pass a
/// Remedy. What is of no host, as pods that no node takes, stands under the cluster's name.
/// </para>
/// <para>
/// A cluster that is not well is no error of this command. In a pipeline take <c>Where-Object Status -eq Failed</c>, or -Quiet, which is
/// true where nothing failed; -JUnitPath writes a file that Azure Pipelines, Jenkins and GitLab show.
/// </para>
/// </remarks>
/// <example>
/// <code>Test-Cluster ./Clusterfile | Where-Object Status -ne Passed</code>
/// What is not well?
/// </example>
/// <example>
/// <code>Get-Clusterfile ./Clusterfile | Test-Cluster -Check Etcd, Api* -JUnitPath ./cluster.xml</code>
/// Some checks, with a report for the pipeline's page.
/// </example>
/// <example>
/// <code>$well = Test-Cluster ./Clusterfile -Ignore Clock -Quiet</code>
/// Yes or no, whatever the clocks say.
/// </example>
/// <seealso cref="TestClusterHost"/>
/// <seealso cref="GetClusterCert"/>
[Cmdlet(VerbsDiagnostic.Test, "Cluster")]
[OutputType(typeof(HostCheckResult), typeof(bool))]
public sealed class TestCluster : HostCmdlet
{
    /// <summary>Path of a Clusterfile, whose cluster is looked at.</summary>
    [Parameter(Position = 0)]
    [Alias("Path")]
    [ValidateNotNullOrEmpty]
    public override string? Clusterfile { get; set; }

    /// <summary>Makes these checks only. Wildcards are understood.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(ClusterCheckCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Check { get; set; } = [];

    /// <summary>Checks whose results are no matter: they are Ignored instead of Failed or Warning. Wildcards are understood.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(ClusterCheckCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Ignore { get; set; } = [];

    /// <summary>A file to write the results to as JUnit XML, a suite a host and a case a check.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? JUnitPath { get; set; }

    /// <summary>Returns true where nothing failed, else false, instead of the results.</summary>
    [Parameter]
    public SwitchParameter Quiet { get; set; }

    private protected override async Task BeginAsync(CancellationToken cancellationToken)
    {
        // What is spelled wrongly is told before any host is asked.
        _ = ClusterCheck.Select([.. Check, .. Ignore]);
        await base.BeginAsync(cancellationToken);
    }

    private protected override async Task RunAsync(ClusterHosts hosts, CancellationToken cancellationToken)
    {
        RequireWholeClusters("It is looked");
        var results = new List<HostCheckResult>();
        foreach (var cluster in Clusters)
        {
            var options = new PreflightOptions { Checks = Check, Ignore = Ignore, ThrottleLimit = ThrottleLimit };
            results.AddRange(await ClusterCheckup.RunAsync(cluster.Name, cluster.Spec, address => hosts[address], options, Engine, null, cancellationToken));
        }

        if (JUnitPath is { } path)
            await HostCheckReport.WriteAsync(results, await OnPipeline(() => FullPath(path)), "Test-Cluster", cancellationToken);
        if (Quiet)
        {
            await WriteAsync(results.All(result => result.Status != HostCheckStatus.Failed));
            return;
        }

        await WriteAsync(TestClusterHost.Ordered(results), enumerate: true);
        if (results.Count > 0)
            await ShowAsync(TestClusterHost.Summary(results, hosts.All.Count));
    }
}
