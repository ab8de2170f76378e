using Sealer.Apps;
using Sealer.Certificates;
using Sealer.Clusterfiles.Documents;
using Sealer.Kubernetes;
using Sealer.Kubernetes.Kubeadm;
using Sealer.Kubernetes.LoadBalancing;
using Sealer.Kubernetes.Runtimes;

namespace Sealer.Planning;

/// <summary>The steps that make a Kubernetes of the image's files: each only where the host is not as it should be.</summary>
internal sealed partial class PlanSteps
{
    private const string CertificatesPhase = "certificates";
    private const string RuntimeFilesPhase = "registry-names";
    private const string RegistryContentPhase = "registry-content";
    private const string InitPhase = "kubeadm-init";
    private const string JoinPlanePhase = "kubeadm-join-control-plane";
    private const string JoinPhase = "kubeadm-join";
    private const string BalancerPhase = "balancer";
    private const string FinalAliasesPhase = "host-aliases-final";
    private const string NetworkPhase = "network";
    private const string ApplicationsPhase = "applications";
    private const string NodePhase = "node";
    private const int NodeTimeout = 300;
    private const int ScriptTimeout = 900;
    private const int KubeadmTimeout = 900;

    private static readonly TimeSpan RuntimeTime = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan InitTime = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan JoinTime = TimeSpan.FromSeconds(30);

    // Stands for a certificate that is not made yet: only where it lies decides here.
    private const string SomeAuthority = "-";
    private static readonly KubeadmJoin SomeJoin = new(Secret.Of("abcdef.0123456789abcdef"), [], "join:6443");

    private readonly List<string> _kubernetesPhases = [];
    private string? _filled;
    private readonly List<(AppLaunch Launch, string? Before)> _launched = [];

    private void Kubernetes()
    {
        if (request.Kubernetes is not { } kubernetes)
            return;
        if (kubernetes.Maker is not { } makerName)
        {
            notes.Add("The first control plane cannot be reached, and no other has a cluster: Kubernetes is not installed before it answers.");
            return;
        }

        var maker = _known.First(host => host.Name == makerName);
        var ordered = _known.OrderByDescending(host => host == maker).ToList();
        RegistryContent(maker);
        foreach (var host in ordered)
            Script(host, KubernetesScripts.Runtime(request, host.Spec), host.State!.Kubernetes?.ActiveUnits.Contains(UnitOf(kubernetes.Image.Runtime)) == true, "it does not run", RuntimeTime);
        var registry = Registry(ordered, maker);
        foreach (var host in ordered)
            RuntimeFiles(host, registry);
        foreach (var host in ordered)
            Script(host, KubernetesScripts.Kubelet(request), isWorking: true, "", RuntimeTime);
        Renewals();
        Planes(kubernetes, ordered, maker);
        var network = Networks(kubernetes, maker);
        Workers(kubernetes, ordered, maker);
        Nodes(kubernetes, ordered, maker, network);
    }

    // The controller's own work, which stands with the maker: without it nothing of the image starts anywhere.
    private void RegistryContent(ObservedHost maker)
    {
        if (request.Registry is not { Missing.Count: > 0 } registry)
            return;
        Kubernetes(
            maker, RegistryContentPhase, new RegistryContentPayload { Registry = registry.Endpoint, Digest = registry.Digest },
            new Words(
                $"Bring {Count(registry.Missing.Count, "container image")} of {request.Image} to {registry.Endpoint}, from here",
                $"it has {Number(registry.Images - registry.Missing.Count)} of {Number(registry.Images)}, and not {Some([.. registry.Missing.Take(Shown)], registry.Missing.Count)}",
                PlanRisk.Low, request.Rates.Step + TimeSpan.FromSeconds(registry.Bytes / request.Rates.BytesPerSecond), registry.Bytes), []);
        _filled = _last[maker.Name];
    }

    // The registry's authority lies on the maker, and every other host that serves it gets it from there.
    private string? Registry(List<ObservedHost> ordered, ObservedHost maker)
    {
        if (request.Spec.Registry.Local is not { } local)
            return null;
        string? first = null;
        foreach (var host in ordered.Where(host => Planner.ServesRegistry(request.Spec, host.Spec)))
        {
            if (RegistryNames.CertificateOf(request.Spec, request.Kubernetes!.Environment, request.Kubernetes.Image.ForeignDomains) is { } certificate)
            {
                var wanted = ClusterCertificates.Of(certificate);
                var missing = wanted.Where(each => each.Form != CertificateForm.Authority || host == maker).Where(each => host.State!.Kubernetes?.Files.ContainsKey(each.Path) != true).ToList();
                if (missing.Count > 0)
                {
                    Certificates(host, maker, ofRegistry: true, wanted, "Make the registry's certificate", $"{missing[0].Path} is not there", first);
                    if (host == maker)
                        first = _last[host.Name];
                }
            }

            RegistryLogin(host, local);
            var isServing = host.Facts!.ListeningPorts.Contains(local.Port);
            Script(host, KubernetesScripts.Registry(request, host.Spec), isServing, $"nothing listens on port {local.Port}", RuntimeTime);
        }

        return first;
    }

