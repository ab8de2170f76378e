using System.Collections.Concurrent;
using System.Net;
using Sealer.Clusterfiles;
using Sealer.Clusterfiles.Documents;
using Sealer.Delivery.Kubernetes;
using Sealer.Events;
using Sealer.Hosts;
using Sealer.Hosts.Facts;
using Sealer.Kubernetes;
using Sealer.Planning;
using Sealer.Registries;

namespace Sealer.Delivery;

/// <summary>Asks a cluster's hosts how they are, has a plan made of that, and carries plans out.</summary>
public sealed partial class ClusterDelivery
{
    // A host counts in whole seconds.
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(2);

    private readonly Cluster _cluster;
    private readonly Func<IPAddress, IHost> _hosts;
    private readonly Func<HostSpec, IHost>? _others;
    private readonly IPlanContent? _content;
    private readonly SealerHome _home;
    private readonly DeliveryOptions _options;
    private readonly IProgress<SealerEvent>? _events;

    /// <param name="cluster">The cluster as it shall be.</param>
    /// <param name="hosts">A host by its address.</param>
    /// <param name="content">The image's files; null where none are delivered.</param>
    /// <param name="home">Where journals lie.</param>
    /// <param name="options">How.</param>
    /// <param name="events">Told what happens.</param>
    /// <param name="others">A host that is not in the Clusterfile any more; where it is null, such hosts are out of reach.</param>
    public ClusterDelivery(
        Cluster cluster, Func<IPAddress, IHost> hosts, IPlanContent? content, SealerHome home, DeliveryOptions? options = null, IProgress<SealerEvent>? events = null, Func<HostSpec, IHost>? others = null)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        _others = others;
        (_cluster, _hosts, _content, _home, _options, _events) = (cluster, hosts, content, home, options ?? new DeliveryOptions(), events);
    }

    private ClusterSpec Spec => _cluster.Spec;

    /// <summary>Makes a plan of how the hosts are. Changes nothing on them.</summary>
    /// <exception cref="SealerException"><c>NoControlPlane</c>. That another host cannot be asked is said in the plan.</exception>
    public async Task<Plan> PlanAsync(CancellationToken cancellationToken = default)
    {
        var created = _options.Clock.GetUtcNow();
        var request = Request(await ObserveAsync(Spec.Hosts, cancellationToken).ConfigureAwait(false), created);
        if (_options.Removes)
            return Planner.MakeRemoval(request);
        request = await WithNamesAsync(request, cancellationToken).ConfigureAwait(false);
        if (request.Renewal is not null)
            return Planner.Make(request);
        request = await WithRegistryAsync(await WithClusterAsync(request, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        return Planner.Make(await WithLeavingAsync(request, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Carries out exactly a plan: goes on where it was left, and refuses where hosts, Clusterfile or image have changed since it was made.</summary>
    /// <exception cref="SealerException">
    /// <c>PlanOfAnotherCluster</c>, <c>PlanForged</c>, <c>ClusterfileChanged</c>, <c>ImageChanged</c>, <c>HostsMovedOn</c>, <c>LockHostUnreachable</c>,
    /// <c>ClusterLocked</c>, <c>ClusterLockLost</c>, and those of <see cref="Journal"/>. What fails on a host is in the result.
    /// </exception>
    public async Task<PlanResult> CarryOutAsync(Plan plan, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(plan);
        RefuseOther(plan);
        PlanCheck.RefuseForged(plan, Spec, _options.Removes);
        if (!_options.Removes)
            KnownClusters.Keep(_home, KnownCluster.Of(Spec, _options.Access));
        var result = plan.Steps.Count == 0 ? new PlanResult { Plan = plan, Steps = [] } : await CarryOutLockedAsync(plan, cancellationToken).ConfigureAwait(false);
        if (_options.Removes && result.Succeeded && plan.Hosts.All(host => host.Unreachable is null))
            ForgetHere();
        return result;
    }

    private async Task<PlanResult> CarryOutLockedAsync(Plan plan, CancellationToken cancellationToken)
    {
        var looked = _options.Clock.GetTimestamp();
        var observed = await ObserveAsync(HostsOf(plan), cancellationToken).ConfigureAwait(false);
        var holder = observed.First(host => host.Name == plan.LockHost);
        if (holder.Error is { } dead)
        {
            throw new SealerException(
                "LockHostUnreachable", ErrorKind.Connection,
                $"{plan.LockHost}, which has the cluster's lock, cannot be asked: {dead.Message} Bring it back"
                + (plan.LockSuccessors.Count > 0 ? $", or make a new plan: {plan.LockSuccessors[0]} has the lock then." : "."), plan.LockHost, dead);
        }

        var highest = observed.Max(host => host.State?.Token ?? 0);
        var folder = Path.Combine(_home.Clusters, plan.Cluster);
        SealerHome.CreatePrivateFolder(folder);
        await using var held = await ClusterLock.TakeAsync(
            _hosts(holder.Spec.Address), plan.Cluster, _options.Lock with { HighestToken = highest, Folder = folder }, cancellationToken).ConfigureAwait(false);
        held.Warn = text => _events?.Report(new WarningEvent(text));
        await held.StandAsync(
            [.. observed.Where(host => host.Spec.IsControlPlane && host.Name != holder.Name && host.State is not null).Select(host => HostOf(host.Spec))],
            cancellationToken).ConfigureAwait(false);
        if (held.PushedAside is { } aside)
            _events?.Report(new WarningEvent($"{aside} had the lock of the cluster {plan.Cluster} and is pushed aside."));
        // Nobody worked on it from the look to the lock, or there is another look.
        if (held.Token != highest + 1 || held.Idle < _options.Clock.GetElapsedTime(looked) + Slack)
            observed = await ObserveAsync(HostsOf(plan), cancellationToken).ConfigureAwait(false);
        return await CarryOutAsync(plan, observed, held, cancellationToken).ConfigureAwait(false);
    }

    private async Task<PlanResult> CarryOutAsync(Plan plan, IReadOnlyList<ObservedHost> observed, ClusterLock held, CancellationToken cancellationToken)
    {
        var fenced = Fence(plan, observed, held);
        await ClaimAsync(fenced, cancellationToken).ConfigureAwait(false);
        var folder = Path.Combine(_home.Clusters, plan.Cluster);
        PlanFile.Save(plan, Path.Combine(folder, $"plan-{plan.Id}.json"), overwrite: true);
        await using var journal = await Journal.OpenAsync(Path.Combine(folder, $"journal-{plan.Id}"), plan.Cluster, plan.Id, held, _options.Clock, cancellationToken)
            .ConfigureAwait(false);
        if (journal.Finished is null)
            RefuseMoved(plan, observed, journal);
        var request = Request([.. observed.Where(host => IsNamed(host.Spec))], plan.Created);
        var byName = observed.ToDictionary(host => host.Name, StringComparer.Ordinal);
        var runner = new PlanRunner(
            plan, Handlers(request, byName, name => fenced[name]), name => fenced[name], journal,
            new PlanRunOptions { ThrottleLimit = _options.ThrottleLimit }, _events);
        var steps = await runner.RunAsync(held, cancellationToken).ConfigureAwait(false);
        var result = new PlanResult
        {
            Plan = plan,
            Steps = steps,
            IsResumed = journal.IsResumed,
            FinishedBefore = journal.Finished,
            PushedAside = held.PushedAside,
        };
        DeliveryRates.Keep(_home, plan.Cluster, steps);
        if (result.Succeeded && journal.Finished is null)
            await journal.WriteAsync(JournalEvent.Finished, cancellationToken: cancellationToken).ConfigureAwait(false);
        // Who has lost the lock takes nothing away: what lies there is another's by now.
        if (_options.Removes && held.Why is null)
        {
            await ForgetAllAsync(held, plan.LockHost, fenced, observed, steps, cancellationToken).ConfigureAwait(false);
        }
        else if (!_options.Removes && result.Succeeded && observed.Where(host => !IsNamed(host.Spec)).ToList() is { Count: > 0 } gone)
        {
            await held.StopRenewingAsync().ConfigureAwait(false);
            await ForgetAsync([.. gone.Select(host => fenced[host.Name])], cancellationToken).ConfigureAwait(false);
        }

        return result;
    }

    // Last of all, what deliveries keep: from here on nothing on these hosts tells of the cluster. One that does not answer any more
    // keeps nobody from hearing what came of the plan.
    private Task ForgetAsync(IReadOnlyList<IHost> hosts, CancellationToken cancellationToken) => EachAsync(
        hosts,
        async (host, token) =>
        {
            try
            {
                (await host.RunAsync(new HostCommand(Forget) { Elevated = true, Timeout = ForgettingTime }, token).ConfigureAwait(false)).Require("forget the cluster");
            }
            catch (SealerException e) when (e.Id != "ClusterLockLost")
            {
                _events?.Report(new WarningEvent($"{host.Name} still keeps {DeliveryPaths.State(Spec.Name)}: {e.Message} Run the same again once it is back."));
            }
        },
        cancellationToken);

    private IReadOnlyList<StepHandler> Handlers(PlanRequest request, Dictionary<string, ObservedHost> byName, Func<string, IHost> fenced)
    {
        var handlers = new List<StepHandler>
        {
            new HostAliasesHandler(request),
            new PluginHandler(Spec.Name, step => step.Payload is PluginPayload plugin && PluginPhases.ByName.TryGetValue(plugin.Phase, out var phase)
                ? PluginScript.Of(request, phase, byName[step.Host], plugin.Joining.Count == 0 ? null : plugin.Joining).FirstOrDefault(script => script.Record == plugin.Record)
                : null),
            new HostCleaningHandler(Spec, step => request.Environment(byName[step.Host].Spec)),
        };
        if (_content is not null)
        {
            handlers.Add(new ContentHandler(
                _content, run => new ContentHost(byName[run.Step.Host].Spec, byName[run.Step.Host].Facts!, run.Host), _events));
        }

        if (_content?.Registry is { } registry)
            handlers.Add(new RegistryContentHandler(registry));
        var kubernetes = new KubernetesDelivery(request, fenced);
        if (request.Kubernetes is not null || request.Renewal is not null)
            handlers.AddRange([new CertificateRenewalHandler(kubernetes, _options.Clock), new KubeadmConfigHandler(kubernetes)]);
        if (request.Kubernetes is not null)
        {
            handlers.AddRange(
            [
                new ImageScriptHandler(kubernetes),
                new RuntimeFilesHandler(kubernetes),
                new CertificatesHandler(kubernetes, _options.Clock),
                new KubeadmHandler(kubernetes, _options.Clock),
                new BalancerHandler(kubernetes),
                new RegistryLoginHandler(kubernetes),
                new NodeHandler(kubernetes),
                new LaunchHandler(kubernetes, _options.Clock),
                new ReadinessHandler(kubernetes, _options.Clock),
                new NodeRemovalHandler(kubernetes),
                new ClusterStateHandler(kubernetes),
            ]);
        }

        return handlers;
    }

    private PlanRequest Request(IReadOnlyList<ObservedHost> hosts, DateTimeOffset created) => new()
    {
        Spec = Spec,
        Clusterfile = _cluster.Path,
        ClusterfileDigest = _cluster.ClusterfileDigest.ToString(),
        Image = _content?.Image,
        ImageDigest = _content?.ImageDigest,
        Plugins = [.. Spec.Plugins, .. _content?.Plugins ?? []],
        Environment = host => ClusterEnvironment.VariablesOfHost(Spec, host, _content?.Extension?.Env),
        Hosts = hosts,
        Kubernetes = _content?.Kubernetes is { } kubernetes
            ? KubernetesRequest.Of(Spec, kubernetes, hosts, ClusterEnvironment.OfCluster(Spec, _content.Extension?.Env))
            : null,
        PluginTimeout = _options.PluginTimeout,
        AppTimeout = _options.AppTimeout,
        State = _content?.Kubernetes is null ? null : ClusterState.Of(_cluster.AsKept(_content.Image)),
        Renewal = _options.Renewal,
        Rates = DeliveryRates.Read(_home, Spec.Name),
        Created = created,
        Notes = _content?.Notes ?? [],
    };

    // What kubeadm knows of the names of API servers; where none answers, nobody does.
    private async Task<PlanRequest> WithNamesAsync(PlanRequest request, CancellationToken cancellationToken)
    {
        if (request is { Kubernetes: null, Renewal: null })
            return request;
        var planes = request.Hosts.Where(host => host is { IsKnown: true, State.Kubernetes.IsControlPlane: true }).ToList();
        if (planes.Count == 0 && request.Renewal is not null && request.Hosts.Any(host => host.IsKnown && host.Spec.IsControlPlane))
        {
            throw new SealerException(
                "NoClusterYet", ErrorKind.NotFound,
                $"No control plane of {Spec.Name} that answers has an API server, and so there are no certificates to change. Make the cluster first: Invoke-ClusterApply.", Spec.Name);
        }

        foreach (var plane in planes)
        {
            try
            {
                return request with { ListedNames = (await KubeadmConfigMap.ReadAsync(_hosts(plane.Spec.Address), cancellationToken).ConfigureAwait(false)).Names };
            }
            catch (SealerException)
            {
                // The next one may know.
            }
        }

        return request;
    }

    private async Task<PlanRequest> WithClusterAsync(PlanRequest request, CancellationToken cancellationToken)
    {
        if (request.Kubernetes is not { Exists: true } kubernetes)
            return request;
        try
        {
            var planes = request.Hosts.Where(host => host is { IsKnown: true, State.Kubernetes.IsControlPlane: true }).Select(host => _hosts(host.Spec.Address));
            var answer = await LiveCluster.AskAsync(Spec.Name, planes, _options.Clock, cancellationToken).ConfigureAwait(false);
            return request with { Kubernetes = kubernetes with { State = answer.Status, Kept = answer.Kept } };
        }
        catch (SealerException e)
        {
            return request with { Kubernetes = kubernetes with { Silence = e.Message } };
        }
    }

    // Where hosts reach it and the controller does not, somebody else fills it.
    private async Task<PlanRequest> WithRegistryAsync(PlanRequest request, CancellationToken cancellationToken)
    {
        if (request.Kubernetes is null || _content?.Registry is not { } registry)
            return request;
        try
        {
            return request with { Registry = await registry.InspectAsync(cancellationToken).ConfigureAwait(false) };
        }
        catch (RegistryException e) when (e.Id is "HostNotFound" or "ConnectionRefused" or "ConnectionTimedOut" or "ConnectionFailed")
        {
            return request with { Notes = [.. request.Notes, $"{Spec.Registry.Endpoint} is not filled from here, and is taken to have the image's container images already: {e.Message}"] };
        }
    }

    // Nodes that a Clusterfile brought, and none names any more. What somebody joined by hand is nobody's to take away.
    private async Task<PlanRequest> WithLeavingAsync(PlanRequest request, CancellationToken cancellationToken)
    {
        if (request.Kubernetes is not { State: { } state } kubernetes)
            return request;
        var names = kubernetes.Nodes.Values.Select(kubernetes.Kubeadm.NodeName).ToHashSet(StringComparer.Ordinal);
        var leaving = new List<LeavingNode>();
        foreach (var node in state.Nodes.Where(node => NodeSettings.IsGiven(node.Document) && !names.Contains(node.Name) && !kubernetes.Nodes.ContainsKey($"{node.Address}")))
        {
            var host = node.Address is null ? null : await ObserveAsync(Leaver(node.Address, node.IsControlPlane), cancellationToken).ConfigureAwait(false);
            leaving.Add(new LeavingNode(node, host));
        }

        return request with { Kubernetes = kubernetes with { Leaving = leaving } };
    }

    private HostSpec Leaver(IPAddress address, bool isControlPlane) =>
        new() { Address = address, Roles = [isControlPlane ? HostSpec.ControlPlaneRole : HostSpec.WorkerRole], Ssh = Spec.Ssh };

    private bool IsNamed(HostSpec spec) => Spec.Hosts.Any(host => host.Address.Equals(spec.Address));

    private IHost HostOf(HostSpec spec) => IsNamed(spec) ? _hosts(spec.Address)
        : _others?.Invoke(spec) ?? new HostWithoutWay(spec.Address.ToString(), new SealerException(
            "HostNotInCluster", ErrorKind.NotFound, $"{spec.Address} is no host of the Clusterfile any more, and nobody said how it is reached.", spec.Address.ToString()));

    private void RefuseOther(Plan plan)
    {
        if (plan.Cluster != _cluster.Name)
        {
            throw new SealerException(
                "PlanOfAnotherCluster", ErrorKind.InvalidInput,
                $"The plan {plan.Id} is for the cluster {plan.Cluster}, and the Clusterfile is that of {_cluster.Name}. Give the Clusterfile that the plan was made from.", plan.Cluster);
        }

        if (plan.ClusterfileDigest != _cluster.ClusterfileDigest.ToString())
        {
            throw new SealerException(
                "ClusterfileChanged", ErrorKind.Conflict,
                $"The Clusterfile of {plan.Cluster} says something else than when the plan {plan.Id} was made, or other variables and values are given over it. Give those that the plan was made with, or make a new plan with Get-ClusterPlan.", plan.Cluster);
        }

        if (plan.ImageDigest != _content?.ImageDigest)
        {
            throw new SealerException(
                "ImageChanged", ErrorKind.Conflict,
                $"The plan {plan.Id} was made for the image {plan.Image ?? "none"} with the digest {plan.ImageDigest ?? "none"}, and what is there now has {_content?.ImageDigest ?? "none"}. Make a new plan with Get-ClusterPlan, bring that image back, or name it with -Image.", plan.Cluster);
        }
    }

    private List<HostSpec> HostsOf(Plan plan)
    {
        var named = plan.Hosts.Where(host => host.Fingerprint is not null).Select(host => host.Name).ToHashSet(StringComparer.Ordinal);
        return
        [
            .. Spec.Hosts.Where(host => named.Contains(host.Address.ToString())),
            .. plan.Hosts.Where(host => host.Leaves && Spec.Hosts.All(known => known.Address.ToString() != host.Name)).Select(host => Leaver(IPAddress.Parse(host.Name), host.Roles.Contains(HostSpec.ControlPlaneRole))),
        ];
    }

    private static void RefuseMoved(Plan plan, IReadOnlyList<ObservedHost> observed, Journal journal)
    {
        var begun = plan.Steps.Where(step => step.Payload.Changes is not null && journal.StateOf(step.Id) is not null)
            .ToLookup(step => step.Host, step => step.Payload.Changes!.Value, StringComparer.Ordinal);
        var moved = new List<string>();
        foreach (var host in observed.Where(host => host.IsKnown))
        {
            var before = plan.Hosts.First(known => known.Name == host.Name).Fingerprint!;
            var differences = before.Differences(HostFingerprint.Of(host), begun[host.Name].ToHashSet()).ToList();
            if (differences.Count > 0)
                moved.Add($"{host.Name}: {string.Join(", ", differences)}");
        }

        if (moved.Count == 0)
            return;
        throw new SealerException(
            "HostsMovedOn", ErrorKind.Conflict,
            $"{(moved.Count == 1 ? "A host is" : $"{moved.Count} hosts are")} not as {(moved.Count == 1 ? "it was" : "they were")} when the plan {plan.Id} was made, so that nothing is done. {string.Join("; ", moved.Take(10))}{(moved.Count > 10 ? "; ..." : "")}. Make a new plan with Get-ClusterPlan.",
            moved[0].Split(':')[0]);
    }

    // Of a host that did not answer, its own steps fail, with what it failed of.
    private Dictionary<string, IHost> Fence(Plan plan, IReadOnlyList<ObservedHost> observed, ClusterLock held) => observed.ToDictionary(
        host => host.Name,
        host => host.Error is { } error
            ? new HostWithoutWay(host.Name, error)
            : (IHost)new FencedHost(HostOf(host.Spec), plan.Cluster, held.Token, held.Id, held.Process, who => held.DoubtAsync(host.Name, who)),
        StringComparer.Ordinal);

    // All of them before anything is done on one: who had the lock before is refused everywhere from here on. A host on which the
    // claim cannot be written, as one with a full disk, gets nothing; the others do.
    private async Task ClaimAsync(Dictionary<string, IHost> hosts, CancellationToken cancellationToken)
    {
        var failed = new ConcurrentDictionary<string, SealerException>(StringComparer.Ordinal);
        await EachAsync(
            hosts.Values.OfType<FencedHost>(),
            async (host, token) =>
            {
                try
                {
                    await host.ClaimAsync(token).ConfigureAwait(false);
                }
                catch (SealerException e) when (e.Kind == ErrorKind.Connection)
                {
                    // It answered just now; its steps will tell.
                }
                catch (SealerException e) when (e.Id != "ClusterLockLost")
                {
                    failed[host.Name] = e;
                }
            },
            cancellationToken).ConfigureAwait(false);
        foreach (var (name, error) in failed)
            hosts[name] = new HostWithoutWay(name, error);
    }

    private async Task<IReadOnlyList<ObservedHost>> ObserveAsync(IReadOnlyList<HostSpec> specs, CancellationToken cancellationToken)
    {
        var found = new ConcurrentDictionary<string, ObservedHost>(StringComparer.Ordinal);
        await using (var waits = new HostWaits($"Asking the hosts of {Spec.Name}", _events))
        {
            await EachAsync(
                specs,
                (spec, token) => waits.WithAsync(spec.Address.ToString(), async () => found[spec.Address.ToString()] = await ObserveAsync(spec, token).ConfigureAwait(false)),
                cancellationToken).ConfigureAwait(false);
        }

        // A worker that tells of claims far above those of all control planes is not believed.
        var top = specs.Where(spec => spec.IsControlPlane).Select(spec => found[spec.Address.ToString()].State?.Token ?? 0).DefaultIfEmpty().Max();
        foreach (var (name, host) in found.Where(host => host.Value.State?.Token > top + ClusterLock.TokenMargin))
            found[name] = host with { State = null, Error = HostStateReader.NotPossible(name, Spec.Name) };
        if (_content is not null)
        {
            var asked = specs.Where(IsNamed).Select(spec => found[spec.Address.ToString()]).Where(host => host.IsKnown)
                .Select(host => new ContentHost(host.Spec, host.Facts!, _hosts(host.Spec.Address))).ToList();
            foreach (var (name, answer) in await _content.InspectAsync(asked, cancellationToken).ConfigureAwait(false))
                found[name] = found[name] with { Content = answer.Content, Error = answer.Error };
        }

        return [.. specs.Select(spec => found[spec.Address.ToString()])];
    }

    private async Task<ObservedHost> ObserveAsync(HostSpec spec, CancellationToken cancellationToken)
    {
        try
        {
            var host = HostOf(spec);
            var state = HostStateReader.ReadAsync(host, Spec.Name, _content?.Kubernetes is null && !_options.Removes && _options.Renewal is null ? null : Spec.RootfsFolder, cancellationToken);
            var facts = HostFactsReader.GatherAsync(host, elevated: true, cancellationToken);
            await Task.WhenAll(state, facts).ConfigureAwait(false);
            var found = new ObservedHost { Spec = spec, Facts = await facts.ConfigureAwait(false), State = await state.ConfigureAwait(false) };
            return _options.Removes && found.State.Kubernetes!.HasFiles ? found with { Plugins = await PluginsOnAsync(host, cancellationToken).ConfigureAwait(false) } : found;
        }
        catch (SealerException error)
        {
            return new ObservedHost { Spec = spec, Error = error };
        }
    }

    private Task EachAsync<T>(IEnumerable<T> items, Func<T, CancellationToken, Task> action, CancellationToken cancellationToken) => Parallel.ForEachAsync(
        items,
        new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, _options.ThrottleLimit), CancellationToken = cancellationToken },
        async (item, token) => await action(item, token).ConfigureAwait(false));
}
