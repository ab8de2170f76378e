using System.Globalization;
using System.Net;
using Sealer.Clusterfiles.Documents;
using Sealer.Events;
using Sealer.Hosts;
using Sealer.Hosts.Checks;

namespace Sealer.Delivery.Checks;

/// <summary>
/// Looks at a cluster that runs: what its API tells, and what each of its hosts sees of it, in one round trip a host. Nothing is changed,
/// but that an image is pulled once more, by a name that is there.
/// </summary>
public static class ClusterCheckup
{
    private const string Activity = "Looking at the cluster";
    private const int SoonDays = 30;

    // What kubeadm makes on every control plane, as static pods.
    private static readonly string[] Components = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"];

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    // Half a second of seconds that are counted whole; etcd complains of more than one.
    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan SkewFromHere = TimeSpan.FromSeconds(60);

    /// <summary>Makes the checks.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="spec">Its hosts.</param>
    /// <param name="hosts">A host by its address.</param>
    /// <param name="options">How; of checks and what is ignored the names are those of <see cref="ClusterCheck.All"/>.</param>
    /// <param name="progress">Is told of each host.</param>
    /// <param name="clock">The time here; null for this machine's.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>By host in the order of the Clusterfile, then of what is nobody's but the cluster's, each by check.</returns>
    /// <exception cref="SealerException"><c>ClusterCheckUnknown</c>. What is wrong with a cluster is a result, never an exception.</exception>
    public static async Task<IReadOnlyList<HostCheckResult>> RunAsync(
        string cluster, ClusterSpec spec, Func<IPAddress, IHost> hosts, PreflightOptions? options = null, IProgress<SealerEvent>? progress = null, TimeProvider? clock = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(hosts);
        options ??= new PreflightOptions();
        clock ??= TimeProvider.System;
        var checks = ClusterCheck.Select(options.Checks);
        var ignored = options.Ignore.Count == 0 ? [] : ClusterCheck.Select(options.Ignore);
        bool Asks(string name) => checks.Any(check => check.Name == name);
        var (view, silence) = await ViewAsync(cluster, spec, hosts, cancellationToken).ConfigureAwait(false);
        var findings = new HostFindings?[spec.Hosts.Count];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, spec.Hosts.Count),
            new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, options.ThrottleLimit), CancellationToken = cancellationToken },
            async (i, token) =>
            {
                var address = spec.Hosts[i].Address;
                progress?.Report(new ProgressEvent(Activity, $"{address}", 0, 1));
                findings[i] = await AskAsync(spec, spec.Hosts[i], hosts(address), view, Asks, clock, token).ConfigureAwait(false);
                progress?.Report(new ProgressEvent(Activity, $"{address}", 1, 1));
            }).ConfigureAwait(false);

        var asked = findings.OfType<HostFindings>().ToList();
        var results = new List<HostCheckResult>();
        foreach (var each in asked)
            results.AddRange(Results(each, view, asked));
        results.Add(view is null
            ? Of(cluster, ClusterCheck.Api, silence!.Message, "Look at the API server on a control plane, as root: crictl ps -a; journalctl -u kubelet")
            : Of(cluster, ClusterCheck.Api, null, $"The API tells of {view.Nodes.Count} nodes."));
        if (view is not null)
            results.AddRange(OfNobody(cluster, spec, view));
        return [.. results.Where(result => Asks(result.Check)).Select(result => result.Status is HostCheckStatus.Failed or HostCheckStatus.Warning && ignored.Any(check => check.Name == result.Check) ? result with { Status = HostCheckStatus.Ignored } : result)];
    }

    private static async Task<(ClusterView? View, SealerException? Silence)> ViewAsync(string cluster, ClusterSpec spec, Func<IPAddress, IHost> hosts, CancellationToken cancellationToken)
    {
        SealerException? first = null;
        foreach (var plane in spec.ControlPlanes)
        {
            try
            {
                return (await ClusterView.ReadAsync(cluster, hosts(plane.Address), cancellationToken).ConfigureAwait(false), null);
            }
            catch (SealerException e)
            {
                first ??= e;
            }
        }

        return (null, first ?? new SealerException("NoControlPlane", ErrorKind.NotFound, $"The cluster {cluster} has no control plane.", cluster));
    }

    private static async Task<HostFindings> AskAsync(ClusterSpec spec, HostSpec self, IHost host, ClusterView? view, Func<string, bool> isAsked, TimeProvider clock, CancellationToken cancellationToken)
    {
        try
        {
            var script = ClusterCheckScript.Of(view, self.Address, self.IsControlPlane, [.. spec.Hosts.Select(each => each.Address)], [.. spec.ControlPlanes.Select(each => each.Address)], isAsked);
            var result = await host.RunAsync(new HostCommand(script) { Elevated = true, Timeout = Patience }, cancellationToken).ConfigureAwait(false);
            // It is connected by now: what is measured is the question alone.
            var (before, begun) = (clock.GetUtcNow(), clock.GetTimestamp());
            var now = isAsked(ClusterCheck.Clock) ? await host.RunAsync(new HostCommand("date +%s") { Timeout = Patience }, cancellationToken).ConfigureAwait(false) : null;
            var took = clock.GetElapsedTime(begun);
            var lines = result.Require("look at the cluster").Output.Split('\n').Select(line => line.Split('|', 3)).Where(words => words.Length == 3).ToList();
            if (!lines.Exists(words => words[0] == "end") || result.Truncated)
                throw new SealerException("HostAnswerNotReadable", ErrorKind.InvalidContent, $"{host.Name} did not say all that it was asked for. Run it again; where that stays so, look at the shell of root there.", host.Name);
            var certs = isAsked(ClusterCheck.Certificates) ? await ClusterCertReader.ReadAsync(host, [spec.RootfsFolder], clock.GetUtcNow(), cancellationToken).ConfigureAwait(false) : [];
            return new HostFindings(self, lines.Select(words => new Finding(words[0], words[1], words[2])).ToLookup(finding => finding.Check, StringComparer.Ordinal), certs) { Skew = SkewOf(now?.Output, before), SkewMargin = took };
        }
        catch (SealerException e)
        {
            return new HostFindings(self, Array.Empty<Finding>().ToLookup(finding => finding.Check), []) { Error = e };
        }
    }

    // It was said after whatever it took to get there: the host's clock is ahead by so much, or by up to that less.
    private static TimeSpan? SkewOf(string? said, DateTimeOffset before) =>
        long.TryParse(said?.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds < 253402300800
            ? DateTimeOffset.FromUnixTimeSeconds(seconds) - before
            : null;

    private static IEnumerable<HostCheckResult> Results(HostFindings host, ClusterView? view, IReadOnlyList<HostFindings> all)
    {
        var name = host.Spec.Address.ToString();
        if (host.Error is { } error)
        {
            yield return Of(name, ClusterCheck.Reachable, error.Message, $"Look whether it is up and reached from here: Get-ClusterHost {name}");
            if (view is not null)
                yield return NodeOf(name, view);
            yield break;
        }

        yield return Of(name, ClusterCheck.Reachable, null, "It answers.");
        if (view is not null)
            yield return NodeOf(name, view);
        if (host.Spec.IsControlPlane)
            yield return Single(name, host, ClusterCheck.ApiServer, said => said == "ok" ? null : said, "Its own API server is ready.", "Its own API server is not ready", "Look at it there, as root: crictl ps -a --name kube-apiserver; crictl logs ID");
        yield return Single(name, host, ClusterCheck.ApiBalancer, said => said == "ok" ? null : said, "The API answers its kubelet.", "The API does not answer its kubelet", "Look at what balances there (crictl ps -a; ipvsadm -Ln) and at the name in /etc/hosts; Invoke-ClusterApply puts both right");
        if (host.Spec.IsControlPlane)
        {
            yield return Single(name, host, ClusterCheck.Etcd, WrongOfEtcd, "Its member of etcd is healthy.", "Its member of etcd is not healthy", "Look at it there, as root: crictl ps -a --name etcd; crictl logs ID");
            if (view is not null)
                yield return ComponentsOf(name, view);
        }

        if (view is not null)
            yield return PodsOf(name, view);
        yield return Single(name, host, ClusterCheck.ClusterDns, ClusterCheckScript.Wrong, "The cluster's DNS answers.", "The cluster's DNS does not answer", "Look at its pods and at kube-proxy there: kubectl -n kube-system get pods -o wide", "The API tells of no service kube-dns.");
        yield return Every(name, host, ClusterCheck.PodNetwork, "pods of the cluster's DNS", "Look at the pod network's pods there, and at the firewall between the nodes (VXLAN is UDP 8472 or 4789)", "The API tells of no pods of the cluster's DNS.");
        yield return Every(name, host, ClusterCheck.NodePairs, "ports of other nodes", "Open these ports between the nodes: 10250 of all, 6443 of control planes", "There is no other node.");
        yield return Single(name, host, ClusterCheck.RegistryPull, said => said == "ok" ? null : said, "It pulls from the registry.", "It cannot pull from the registry", "Look at the registry on the control planes (port 5000 by default), and at /etc/containerd/certs.d there; Invoke-ClusterApply puts both right", "The API tells of no image to pull.");
        yield return CertificatesOf(name, host);
        yield return ClockOf(name, host, all);
    }

    private static HostCheckResult NodeOf(string name, ClusterView view)
    {
        var node = view.Nodes.FirstOrDefault(each => $"{each.Address}" == name);
        return node is null ? Of(name, ClusterCheck.NodeReady, "No node of the cluster has this address.", "Take it in: Invoke-ClusterApply")
            : !node.IsReady ? Of(name, ClusterCheck.NodeReady, $"The node {node.Name} is not ready: {(node.Message.Length > 0 ? node.Message : "its kubelet says nothing")}", "Look at its kubelet, as root: journalctl -u kubelet; systemctl restart kubelet")
            : node.IsCordoned ? Of(name, ClusterCheck.NodeReady, $"The node {node.Name} is ready, and takes no pods: it is cordoned.", $"Where nobody works there any more: kubectl uncordon {node.Name}", isWarning: true)
            : Of(name, ClusterCheck.NodeReady, null, $"The node {node.Name} is ready.");
    }

    private static HostCheckResult ComponentsOf(string name, ClusterView view)
    {
        var node = view.Nodes.FirstOrDefault(each => $"{each.Address}" == name)?.Name;
        var pods = view.Pods.Where(pod => pod.Node == node && Components.Contains(pod.Component)).ToList();
        // Where etcd is elsewhere, no control plane has a pod of it.
        var wanted = Components.Where(component => component != "etcd" || view.Pods.Any(pod => pod.Component == "etcd"));
        var wrong = wanted.Where(component => !pods.Exists(pod => pod.Component == component && pod.IsReady))
            .Select(component => $"{component} ({pods.Find(pod => pod.Component == component)?.State ?? "there is no pod"})").ToList();
        return wrong.Count == 0
            ? Of(name, ClusterCheck.ControlPlanePods, null, $"{pods.Count} pods are ready.")
            : Of(name, ClusterCheck.ControlPlanePods, $"Not ready: {string.Join(", ", wrong)}.", "Look there, as root: ls /etc/kubernetes/manifests; crictl ps -a; journalctl -u kubelet");
    }

    private static HostCheckResult PodsOf(string name, ClusterView view)
    {
        var node = view.Nodes.FirstOrDefault(each => $"{each.Address}" == name)?.Name;
        var pods = view.Pods.Where(pod => pod.Node.Length > 0 && pod.Node == node && !Components.Contains(pod.Component)).ToList();
        return PodResult(name, pods, $"{pods.Count} pods of kube-system are ready.");
    }

    private static HostCheckResult PodResult(string name, IReadOnlyList<SystemPod> pods, string passed)
    {
        var wrong = pods.Where(pod => !pod.IsReady).ToList();
        return wrong.Count == 0
            ? Of(name, ClusterCheck.SystemPods, null, passed)
            : Of(name, ClusterCheck.SystemPods, $"Not ready: {string.Join(", ", wrong.Take(5).Select(pod => $"{pod.Name} ({pod.State})"))}{(wrong.Count > 5 ? $" and {wrong.Count - 5} more" : "")}.", $"kubectl -n kube-system describe pod {wrong[0].Name}");
    }

    // Pods that are on no host, and nodes that the Clusterfile does not name.
    private static IEnumerable<HostCheckResult> OfNobody(string cluster, ClusterSpec spec, ClusterView view)
    {
        if (view.Pods.Where(pod => pod.Node.Length == 0).ToList() is { Count: > 0 } pending)
            yield return PodResult(cluster, pending, "");
        foreach (var node in view.Nodes.Where(node => !node.IsReady && !spec.Hosts.Any(host => host.Address.Equals(node.Address))))
            yield return Of(node.Name, ClusterCheck.NodeReady, $"The node {node.Name} is not ready, and the Clusterfile does not name it: {node.Message}", "Look at its kubelet, or take it out of the cluster");
    }

    private static HostCheckResult Single(string name, HostFindings host, string check, Func<string, string?> wrong, string passed, string failed, string remedy, string nothing = "It was not asked.")
    {
        if (host.Findings[check].FirstOrDefault() is not { } finding)
            return new HostCheckResult { Host = name, Check = check, Status = HostCheckStatus.Skipped, Severity = HostCheckSeverity.Error, Message = nothing };
        if (finding.Said == "elsewhere")
            return new HostCheckResult { Host = name, Check = check, Status = HostCheckStatus.Skipped, Severity = HostCheckSeverity.Error, Message = "Its API server uses another etcd." };
        return wrong(finding.Said) is { } said
            ? Of(name, check, $"{failed}{(finding.Subject.Length > 0 ? $" ({finding.Subject})" : "")}: {said}", remedy)
            : Of(name, check, null, finding.Subject.Length > 0 ? $"{passed[..^1]} ({finding.Subject})." : passed);
    }

    private static HostCheckResult Every(string name, HostFindings host, string check, string what, string remedy, string nothing)
    {
        var found = host.Findings[check].ToList();
        if (found.Count == 0)
            return new HostCheckResult { Host = name, Check = check, Status = HostCheckStatus.Skipped, Severity = HostCheckSeverity.Error, Message = nothing };
        var wrong = found.Where(finding => finding.Said != "ok").ToList();
        return wrong.Count == 0
            ? Of(name, check, null, $"It reaches {found.Count} {what}.")
            : Of(name, check, $"It does not reach {string.Join(", ", wrong.Take(5).Select(finding => finding.Subject))}{(wrong.Count > 5 ? $" and {wrong.Count - 5} more" : "")} of {found.Count} {what}: {wrong[0].Said}", remedy);
    }

    private static string? WrongOfEtcd(string said) => said.Replace(" ", "", StringComparison.Ordinal) is var text && text.Contains("200OK", StringComparison.Ordinal) && text.Contains("\"health\":\"true\"", StringComparison.Ordinal) ? null
        : said.IndexOf('{', StringComparison.Ordinal) is >= 0 and var body ? said[body..] : said;

    private static HostCheckResult CertificatesOf(string name, HostFindings host)
    {
        // The kubelet signs its own server's certificate, which nobody verifies.
        var certs = host.Certs.Where(cert => !cert.Path.EndsWith("/kubelet.crt", StringComparison.Ordinal)).ToList();
        if (certs.Count == 0)
            return Of(name, ClusterCheck.Certificates, "It has no certificates of a Kubernetes.", "Take it in: Invoke-ClusterApply");
        var wrong = certs.Where(cert => cert.Problems.Count > 0).ToList();
        var first = certs.Where(cert => cert.Info.IsReadable).MinBy(cert => cert.NotAfter);
        return wrong.Count > 0 ? Of(name, ClusterCheck.Certificates, $"{wrong[0].Path}: {string.Join("; ", wrong[0].Problems)}{(wrong.Count > 1 ? $"; and {wrong.Count - 1} more" : "")}.", "See all of it with Get-ClusterCert; Update-ClusterCert -Renew makes those of control planes anew")
            : first is { DaysLeft: < SoonDays } ? Of(name, ClusterCheck.Certificates, $"{first.Path} ends in {first.DaysLeft} days.", "Update-ClusterCert -Renew makes those of control planes anew", isWarning: true)
            : Of(name, ClusterCheck.Certificates, null, $"{certs.Count} certificates, good for {first?.DaysLeft} days at least.");
    }

    private static HostCheckResult ClockOf(string name, HostFindings host, IReadOnlyList<HostFindings> all)
    {
        const string remedy = "Start a time service that all hosts share (chronyd, systemd-timesyncd), or set the clock: date -s 'YYYY-MM-DD hh:mm:ss'";
        if (host.Skew is not { } skew)
            return Of(name, ClusterCheck.Clock, "It does not say what time it is.", "Look at date +%s there");
        // Against the middle one, so that the host is told that is wrong and not those that are right.
        var skews = all.Select(each => each.Skew).OfType<TimeSpan>().Order().ToList();
        var apart = skew - skews[skews.Count / 2];
        // The middle one was asked as uncertainly as anybody.
        return apart.Duration() > Skew + all.Max(each => each.SkewMargin) ? Of(name, ClusterCheck.Clock, $"Its clock is {Apart(apart)} that of the other hosts.", remedy)
            : skew.Duration() > SkewFromHere + host.SkewMargin ? Of(name, ClusterCheck.Clock, $"Its clock is {Apart(skew)} that of this machine.", remedy)
            : Of(name, ClusterCheck.Clock, null, "Its clock agrees with the others'.");
    }

    private static string Apart(TimeSpan by) => string.Create(CultureInfo.InvariantCulture, $"{by.Duration().TotalSeconds:N0} s {(by > TimeSpan.Zero ? "ahead of" : "behind")}");

    // Failed where something is wrong, else passed.
    private static HostCheckResult Of(string host, string check, string? wrong, string text, bool isWarning = false) => new()
    {
        Host = host,
        Check = check,
        Status = wrong is null ? HostCheckStatus.Passed : isWarning ? HostCheckStatus.Warning : HostCheckStatus.Failed,
        Severity = isWarning ? HostCheckSeverity.Warning : HostCheckSeverity.Error,
        Message = HostText.Shown(wrong ?? text),
        Remedy = wrong is null ? null : HostText.Shown(text),
    };

    private sealed record Finding(string Check, string Subject, string Said);

    private sealed record HostFindings(HostSpec Spec, ILookup<string, Finding> Findings, IReadOnlyList<ClusterCert> Certs)
    {
        public SealerException? Error { get; init; }

        public TimeSpan? Skew { get; init; }

        public TimeSpan SkewMargin { get; init; }
    }
}
