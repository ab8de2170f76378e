using System.Collections.Concurrent;
using System.Net;
using System.Net.NetworkInformation;
using Sealer.Clusterfiles.Documents;
using Sealer.Events;
using Sealer.Hosts;
using Sealer.Hosts.Local;
using Sealer.Hosts.Ssh;

namespace Sealer.Delivery;

/// <summary>
/// The hosts that work is done on. A host is connected to when it is first used, once, and all connections end with this. May be
/// used from many threads.
/// </summary>
public sealed class ClusterHosts : IAsyncDisposable
{
    private readonly Dictionary<IPAddress, IHost> _byAddress = [];
    private readonly Dictionary<IHost, HostTarget> _targets = new(ReferenceEqualityComparer.Instance);

    private readonly ConcurrentDictionary<IPAddress, IHost> _others = new();
    private readonly HostWays _ways;

    private ClusterHosts(IReadOnlyList<(IHost Host, HostTarget Target)> hosts, HostAccess access, HostWays ways)
    {
        _ways = ways;
        Access = access;
        All = [.. hosts.Select(h => h.Host)];
        foreach (var (host, target) in hosts)
        {
            _targets.Add(host, target);
            if (IPAddress.TryParse(target.Address, out var address))
                _byAddress.TryAdd(address, host);
        }
    }

    /// <summary>All hosts, in the order they were named.</summary>
    public IReadOnlyList<IHost> All { get; }

    /// <summary>How they are reached.</summary>
    public HostAccess Access { get; }

    /// <summary>The host with an address.</summary>
    /// <exception cref="SealerException"><c>HostNotInCluster</c>.</exception>
    public IHost this[IPAddress address] => _byAddress.TryGetValue(address, out var host)
        ? host
        : throw new SealerException(
            "HostNotInCluster", ErrorKind.NotFound,
            $"{address} is none of the {All.Count} hosts ({string.Join(", ", All.Take(5).Select(h => h.Name))}{(All.Count > 5 ? ", ..." : "")}). Name one of them, or add it to the Clusterfile.",
            address.ToString());

    /// <summary>A host that is none of them, reached as they are: one that has left the Clusterfile.</summary>
    /// <param name="host">What is known of it.</param>
    public IHost Other(HostSpec host)
    {
        ArgumentNullException.ThrowIfNull(host);
        return _others.GetOrAdd(host.Address, _ => Open(Access.Over(HostTarget.Of(host)), _ways).Host);
    }

    /// <summary>The hosts of a cluster. Nothing is connected yet.</summary>
    /// <param name="cluster">The cluster; a host's name is its address.</param>
    /// <param name="access">What is known besides.</param>
    /// <exception cref="SealerException"><c>SshConfigInvalid</c>, <c>SshConfigNotFound</c>.</exception>
    public static ClusterHosts Of(ClusterSpec cluster, HostAccess? access = null)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        return Of([.. cluster.Hosts.Select(HostTarget.Of)], access);
    }

    /// <summary>Any hosts. Nothing is connected yet; what is wrong with the way to one host is told when that is used.</summary>
    /// <param name="targets">The hosts.</param>
    /// <param name="access">What is known besides.</param>
    /// <exception cref="SealerException"><c>SshConfigInvalid</c>, <c>SshConfigNotFound</c>.</exception>
    public static ClusterHosts Of(IReadOnlyList<HostTarget> targets, HostAccess? access = null)
    {
        ArgumentNullException.ThrowIfNull(targets);
        access ??= new HostAccess();
        targets = Named([.. targets.Select(access.Over)]);
        var ways = new HostWays(targets, access);
        var own = access.LocalDirectly ? OwnAddresses() : [];
        return new ClusterHosts([.. targets.Select(target => IsOwn(target, own) ? (new LocalHost(target.Called, target.SudoPassword), target) : Open(target, ways))], access, ways);
    }

    /// <summary>How a host is reached: what was said of it, with what was given over it.</summary>
    public HostTarget Target(IHost host) => _targets[host];

    /// <summary>
    /// Does something with hosts, so many at once as <see cref="HostAccess.ThrottleLimit"/> says. That one fails stops no other.
    /// </summary>
    /// <param name="hosts">Some of <see cref="All"/>.</param>
    /// <param name="action">What to do.</param>
    /// <param name="activity">What is told of it as progress; null: nothing.</param>
    /// <param name="events">Told whom is waited for, and for how long.</param>
    /// <param name="cancellationToken">Ends it: no further host is begun.</param>
    /// <returns>The hosts that failed and why, in the order of <paramref name="hosts"/>.</returns>
    public async Task<IReadOnlyList<(IHost Host, Exception Error)>> ForEachAsync(
        IReadOnlyList<IHost> hosts,
        Func<IHost, CancellationToken, Task> action,
        string? activity = null,
        IProgress<SealerEvent>? events = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(hosts);
        var failed = new ConcurrentDictionary<IHost, Exception>(ReferenceEqualityComparer.Instance);
        var options = new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, Access.ThrottleLimit), CancellationToken = cancellationToken };
        await using var waits = new HostWaits(activity ?? "", activity is null ? null : events);
        await Parallel.ForEachAsync(hosts, options, async (host, ct) =>
        {
            try
            {
                await waits.WithAsync(host.Name, () => action(host, ct)).ConfigureAwait(false);
            }
            catch (Exception error) when ((error is SealerException or IOException or UnauthorizedAccessException) && !ct.IsCancellationRequested)
            {
                failed[host] = error;
            }
        }).ConfigureAwait(false);
        return [.. hosts.Where(failed.ContainsKey).Select(h => (h, failed[h]))];
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() =>
        // To say goodbye to a host that is cut off takes its time.
        await Parallel.ForEachAsync(All.Concat(_others.Values), new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, Access.ThrottleLimit) }, async (host, _) => await host.DisposeAsync().ConfigureAwait(false))
            .ConfigureAwait(false);

    private static (IHost Host, HostTarget Target) Open(HostTarget target, HostWays ways)
    {
        try
        {
            var way = ways.To(target);
            return (new SshHost(way), target with { User = way.User, Port = way.Port });
        }
        catch (SealerException error)
        {
            return (new HostWithoutWay(target.Called, error), target);
        }
    }

    // Two of one name, as sshds of one address, would be taken for each other in tables, events and reports.
    private static IReadOnlyList<HostTarget> Named(IReadOnlyList<HostTarget> targets)
    {
        var twice = targets.GroupBy(target => target.Called, StringComparer.Ordinal).Where(group => group.Count() > 1).Select(group => group.Key).ToHashSet(StringComparer.Ordinal);
        return twice.Count == 0 ? targets : [.. targets.Select(target => twice.Contains(target.Called) ? target with { Name = $"{target.User}{(target.User is null ? "" : "@")}{target.Called}:{target.Port ?? 22}" } : target)];
    }

    private static bool IsOwn(HostTarget target, HashSet<IPAddress> own) => own.Count > 0
        && (target.Address == "localhost" || (IPAddress.TryParse(target.Address, out var address) && (IPAddress.IsLoopback(address) || own.Contains(address))));

    private static HashSet<IPAddress> OwnAddresses() =>
        [.. NetworkInterface.GetAllNetworkInterfaces().SelectMany(i => i.GetIPProperties().UnicastAddresses).Select(a => a.Address)];
}