    private void RegistryLogin(ObservedHost host, LocalRegistrySpec local)
    {
        if (local is not { UserName: { } user, Password: { } password } || RegistryPasswords.Admits(host.State!.Kubernetes?.RegistryUsers ?? "", user, password))
            return;
        Kubernetes(
            host, KubernetesScripts.RegistryPhase, new RegistryLoginPayload { UserName = user },
            new Words($"Let {user} use the registry, and nobody else", host.State!.Kubernetes?.RegistryUsers.Length > 0 ? "the user or the password is another" : "everybody may", PlanRisk.Low, request.Rates.Step), []);
    }

    private void RuntimeFiles(ObservedHost host, string? authority)
    {
        if (RuntimeFilesOf(request, SomeAuthority) is not { Count: > 0 } files)
            return;
        var there = host.State!.Kubernetes?.Files ?? new Dictionary<string, string>();
        var wrong = files.Where(file => file.Text == SomeAuthority ? !there.ContainsKey(file.Path) : there.GetValueOrDefault(file.Path) != HostFingerprint.Digest(file.Text)).ToList();
        if (wrong.Count == 0)
            return;
        Kubernetes(
            host, RuntimeFilesPhase,
            PayloadOf(request, files),
            new Words(
                $"Tell {request.Kubernetes!.Image.Runtime} that images come from {request.Spec.Registry.Endpoint}",
                $"{wrong[0].Path} {(there.ContainsKey(wrong[0].Path) ? "says something else" : "is not there")}", PlanRisk.Low, request.Rates.Step),
            authority is null ? [] : [authority]);
    }

    private void Planes(KubernetesRequest kubernetes, List<ObservedHost> ordered, ObservedHost maker)
    {
        // An API server that is started again serves nobody who joins.
        var after = RenewalPhases();
        var joined = 0;
        string? begun = null;
        string? authorities = null;
        foreach (var host in ordered.Where(host => host.Spec.IsControlPlane && host.State!.Kubernetes?.IsControlPlane != true))
        {
            var node = kubernetes.Nodes[host.Name];
            var isMaker = host == maker;
            var wanted = ClusterCertificates.Of(kubernetes.Kubeadm.Certificates(node));
            Certificates(host, maker, ofRegistry: false, wanted, isMaker ? "Make authorities, certificates and kubeconfigs" : "Make certificates and kubeconfigs", "it is no control plane yet", isMaker ? null : authorities);
            authorities ??= isMaker ? _last[host.Name] : null;
            var words = isMaker
                ? new Words($"Make the cluster with Kubernetes {kubernetes.Image.Version} (kubeadm init) as {kubernetes.Kubeadm.NodeName(node)}", Unfinished(host, "there is no cluster"), PlanRisk.Medium, InitTime)
                : new Words($"Join as control plane {kubernetes.Kubeadm.NodeName(node)}, by {maker.Name}", Unfinished(host, "it is not in the cluster"), PlanRisk.Medium, JoinTime);
            // One after the other, whatever became of the one before: the step itself asks for etcd's health first.
            var phase = isMaker ? InitPhase : $"{JoinPlanePhase} {++joined}";
            Kubernetes(host, phase, KubeadmOf(kubernetes, host, maker), words, isMaker ? [] : Before(begun), isMaker ? [] : [.. after]);
            if (isMaker)
                begun = _last[host.Name];
            else
                after.Add(phase);
            FinalAliases(host);
        }
    }

    private void Workers(KubernetesRequest kubernetes, List<ObservedHost> ordered, ObservedHost maker)
    {
        var begun = _steps.FindLast(step => step.Phase == InitPhase)?.Id;
        var planes = RenewalPhases().Concat(_kubernetesPhases.Where(phase => phase.StartsWith(JoinPlanePhase, StringComparison.Ordinal))).ToList();
        foreach (var host in ordered.Where(host => !host.Spec.IsControlPlane))
        {
            var joins = host.State!.Kubernetes?.IsMember != true;
            if (joins)
            {
                Kubernetes(
                    host, JoinPhase, KubeadmOf(kubernetes, host, maker),
                    new Words($"Join as {kubernetes.Kubeadm.NodeName(kubernetes.Nodes[host.Name])}, by {maker.Name}", Unfinished(host, "it is not in the cluster"), PlanRisk.Medium, JoinTime),
                    Before(begun), planes);
            }

            Balancer(kubernetes, host);
            if (joins)
                FinalAliases(host);
        }
    }

