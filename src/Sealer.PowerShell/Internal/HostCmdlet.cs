using System.Collections;
using System.Management.Automation;
using Sealer.Delivery;
using Sealer.Hosts;

namespace Sealer.PowerShell;

/// <summary>
/// A cmdlet that works on hosts. What is piped in together is done together, at the end: one connection a host, a bounded number of
/// hosts at once, and what fails on one host is an error about that host while the others go on.
/// </summary>
public abstract class HostCmdlet : HostAccessCmdlet
{
    private readonly List<HostTarget> _targets = [];
    private readonly List<Cluster> _clusters = [];

    /// <summary>
    /// A cluster (Get-Clusterfile), hosts (Get-ClusterHost, New-ClusterLab), addresses, or objects with an Address and what else is
    /// known: Name, User, Port, KeyPath, Credential, SudoPassword, ProxyJump, HostKeyFingerprint, JumpHostKeyFingerprint, Role.
    /// </summary>
    [Parameter(ValueFromPipeline = true)]
    public PSObject? InputObject { get; set; }

    /// <summary>
    /// Path of a Clusterfile whose hosts are meant. What it says of passwords is not looked for where they are given. With values
    /// or variables laid over it, pipe what Get-Clusterfile returns.
    /// </summary>
    [Parameter]
    [Alias("Path")]
    [ValidateNotNullOrEmpty]
    public virtual string? Clusterfile { get; set; }

    /// <summary>
    /// Hosts, as for ssh: <c>[user@]host[:port]</c>, where names of ssh_config are understood. With a Clusterfile, a cluster or
    /// piped hosts, those of them that are meant.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] Address { get; set; } = [];

    /// <summary>Only hosts with one of these roles: <c>master</c>, <c>node</c> or one of the Clusterfile's own.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(RoleCompleter))]
    public string[] Role { get; set; } = [];

    /// <summary>Variables that are laid over those of Clusterfiles that are read; null for none.</summary>
    private protected virtual IDictionary? Variables => null;

    /// <summary>The clusters that were piped or read.</summary>
    private protected IReadOnlyList<Cluster> Clusters => _clusters;

    /// <summary>How hosts are reached: as the parameters say, unless what was piped knows more.</summary>
    private protected virtual HostAccess AccessOf(HostAccess given) => given;

    /// <summary>One host more, that no cluster names yet.</summary>
    private protected void AddTarget(HostTarget target) => _targets.Add(target);

    /// <summary>Does the work on all hosts that were named.</summary>
    private protected abstract Task RunAsync(ClusterHosts hosts, CancellationToken cancellationToken);

    /// <inheritdoc/>
    private protected override async Task BeginAsync(CancellationToken cancellationToken)
    {
        if (Clusterfile is { } path)
            await TakeAsync(await ReadClusterAsync(path, Variables));
    }

    /// <inheritdoc/>
    private protected override Task ProcessAsync(CancellationToken cancellationToken) => InputObject?.BaseObject switch
    {
        null => Task.CompletedTask,
        Cluster cluster => TakeAsync(cluster),
        FileInfo file => TakeFileAsync(file),
        _ => Task.Run(() => _targets.Add(HostTargets.Of(InputObject)), cancellationToken),
    };

    /// <inheritdoc/>
    private protected override async Task EndAsync(CancellationToken cancellationToken)
    {
        var targets = Targets();
        if (targets.Count == 0)
        {
            if (_targets.Count > 0)
                await WarnAsync($"None of the {_targets.Count} hosts has the role {string.Join(" or ", Role)}.");
            else if (!HasFailed)
                throw new SealerException("NoHosts", ErrorKind.InvalidInput, await OnPipeline(() => MyInvocation.ExpectingInput)
                    ? "No hosts came through the pipeline: look at what the command before this one said."
                    : "No hosts were named. Pipe a cluster or hosts, or give -Clusterfile or -Address.");
            return;
        }

        await using var hosts = ClusterHosts.Of(targets, AccessOf(await OnPipeline(() => Access)));
        await RunAsync(hosts, cancellationToken);
    }

