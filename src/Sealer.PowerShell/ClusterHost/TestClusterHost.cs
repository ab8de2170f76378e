using System.Management.Automation;
using Sealer.Delivery;
using Sealer.Hosts.Checks;
using Sealer.Images;
using Sealer.Images.Storage;

namespace Sealer.PowerShell;

/// <summary>Looks whether hosts are fit for a delivery, before anything is done to them (preflight; sealer's check --pre).</summary>
/// <remarks>
/// <para>
/// Each host is asked in one round trip, as root where the user may be, and then the hosts connect to each other on the ports of
/// their roles. Nothing is installed or changed, and nothing stays. Of more than 64 hosts not every pair is connected, but all
/// with the control planes and each with its neighbours; the result says so.
/// </para>
/// <para>
/// A result has a Status: Passed, Warning, Failed, Skipped (it could not be looked at; the message says why) or Ignored. What did
/// not pass has a Remedy: what to do, and where a command of root's does it, that command (RemedyCommand). A host that cannot be
/// reached is one failed result, Reachable.
/// </para>
/// <para>
/// Of each host first comes what failed, then what is worth a warning, then the rest in the order of the checks; a line at the end
/// (no object) counts them.
/// </para>
/// <para>
/// A host that fails is no error of this command. In a pipeline take <c>Where-Object Status -eq Failed</c>, or -Quiet, which is
/// true where nothing failed; -JUnitPath writes a file that Azure Pipelines, Jenkins and GitLab show.
/// </para>
/// <para>
/// Room on disks and architectures are compared with the cluster's image where that is in the local store, or with -Image. Hosts
/// whose role is not known are looked at as workers, or with -ControlPlane as control planes.
/// </para>
/// </remarks>
/// <example>
/// <code>Test-ClusterHost ./Clusterfile -Check HostName*, Cpu, Memory, Swap</code>
/// Some checks of all hosts of a cluster that is to be.
/// </example>
/// <example>
/// <code>Get-Clusterfile ./Clusterfile | Test-ClusterHost -Ignore Note, Swap, Ipvs -JUnitPath ./hosts.xml | Where-Object Status -eq Failed</code>
/// What fails, with a report for the pipeline's page; swap, ipvs and all that is only worth a note are no matter.
/// </example>
/// <example>
/// <code>(Test-ClusterHost -Address 10.0.0.11, 10.0.0.12 -Severity Error).Where{ $_.Remedy }.ForEach{ "$($_.Host): $($_.Message) $($_.Remedy)" }</code>
/// What must be mended, each with its remedy.
/// </example>
/// <example>
/// <code>$fit = Test-ClusterHost -Address 10.0.0.11 -ControlPlane -Image skyline:v3 -Quiet</code>
/// Yes or no: can this host be a control plane of the image's cluster?
/// </example>
/// <seealso cref="GetClusterHost"/>
[Cmdlet(VerbsDiagnostic.Test, "ClusterHost")]
[OutputType(typeof(HostCheckResult), typeof(bool))]
public sealed class TestClusterHost : HostCmdlet
{
    /// <summary>Path of a Clusterfile whose hosts are looked at.</summary>
    [Parameter(Position = 0)]
    [Alias("Path")]
    [ValidateNotNullOrEmpty]
    public override string? Clusterfile { get; set; }

    /// <summary>Makes these checks only. Wildcards are understood.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(CheckCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Check { get; set; } = [];

    /// <summary>Checks, or severities (Error, Warning, Note), whose results are no matter: they are Ignored instead of Failed or Warning. Wildcards are understood.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(CheckCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Ignore { get; set; } = [];

    /// <summary>Returns and reports results of these severities only: Error, Warning, Note.</summary>
    [Parameter]
    public HostCheckSeverity[] Severity { get; set; } = [];

    /// <summary>A file to write the results to as JUnit XML, a suite a host and a case a check.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? JUnitPath { get; set; }

    /// <summary>An image of the local store that room on disks and architectures are compared with; without, that of the Clusterfile.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(ImageNameCompleter))]
    [ValidateNotNullOrEmpty]
    public string? Image { get; set; }

    /// <summary>Looks at hosts whose role is not known as control planes.</summary>
    [Parameter]
    public SwitchParameter ControlPlane { get; set; }