    // The cluster's beginning has waited for the images already.
    private IReadOnlyList<string> Before(string? begun) => (begun ?? _filled) is { } step ? [step] : [];

    private List<string> RenewalPhases() => [.. _kubernetesPhases.Where(phase => phase.StartsWith(RenewalPhase, StringComparison.Ordinal))];

    private void Balancer(KubernetesRequest kubernetes, ObservedHost host)
    {
        var balancing = kubernetes.BalancingOf(host);
        var services = kubernetes.ServicesOn(request.Spec, balancing);
        var files = BalancerFilesOf(balancing, services);
        var there = host.State!.Kubernetes?.Files ?? new Dictionary<string, string>();
        var wrong = files.Where(file => there.GetValueOrDefault(file.Path) != HostFingerprint.Digest(file.Text)).Select(file => file.Path)
            .Concat(Unwanted(files).Where(there.ContainsKey)).ToList();
        if (wrong.Count == 0)
            return;
        Kubernetes(
            host, BalancerPhase,
            new BalancerPayload
            {
                Balancer = balancing.Kind,
                Address = balancing.Address?.ToString() ?? "",
                Services = [.. services.Select(service => service.Name)],
                Digest = DigestOf(files),
            },
            new Words($"Balance the API {(services.Count > 1 ? "and the registry " : "")}with {balancing.Kind switch { ApiBalancingKind.Lvscare => "ipvs, kept by lvscare", ApiBalancingKind.Keepalived => "ipvs, kept by keepalived", ApiBalancingKind.LocalProxy => "a proxy of its own", _ => "nothing of ours" }}{(balancing.Address is { } address ? $", at {address}" : "")}", $"{balancing.Reason}; {wrong[0]} is not as it should be", PlanRisk.Low, request.Rates.Step + RuntimeTime),
            []);
    }

    // What connects pods comes first: without it no node is ready, and nothing of the others starts.
    private string? Networks(KubernetesRequest kubernetes, ObservedHost maker)
    {
        string? last = null;
        foreach (var launch in kubernetes.Image.Launches.Where(launch => launch.IsNetwork))
        {
            if (Launch(kubernetes, maker, launch, NetworkPhase, [], []))
                last = _last[maker.Name];
        }

        return last;
    }

    // All other applications find ready nodes, and what plugins have prepared. Where nothing is known to connect pods, one of them may.
    private void Applications()
    {
        if (request.Kubernetes is not { Maker: { } makerName } kubernetes)
            return;
        var maker = _known.First(host => host.Name == makerName);
        IReadOnlyList<string> needs = [PluginPhases.NameOf(PluginPhase.PreInstall), PluginPhases.NameOf(PluginPhase.PostInstall)];
        foreach (var launch in kubernetes.Image.Launches.Where(launch => !launch.IsNetwork))
            Launch(kubernetes, maker, launch, ApplicationsPhase, needs, [.. _kubernetesPhases, PluginPhases.NameOf(PluginPhase.PostInitHost), PluginPhases.NameOf(PluginPhase.PostScaleUp)]);
    }

    private bool Launch(KubernetesRequest kubernetes, ObservedHost maker, AppLaunch launch, string phase, IReadOnlyList<string> needs, IReadOnlyList<string> after)
    {
        var known = kubernetes.State?.ApplicationRecords.GetValueOrDefault(launch.Name);
        var isWaitedFor = launch.Listing is not null && request.AppTimeout is not null;
        if (known?.Digest == launch.Digest && (known.Progress == AppProgress.Done || !isWaitedFor))
            return false;
        string? before = null;
        if (known?.Digest != launch.Digest || known.Progress == AppProgress.Late)
        {
            Add(
                maker, phase,
                new LaunchPayload { Name = launch.Name, Digest = launch.Digest, IsWaitedFor = isWaitedFor, TimeoutSeconds = (int)request.PluginTimeout.TotalSeconds },
                new Words(
                    $"Launch {launch.Name}{(launch.Type is null ? "" : $" ({launch.Type})")}",
                    known is null ? "it has not been launched" : known.Digest == launch.Digest ? "it was not ready in its time" : "its files or its commands have changed since it was launched",
                    PlanRisk.Medium, request.Rates.Step + RuntimeTime),
                needs, after);
            before = _last[maker.Name];
        }

        if (isWaitedFor)
            _launched.Add((launch, before));
        return before is not null;
    }

