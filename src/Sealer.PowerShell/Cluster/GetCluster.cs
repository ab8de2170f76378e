using System.Management.Automation;
using Sealer.Delivery;

namespace Sealer.PowerShell;

/// <summary>Returns clusters: what each shall be, as it keeps it itself, and how it is (sealer has none).</summary>
/// <remarks>
/// <para>
/// A cluster that Sealer delivered keeps its Clusterfile in kube-system: a ConfigMap sealer-clusterfile, which sealer reads too, without
/// secrets, and a Secret of the same name with all of it. So any controller takes over that reaches one control plane over SSH;
/// neither kubectl nor a kubeconfig, nor the Clusterfile is needed there. Secrets are read into memory only. In the cluster, who may read
/// Secrets of kube-system has them.
/// </para>
/// <para>
/// Spec is what the cluster shall be, Status how it is: nodes, versions, the days that certificates have left, the applications that
/// were launched, by digest. What is returned goes into every command that takes a cluster. How this controller logs in is told here
/// once; the cluster goes on keeping its own.
/// </para>
/// <para>
/// Clusters that were delivered or looked at from here are found by name: their control planes' addresses, user and key path are kept
/// under $SEALER_HOME/clusters, and no secret. One that does not answer is returned all the same, with a Status that says so, and with
/// an error.
/// </para>
/// </remarks>
/// <example>
/// <code>Get-Cluster</code>
/// All clusters that are known here.
/// </example>
/// <example>
/// <code>Get-Cluster skyline -ControlPlane 10.0.0.1 -User root -KeyPath ~/.ssh/site | Get-ClusterNode</code>
/// Another machine takes over: it has never heard of this cluster.
/// </example>
/// <example>
/// <code>Get-Cluster skyline | Get-ClusterPlan</code>
/// What differs from what the cluster shall be.
/// </example>
/// <seealso cref="GetClusterNode"/>
/// <seealso cref="GetClusterCert"/>
/// <seealso cref="InvokeClusterApply"/>
[Cmdlet(VerbsCommon.Get, "Cluster", DefaultParameterSetName = ByName)]
[OutputType(typeof(Cluster))]
public sealed class GetCluster : HostAccessCmdlet
{
    private const string ByName = "Name";
    private const string ByControlPlane = "ControlPlane";
    private const string ByPath = "Path";

    /// <summary>Names of clusters that are known here; with -ControlPlane the name that the cluster must have.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true, ParameterSetName = ByName)]
    [Parameter(Position = 0, ParameterSetName = ByControlPlane)]
    [ArgumentCompleter(typeof(ClusterNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [PSDefaultValue(Help = "All")]
    public string[] Name { get; set; } = [];

    /// <summary>Control planes of one cluster, as for ssh: <c>[user@]host[:port]</c>. The first that answers tells of all.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByControlPlane)]
    [Alias("Master")]
    [ValidateNotNullOrEmpty]
    public string[] ControlPlane { get; set; } = [];

    /// <summary>Path of a Clusterfile, whose cluster is looked at: Spec is what the file says.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByPath)]
    [Alias("Clusterfile")]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "";

    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        var access = await OnPipeline(() => Access);
        if (ParameterSetName == ByPath)
        {
            await TellAsync(ClusterReader.LookAsync(await ReadClusterAsync(Path), access, null, cancellationToken));
            return;
        }

        var home = SealerHome.FromEnvironment();
        if (ParameterSetName == ByControlPlane)
        {
            if (Name.Length > 1)
                throw new SealerException("OneClusterOnly", ErrorKind.InvalidInput, "The control planes of -ControlPlane are those of one cluster. Give one name, or none.");
            var targets = ControlPlane.Select(HostTargets.Parse).ToList();
            access = access with { User = access.User ?? targets.Select(target => target.User).FirstOrDefault(user => user is not null) };
            await TellAsync(FindAsync(Name.FirstOrDefault(), targets, access, home, cancellationToken));
            return;
        }

        var known = KnownClusters.Names(home);
        var names = Name.Length == 0 ? known : [.. Name.SelectMany(name => WildcardPattern.ContainsWildcardCharacters(name)
            ? known.Where(each => WildcardPattern.Get(name, WildcardOptions.IgnoreCase).IsMatch(each))
            : [known.FirstOrDefault(each => string.Equals(each, name, StringComparison.OrdinalIgnoreCase)) ?? name]).Distinct(StringComparer.Ordinal)];
        // One that does not answer keeps nobody waiting but for itself.
        var found = names.Select(name => FindKnownAsync(name, access, home, cancellationToken)).ToList();
        foreach (var each in found)
            await TellAsync(each);
    }

    private async Task<ClusterAnswer> FindKnownAsync(string name, HostAccess access, SealerHome home, CancellationToken cancellationToken)
    {
        var known = KnownClusters.Find(home, name);
        return await FindAsync(name, known.Targets, access.Over(known.Access), home, cancellationToken);
    }

    private async Task<ClusterAnswer> FindAsync(string? name, IReadOnlyList<HostTarget> planes, HostAccess access, SealerHome home, CancellationToken cancellationToken)
    {
        var answer = await ClusterReader.FindAsync(name, planes, access, null, cancellationToken);
        try
        {
            if (answer.Error is null)
                await KeepAsync(KnownCluster.Of(answer.Cluster.Spec, access), home);
        }
        catch (SealerException e)
        {
            await WarnAsync(e.Message);
        }

        return answer;
    }

    // What a cluster calls itself is its own word: another of that name that is known stays the one that is found by it.
    private async Task KeepAsync(KnownCluster seen, SealerHome home)
    {
        if (KnownClusters.Names(home).Contains(seen.Name)
            && KnownClusters.Find(home, seen.Name).ControlPlanes is var kept && !kept.Any(way => seen.ControlPlanes.Any(other => other.Address == way.Address)))
        {
            await WarnAsync($"This controller knows another cluster '{seen.Name}' ({string.Join(", ", kept.Select(way => way.Address))}), and goes on finding that one by the name. Set {SealerHome.Variable} to another folder to work with both.");
            return;
        }

        KnownClusters.Keep(home, seen);
    }

    private async Task TellAsync(Task<ClusterAnswer> asked)
    {
        try
        {
            var answer = await asked;
            if (answer.Note is { } note)
                await WarnAsync(note);
            await WriteAsync(answer.Cluster);
            if (answer.Error is { } error)
                await WriteErrorAsync(error);
        }
        catch (SealerException e)
        {
            await WriteErrorAsync(e);
        }
    }
}