    /// <summary>Returns true where nothing failed, else false, instead of the results.</summary>
    [Parameter]
    public SwitchParameter Quiet { get; set; }

    private protected override async Task BeginAsync(CancellationToken cancellationToken)
    {
        // What is spelled wrongly is told before any host is asked.
        await HostPreflight.RunAsync([], Options, null, cancellationToken);
        await base.BeginAsync(cancellationToken);
    }

    private protected override async Task RunAsync(ClusterHosts hosts, CancellationToken cancellationToken)
    {
        var needs = new Dictionary<string, ImageNeeds?>(StringComparer.Ordinal);
        var asked = new List<PreflightHost>();
        foreach (var host in hosts.All)
        {
            var target = hosts.Target(host);
            if (target.Roles.Count == 0 && ControlPlane)
                target = target with { Roles = ["master"] };
            var cluster = Clusters.FirstOrDefault(c => c.Spec.Hosts.Any(h => h.Address.ToString() == target.Address))?.Spec;
            var image = Image ?? cluster?.Image;
            if (image is not null && !needs.ContainsKey(image))
                needs[image] = await NeedsAsync(image, cancellationToken);
            asked.Add(PreflightHosts.Of(host, target, cluster, image is null ? null : needs[image]));
        }

        var results = await HostPreflight.RunAsync(asked, Options, Engine, cancellationToken);
        if (Severity.Length > 0)
            results = [.. results.Where(result => Severity.Contains(result.Severity))];
        if (JUnitPath is { } path)
            await HostCheckReport.WriteAsync(results, await OnPipeline(() => FullPath(path)), cancellationToken: cancellationToken);
        if (Quiet)
        {
            await WriteAsync(results.All(result => result.Status != HostCheckStatus.Failed));
            return;
        }

        await WriteAsync(Ordered(results), enumerate: true);
        if (results.Count > 0)
            await ShowAsync(Summary(results));
    }

    // What is to be looked at stands first of each host, and all of it once more in a line, where the screen has scrolled to.
    internal static IEnumerable<HostCheckResult> Ordered(IEnumerable<HostCheckResult> results) =>
        results.GroupBy(result => result.Host, StringComparer.Ordinal).SelectMany(host => host.OrderBy(result => Rank(result.Status)));

    private static int Rank(HostCheckStatus status) => status switch
    {
        HostCheckStatus.Failed => 0,
        HostCheckStatus.Warning => 1,
        _ => 2,
    };

    internal static string Summary(IReadOnlyList<HostCheckResult> results, int? of = null)
    {
        var hosts = of ?? results.Select(result => result.Host).Distinct(StringComparer.Ordinal).Count();
        var counts = results.GroupBy(result => result.Status).ToDictionary(group => group.Key, group => group.Count());
        var told = new[] { HostCheckStatus.Failed, HostCheckStatus.Warning, HostCheckStatus.Passed, HostCheckStatus.Skipped, HostCheckStatus.Ignored }
            .Where(counts.ContainsKey).Select(status => $"{counts[status]} {(status == HostCheckStatus.Warning ? counts[status] == 1 ? "warning" : "warnings" : status.ToString().ToLowerInvariant())}");
        return $"{(hosts == 1 ? "1 host" : $"{hosts} hosts")}: {string.Join(", ", told)}.";
    }

    private PreflightOptions Options => new() { Checks = Check, Ignore = Ignore, ThrottleLimit = ThrottleLimit };

    private async Task<ImageNeeds?> NeedsAsync(string name, CancellationToken cancellationToken)
    {
        var store = ImageStore.Open(SealerHome.FromEnvironment().ImageStore);
        try
        {
            var found = new ImageFinder(store).Find(name);
            if (found.Count == 1)
                return await ImageNeeds.OfAsync(store, await ClusterImages.LoadAsync(store, found[0].Reference, found[0].Descriptor, cancellationToken), cancellationToken);
            throw new SealerException("NotOneImage", ErrorKind.InvalidInput, $"'{name}' stands for {found.Count} images. Name one.", name);
        }
        catch (SealerException error) when (Image is null && error.Id == "ImageNotFound")
        {
            await WarnAsync($"Room on disks and architectures are not compared with {name}, which is not in the local store. Bring it with Receive-ClusterImage or Import-ClusterImage, or name another with -Image.");
            return null;
        }
    }
}