    // Once all are launched, and on nobody's way: one application may wait for another that comes after it, or for nodes that come
    // after the network.
    private void Readiness()
    {
        if (_launched.Count == 0)
            return;
        var maker = request.Kubernetes!.Maker!;
        IReadOnlyList<string> after = [.. _steps.Select(step => step.Phase).Where(phase => phase is NetworkPhase or NodePhase or ApplicationsPhase).Distinct()];
        foreach (var (launch, before) in _launched)
        {
            var payload = new ReadinessPayload { Name = launch.Name, Digest = launch.Digest, TimeoutSeconds = (int)Math.Ceiling(request.AppTimeout!.Value.TotalSeconds) };
            _steps.Add(new PlanStep
            {
                Id = PlanFile.StepId(maker, payload),
                Host = maker,
                What = $"See {launch.Name} ready",
                Why = before is null ? "it was launched, and nobody has seen it ready" : "it is launched",
                Risk = PlanRisk.None,
                Estimate = request.Rates.Step + RuntimeTime,
                Phase = ReadinessPayload.KindName,
                DependsOn = before is null ? [] : [before],
                AfterPhases = after,
                Payload = payload,
            });
        }
    }

    private void Nodes(KubernetesRequest kubernetes, List<ObservedHost> ordered, ObservedHost maker, string? network)
    {
        if (kubernetes.Silence is { } silence)
            notes.Add($"{silence} What of nodes and applications is as it should be is found out while the plan is carried out.");
        foreach (var host in ordered)
        {
            var name = kubernetes.Kubeadm.NodeName(kubernetes.Nodes[host.Name]);
            var settings = NodeSettings.Of(host.Spec);
            var node = kubernetes.State?.Find(name);
            var why = node is null ? kubernetes.Silence is null ? "it is not in the cluster" : "the API does not answer"
                : !node.IsReady ? $"it is not ready: {node.Message}"
                : settings.PatchOf(node.Document) is not null ? $"it has not just {(settings.ToString() is { Length: > 0 } shall ? shall : "its own")}"
                : null;
            if (why is null)
                continue;
            var what = $"See the node {name} ready{(settings.ToString() is { Length: > 0 } given ? $", with {given}" : "")}";
            Kubernetes(
                host, NodePhase, new NodePayload { Node = name, From = maker.Name, Digest = HostFingerprint.Digest(settings.ToString()), TimeoutSeconds = NodeTimeout },
                new Words(what, why, PlanRisk.Low, request.Rates.Step + RuntimeTime), network is null ? [] : [network]);
        }
    }

    // Of a cluster that stands: who is not in it yet.
    private List<string> Joining() => request.Kubernetes is not { Exists: true } ? []
        : [.. _known.Where(host => !IsMember(host)).Select(host => host.Name)];

    private static bool IsMember(ObservedHost host) => host.Spec.IsControlPlane ? host.State!.Kubernetes?.IsControlPlane == true : host.State!.Kubernetes?.IsMember == true;

    private void FinalAliases(ObservedHost host)
    {
        var (now, then) = (HostAliasLines.Of(ClusterAliases.Of(request, host, joining: true)), HostAliasLines.Of(ClusterAliases.Of(request, host, joining: false)));
        if (now.SequenceEqual(then, StringComparer.Ordinal))
            return;
        Kubernetes(
            host, FinalAliasesPhase, new HostAliasesPayload { Lines = then },
            new Words("Write the API's own address to /etc/hosts", $"while it joins, the API is {request.Kubernetes!.Maker}", PlanRisk.Medium, request.Rates.Step), []);
    }

    private void Certificates(ObservedHost host, ObservedHost maker, bool ofRegistry, IReadOnlyList<WantedCertificate> wanted, string what, string why, string? before) => Kubernetes(
        host, CertificatesPhase,
        new CertificatesPayload { OfRegistry = ofRegistry, From = host == maker ? null : maker.Name, Digest = DigestOf(wanted) },
        new Words(what, why, PlanRisk.Low, request.Rates.Step),
        before is null ? [] : [before]);

    private void Script(ObservedHost host, PluginScript script, bool isWorking, string broken, TimeSpan time)
    {
        var recorded = host.State!.Kubernetes?.Records.GetValueOrDefault(script.Record);
        if (recorded is not null && script.WasRun(recorded) && isWorking)
            return;
        var why = recorded is null ? "it has not run there" : script.WasRun(recorded) ? broken : "it, or its variables, have changed since it ran there";
        Kubernetes(
            host, script.Phase,
            new ImageScriptPayload { Script = script.Name, Phase = script.Phase, Record = script.Record, Digest = script.Digest, Folder = script.Folder!, TimeoutSeconds = ScriptTimeout },
            new Words($"Run the image's {script.Name}", why, recorded is null ? PlanRisk.Medium : PlanRisk.High, request.Rates.Step + time), []);
    }