    /// <summary>
    /// Does something with each host; what fails on one is an error about it, and the others go on. Results and errors come in the
    /// hosts' order.
    /// </summary>
    /// <param name="hosts">All hosts.</param>
    /// <param name="selected">Those that are meant.</param>
    /// <param name="activity">What is told as progress; null where the work tells its own.</param>
    /// <param name="action">What to do; adds results.</param>
    /// <param name="cancellationToken">Ends it.</param>
    private protected async Task ForEachHostAsync(
        ClusterHosts hosts, IReadOnlyList<IHost> selected, string? activity, Func<IHost, List<object>, CancellationToken, Task> action, CancellationToken cancellationToken)
    {
        var places = selected.Select((host, place) => (host, place)).ToDictionary(pair => pair.host, pair => pair.place);
        using var order = new HostOrder(selected.Count);
        await hosts.ForEachAsync(
            selected,
            async (host, ct) =>
            {
                var (results, errors) = (new List<object>(), new List<Exception>());
                try
                {
                    await action(host, results, ct);
                }
                catch (Exception e) when (!ct.IsCancellationRequested && Errors.IsUsers(e))
                {
                    errors.AddRange(Errors.Each(e));
                }

                await order.AnsweredAsync(
                    places[host],
                    async () =>
                    {
                        await WriteAsync(results, enumerate: true);
                        foreach (var error in errors)
                            await WriteHostErrorAsync(host.Name, error);
                    },
                    ct);
            },
            activity,
            Engine,
            cancellationToken);
    }

    /// <summary>Refuses what is no cluster as a whole, or one whose variables are not for this cmdlet to set.</summary>
    /// <param name="what">What is done for it, as the beginning of a sentence.</param>
    private protected void RequireWholeClusters(string what)
    {
        if (Clusters.Count == 0)
            throw new SealerException("NoCluster", ErrorKind.InvalidInput, $"{what} for a cluster. Pipe one (Get-Clusterfile), or give -Clusterfile.");
        if (Clusters.FirstOrDefault(cluster => cluster.IsPart) is { } part)
            throw new SealerException("ClusterNotWhole", ErrorKind.ResourceUnavailable, $"The cluster {part.Name} could not be asked what it shall be{(part.Status?.Problem is { } problem ? $": {problem}" : ", since it keeps no Clusterfile of itself.")} Bring a control plane back, or name its Clusterfile with -Clusterfile.", part.Name);
        if (Variables is not null && InputObject?.BaseObject is Cluster)
            throw new SealerException("EnvironmentOfCluster", ErrorKind.InvalidInput, "A cluster that is piped has its variables. Give -Environment to Get-Clusterfile, or name the file with -Clusterfile.");
        if (Address.Length > 0 || Role.Length > 0)
            throw new SealerException("PlanNeedsAllHosts", ErrorKind.InvalidInput, $"{what} for all hosts of a cluster: what is done on one may wait for others. Leave out -Address and -Role.");
    }

    /// <summary>Writes a non-terminating error about a host.</summary>
    private protected async Task WriteHostErrorAsync(string host, Exception exception)
    {
        HasFailed = true;
        await OnPipeline(() => WriteError(Errors.ToRecord(exception, host)));
    }

    private IReadOnlyList<HostTarget> Targets()
    {
        var named = Address.Select(HostTargets.Parse).ToList();
        IEnumerable<HostTarget> targets = _targets;
        if (_targets.Count == 0 && !HasFailed)
        {
            _targets.AddRange(named);
        }
        else if (named.Count > 0)
        {
            var missing = named.FirstOrDefault(n => !_targets.Any(t => Means(n, t)));
            if (missing is not null)
            {
                throw new SealerException(
                    "HostNotInCluster", ErrorKind.NotFound,
                    $"{missing.Address} is none of the hosts that were given ({string.Join(", ", _targets.Take(5).Select(t => t.Address))}{(_targets.Count > 5 ? ", ..." : "")}). Name one of them.",
                    missing.Address);
            }

            targets = _targets.Where(t => named.Any(n => Means(n, t)));
        }

        return [.. targets
            .Where(t => Role.Length == 0 || t.Roles.Any(r => Role.Contains(r, StringComparer.OrdinalIgnoreCase)))
            .DistinctBy(t => (t.Address, t.Port, t.User))];

        static bool Means(HostTarget named, HostTarget target) =>
            string.Equals(named.Address, target.Address, StringComparison.OrdinalIgnoreCase)
            || string.Equals(named.Address, target.Name, StringComparison.OrdinalIgnoreCase);
    }

    private async Task TakeFileAsync(FileInfo file) => await TakeAsync(await ReadClusterAsync(file.FullName, Variables));

    /// <summary>Takes a cluster as if it had been piped.</summary>
    private protected Task TakeAsync(Cluster cluster)
    {
        _clusters.Add(cluster);
        _targets.AddRange(cluster.Spec.Hosts.Select(HostTarget.Of));
        return Task.CompletedTask;
    }
}
