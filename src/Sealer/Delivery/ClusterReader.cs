using System.Collections.Concurrent;
using System.Net;
using System.Text.RegularExpressions;
using Sealer.Clusterfiles;
using Sealer.Clusterfiles.Documents;
using Sealer.Delivery.Kubernetes;
using Sealer.Hosts;

namespace Sealer.Delivery;

/// <summary>Reads clusters, with nothing but SSH to one of their control planes: what each keeps of itself, and how it is.</summary>
public static class ClusterReader
{
    private const string KubeletFolder = "/var/lib/kubelet/";
    private const string Endpoint = "sealer-endpoint ";

    /// <summary>A cluster as it keeps itself and as it is. The first control plane that answers tells of all.</summary>
    /// <param name="name">The name that it shall have; null for any.</param>
    /// <param name="planes">Control planes.</param>
    /// <param name="access">How they are reached; in what is returned all hosts are reached so.</param>
    /// <param name="clock">Says when; null for this machine's.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The cluster; where it could not be asked, what is known of it, with an error that says why.</returns>
    /// <exception cref="SealerException"><c>ClusterSilent</c>, <c>ClusterStateMissing</c>: of a cluster without a name; <c>ClusterNotThere</c>: it is another one; <c>ClusterStateUnreadable</c>.</exception>
    public static async Task<ClusterAnswer> FindAsync(
        string? name, IReadOnlyList<HostTarget> planes, HostAccess access, TimeProvider? clock = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(planes);
        ArgumentNullException.ThrowIfNull(access);
        var called = name ?? string.Join(", ", planes.Select(plane => plane.Address));
        await using var hosts = ClusterHosts.Of(planes, access);
        LiveAnswer answer;
        try
        {
            answer = await LiveCluster.AskAsync(called, hosts.All, clock, cancellationToken).ConfigureAwait(false);
        }
        catch (SealerException e) when (e.Id == "ClusterSilent" && name is not null)
        {
            return new ClusterAnswer(Part(name, planes, new ClusterStatus((clock ?? TimeProvider.System).GetUtcNow()) { Problem = e.Message }), e);
        }

        if (answer.Kept is not { } kept)
        {
            var error = new SealerException(
                "ClusterStateMissing", ErrorKind.NotFound,
                $"The cluster {called} keeps no Clusterfile of itself (kube-system, {ClusterState.Name}), so that nobody knows what it shall be. Apply its Clusterfile once with Invoke-ClusterApply, which writes it there, or name it with -Path.", called);
            return name is null ? throw error : new ClusterAnswer(Part(name, planes, answer.Status), error);
        }

        var spec = kept.Read();
        if (name is not null && spec.Name != name)
        {
            throw new SealerException(
                "ClusterNotThere", ErrorKind.NotFound,
                $"{answer.Plane.Name} is of the cluster '{spec.Name}', not of '{name}'. Give that name, or another control plane.", name);
        }

        var own = Reached(spec, planes, access);
        // As the API calls them, which knows no names of ssh_config.
        var status = Named(answer.Status, spec.Name) with { Image = spec.Image };
        status = await DetailsAsync(status, answer.Plane, own, access, cancellationToken).ConfigureAwait(false);
        return new ClusterAnswer(new Cluster(own) { Status = status, KeptWays = spec }, null)
        {
            Note = !kept.IsChanged ? null
                : $"Somebody other than Sealer has changed what the cluster {spec.Name} keeps of itself (kube-system, ConfigMap {ClusterState.Name}), and its hosts, their logins and its scripts are taken from there: look at them before anything is done.",
        };
    }