    private void Kubernetes(ObservedHost host, string phase, StepPayload payload, Words words, IReadOnlyList<string> before, IReadOnlyList<string>? after = null)
    {
        Add(host, phase, payload, words, [], after ?? [], before);
        if (!_kubernetesPhases.Contains(phase))
            _kubernetesPhases.Add(phase);
    }

    private static string Unfinished(ObservedHost host, string otherwise) => host.State!.Kubernetes?.IsUnfinished == true ? "kubeadm was begun there and cut off" : otherwise;

    /// <summary>What a host's part in kubeadm is.</summary>
    public static KubeadmPayload KubeadmOf(KubernetesRequest kubernetes, ObservedHost host, ObservedHost maker)
    {
        var node = kubernetes.Nodes[host.Name];
        var isInit = host == maker;
        var file = isInit ? kubernetes.Kubeadm.Init() : kubernetes.Kubeadm.Join(node, SomeJoin);
        return new KubeadmPayload
        {
            Node = kubernetes.Kubeadm.NodeName(node),
            IsControlPlane = host.Spec.IsControlPlane,
            From = isInit ? null : maker.Name,
            Version = kubernetes.Image.Version.ToString(),
            Digest = HostFingerprint.Digest($"{file.Text}\n{string.Join(',', file.SkipPhases)}"),
            TimeoutSeconds = KubeadmTimeout,
        };
    }

    /// <summary>The files of the container runtime on every host.</summary>
    public static IReadOnlyList<RuntimeFile> RuntimeFilesOf(PlanRequest request, string authority)
    {
        if (request.Kubernetes is not { } kubernetes)
            return [];
        var registry = RuntimeRegistry.Of(request.Spec, authority);
        return kubernetes.Image.Runtime == "containerd" ? ContainerdHosts.Of(registry, kubernetes.Image.ForeignDomains)
            : kubernetes.Image.Runtime == "docker" && DockerDaemon.AuthorityOf(registry) is { } file ? [file] : [];
    }

    /// <summary>The step that writes them.</summary>
    public static RuntimeFilesPayload PayloadOf(PlanRequest request, IReadOnlyList<RuntimeFile> files) => new()
    {
        Registry = request.Spec.Registry.Endpoint,
        Paths = [.. files.Select(file => file.Path).Order(StringComparer.Ordinal)],
        Digest = HostFingerprint.Digest(string.Concat(files.OrderBy(file => file.Path, StringComparer.Ordinal)
            .Select(file => $"{file.Path}\n{(file.IsSecret || file.Path.EndsWith("/ca.crt", StringComparison.Ordinal) ? "" : file.Text)}\n"))),
    };

    /// <summary>The files that balance on a worker.</summary>
    public static IReadOnlyList<BalancerFile> BalancerFilesOf(ApiBalancing balancing, IReadOnlyList<BalancedService> services) =>
        balancing.Image is { } image ? [.. services.SelectMany(service => BalancerFiles.Of(balancing.Kind, service, image))] : [];

    /// <summary>Manifests of balancers that a worker shall not have.</summary>
    public static IEnumerable<string> Unwanted(IReadOnlyList<BalancerFile> files) => new[] { "kube", "reg" }
        .SelectMany(name => new[] { "lvscare", "keepalived", "haproxy" }.Select(program => $"{BalancerFiles.ManifestFolder}/{name}-{program}.yaml"))
        .Where(path => files.All(file => file.Path != path));

    /// <summary>Digest of the files of balancers.</summary>
    public static string DigestOf(IReadOnlyList<BalancerFile> files) => HostFingerprint.Digest(string.Concat(files.Select(file => $"{file.Path}\n{file.Text}\n")));

    /// <summary>Digest of what is wanted of certificates.</summary>
    public static string DigestOf(IReadOnlyList<WantedCertificate> wanted) => HostFingerprint.Digest(string.Join('\n', wanted.Select(each =>
        $"{each.Name} {each.Form} {each.Path} {each.KeyPath} {each.Authority} {each.CommonName} {string.Join(',', each.Organizations)} {each.Usages} {string.Join(',', each.SubjectAlternativeNames)} {each.Server}")));

    /// <summary>The unit that runs a runtime.</summary>
    public static string UnitOf(string runtime) => $"{runtime}.service";
}