    /// <summary>A cluster of a Clusterfile, and how it is.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="access">What is given over it.</param>
    /// <param name="clock">Says when; null for this machine's.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<ClusterAnswer> LookAsync(Cluster cluster, HostAccess access, TimeProvider? clock = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        await using var hosts = ClusterHosts.Of([.. cluster.Spec.ControlPlanes.Select(HostTarget.Of)], access);
        try
        {
            var answer = await LiveCluster.AskAsync(cluster.Name, hosts.All, clock, cancellationToken).ConfigureAwait(false);
            var status = answer.Status with { Image = ImageOf(answer.Kept) };
            return new ClusterAnswer(cluster with { Status = await DetailsAsync(status, answer.Plane, cluster.Spec, access, cancellationToken).ConfigureAwait(false) }, null);
        }
        catch (SealerException e) when (e.Id == "ClusterSilent")
        {
            return new ClusterAnswer(cluster with { Status = new ClusterStatus((clock ?? TimeProvider.System).GetUtcNow()) { Problem = e.Message } }, e);
        }
    }

    private static string? ImageOf(ClusterState? kept)
    {
        try
        {
            return kept?.Read().Image;
        }
        catch (SealerException)
        {
            return null;
        }
    }

    private static async Task<ClusterStatus> DetailsAsync(ClusterStatus status, IHost plane, ClusterSpec spec, HostAccess access, CancellationToken cancellationToken)
    {
        var script = $"{LiveCluster.Kubectl} config view -o jsonpath='{Endpoint}{{.clusters[0].cluster.server}}'; echo; {LiveCluster.Kubectl} get --raw /version";
        var asked = plane.RunAsync(new HostCommand(script) { Elevated = true, Timeout = KubernetesDelivery.Patience }, cancellationToken);
        var certificates = DaysLeftAsync(status, spec, access, cancellationToken);
        var text = (await asked.ConfigureAwait(false)).Output;
        var version = Regex.Match(text, "\"gitVersion\"\\s*:\\s*\"([^\"]{1,100})\"", RegexOptions.CultureInvariant);
        var endpoint = text.Split('\n').FirstOrDefault(line => line.StartsWith(Endpoint, StringComparison.Ordinal))?[Endpoint.Length..].Trim();
        return status with
        {
            KubernetesVersion = version.Success ? version.Groups[1].Value : null,
            ApiAddress = endpoint is { Length: > 0 } ? endpoint : null,
            CertificateDaysLeft = await certificates.ConfigureAwait(false),
        };
    }

    // Of control planes that are there: to wait for those that are not helps nobody.
    private static async Task<int?> DaysLeftAsync(ClusterStatus status, ClusterSpec spec, HostAccess access, CancellationToken cancellationToken)
    {
        var ready = status.Nodes.Where(node => node.IsReady).Select(node => node.Address).ToHashSet();
        // The key that was vouched for is that of the one who was asked first.
        await using var hosts = ClusterHosts.Of([.. spec.ControlPlanes.Where(host => ready.Contains(host.Address)).Select(HostTarget.Of)], access with { HostKeyFingerprints = [] });
        var days = new ConcurrentBag<int>();
        await hosts.ForEachAsync(
            hosts.All,
            async (host, token) =>
            {
                foreach (var cert in await ClusterCertReader.ReadAsync(host, [spec.RootfsFolder], status.SeenAt, token).ConfigureAwait(false))
                {
                    if (cert.Info.IsReadable && !cert.Path.StartsWith(KubeletFolder, StringComparison.Ordinal))
                        days.Add(cert.DaysLeft);
                }
            },
            cancellationToken: cancellationToken).ConfigureAwait(false);
        return days.IsEmpty ? null : days.Min();
    }

    // Whoever is given a way takes it to all hosts, as every command does; a port that stands with one address is that host's.
    private static ClusterSpec Reached(ClusterSpec spec, IReadOnlyList<HostTarget> planes, HostAccess access)
    {
        var reached = spec.WithSsh(ssh => ssh with
        {
            User = access.User ?? ssh.User,
            Port = access.Port ?? ssh.Port,
            Password = access.Password ?? ssh.Password,
            PrivateKeyPath = access.KeyFile ?? ssh.PrivateKeyPath,
            PrivateKeyPassphrase = access.KeyPassphrase ?? (access.KeyFile is null ? ssh.PrivateKeyPassphrase : null),
            SudoPassword = access.SudoPassword ?? (access.Password is null ? ssh.SudoPassword : null),
            ProxyJump = access.ProxyJump ?? ssh.ProxyJump,
            JumpHostKeyFingerprints = access.ProxyJump is null ? ssh.JumpHostKeyFingerprints : [],
        });
        var ports = planes.Where(plane => plane.Port is not null && IPAddress.TryParse(plane.Address, out _)).DistinctBy(plane => plane.Address).ToDictionary(plane => IPAddress.Parse(plane.Address), plane => plane.Port!.Value);
        return access.Port is not null || ports.Count == 0 ? reached
            : reached with { Hosts = [.. reached.Hosts.Select(host => ports.TryGetValue(host.Address, out var port) && port != host.Ssh.Port ? host with { Ssh = host.Ssh with { Port = port } } : host)] };
    }

    private static ClusterStatus Named(ClusterStatus status, string name) => status with { Nodes = [.. status.Nodes.Select(node => node with { Cluster = name })] };

    private static Cluster Part(string name, IReadOnlyList<HostTarget> planes, ClusterStatus status) => new(new ClusterSpec
    {
        Name = name,
        Hosts = [.. planes.Where(plane => IPAddress.TryParse(plane.Address, out _)).DistinctBy(plane => plane.Address)
            .Select(plane => new HostSpec { Address = IPAddress.Parse(plane.Address), Roles = [HostSpec.ControlPlaneRole] })],
    })
    {
        Status = status,
        IsPart = true,
    };
}

/// <summary>What came of asking for a cluster.</summary>
/// <param name="Cluster">The cluster; where it could not be asked, what is known of it.</param>
/// <param name="Error">Why it could not be asked; null where it was.</param>
public sealed record ClusterAnswer(Cluster Cluster, SealerException? Error)
{
    /// <summary>What should be known before it is worked with, in whole sentences; null where there is nothing.</summary>
    public string? Note { get; init; }
}
