using Sealer.Apps;
using Sealer.Clusterfiles;
using Sealer.Delivery;
using Sealer.Hosts.Facts;
using Sealer.Kubernetes;
using Sealer.Kubernetes.LoadBalancing;
using Sealer.Planning;
using Sealer.Tests.Delivery;

namespace Sealer.Tests.Planning;

public sealed class KubernetesPlanTests
{
    private static readonly Dictionary<string, string[]> Balancers = new() { ["sealerio/lvscare"] = ["v1"], ["library/haproxy"] = ["2"] };

    internal static KubernetesImage Image => new()
    {
        Version = KubernetesVersion.Parse("v1.20.2"),
        Runtime = "containerd",
        Scripts = new Dictionary<string, string> { ["containerd.sh"] = "sha256:a", ["init-registry.sh"] = "sha256:b", ["init-kube.sh"] = "sha256:c" },
        TagsOf = name => Balancers.GetValueOrDefault(name, []),
    };

    private static PlanRequest Request(string more = "", KubernetesImage? image = null, Func<ObservedHost, ObservedHost>? change = null)
    {
        var request = PlannerTests.Request(more);
        request = request with
        {
            Hosts = [.. request.Hosts.Select(host => host with
            {
                Facts = host.Facts! with { Modules = new Dictionary<string, KernelModuleState> { ["ip_vs"] = KernelModuleState.Available, ["ip_vs_rr"] = KernelModuleState.Available } },
                State = host.State! with { Kubernetes = new KubernetesState() },
            }).Select(host => change is null ? host : change(host))],
        };
        return request with { Kubernetes = KubernetesRequest.Of(request.Spec, image ?? Image, request.Hosts, ClusterEnvironment.OfCluster(request.Spec)) };
    }

    private static List<string> Of(Plan plan, string host) => [.. plan.Steps.Where(step => step.Host == host).Select(step => step.Phase)];

    [Fact]
    public void An_image_without_kubernetes_is_planned_as_ever()
    {
        var request = PlannerTests.Request(TestCluster.Plugin("p", "pre-init-host"));
        Assert.Equal(["host-aliases", "content", "pre-init-host"], Planner.Make(request).Steps.Select(step => step.Phase).Distinct());
        Assert.All(Planner.Make(request).Hosts, host => Assert.Null(host.Fingerprint!.Kubernetes));
    }

    [Fact]
    public void Bare_hosts_become_a_cluster_phase_by_phase()
    {
        var plan = Planner.Make(Request(TestCluster.Plugin("p", "pre-init-host") + TestCluster.Plugin("q", "post-init-host")));
        Assert.Equal(
            ["host-aliases", "content", "pre-init-host", "container-runtime", "certificates", "registry", "registry-names", "kubelet", "certificates", "kubeadm-init", "node", "post-init-host"],
            Of(plan, "10.0.0.1"));
        Assert.Equal(
            ["host-aliases", "content", "pre-init-host", "container-runtime", "certificates", "registry", "registry-names", "kubelet", "certificates", "kubeadm-join-control-plane 1", "host-aliases-final", "node", "post-init-host"],
            Of(plan, "10.0.0.2"));
        Assert.Equal(
            ["host-aliases", "content", "pre-init-host", "container-runtime", "registry-names", "kubelet", "kubeadm-join", "balancer", "host-aliases-final", "node", "post-init-host"],
            Of(plan, "10.0.0.3"));
        Assert.Equal(plan.Digest, PlanFile.Read(PlanFile.Write(plan), "plan").Digest);
        Assert.Equal(plan.Digest, Planner.Make(Request(TestCluster.Plugin("p", "pre-init-host") + TestCluster.Plugin("q", "post-init-host"))).Digest);
    }

    [Fact]
    public void A_registry_that_is_there_is_filled_before_anybody_needs_it_where_it_lacks_something()
    {
        const string external = "  registry: {externalRegistry: {domain: harbor.example.com, username: ops, password: hunter2-harbor}}\n";
        var observed = new ObservedRegistry { Endpoint = "harbor.example.com", Digest = "sha256:d", Images = 1200, Missing = ["a/b:1", "a/c:1", "a/d:1", "a/e:1"], Bytes = 1 << 20 };
        var plan = Planner.Make(Request(external) with { Registry = observed });
        Assert.Equal(["host-aliases", "content", "registry-content", "container-runtime", "registry-names", "kubelet", "certificates", "kubeadm-init", "node"], Of(plan, "10.0.0.1"));
        var step = plan.Steps.Single(step => step.Phase == "registry-content");
        Assert.Equal((1 << 20, "it has 1,196 of 1,200, and not a/b:1, a/c:1, a/d:1, ..."), (step.Bytes, step.Why));
        Assert.Equal(plan.Digest, PlanFile.Read(PlanFile.Write(plan), "plan").Digest);
        Assert.DoesNotContain("hunter2", System.Text.Encoding.UTF8.GetString(PlanFile.Write(plan)), StringComparison.Ordinal);

        // Who joins a cluster that stands waits for it too.
        var joining = Planner.Make(Request(external, change: host => host.Name == "10.0.0.3" ? host : host with { State = host.State! with { Kubernetes = new KubernetesState { IsControlPlane = true, IsMember = true } } }) with { Registry = observed });
        Assert.Contains(joining.Steps.Single(step => step.Phase == "registry-content").Id, joining.Steps.Single(step => step.Phase == "kubeadm-join").DependsOn);
        Assert.DoesNotContain(Planner.Make(Request(external) with { Registry = observed with { Missing = [] } }).Steps, step => step.Phase == "registry-content");
        Assert.DoesNotContain(plan.Steps, step => step.Phase == "registry");
    }

    [Fact]
    public void What_the_cluster_keeps_of_itself_is_written_where_it_differs_whatever_becomes_of_all_else()
    {
        var more = "  ssh: {user: root, passwd: hunter2-ssh}\n";
        var state = ClusterState.Of(Request(more).Spec);
        PlanRequest With(ClusterState? kept) => Request(more) with { State = state, Kubernetes = Request(more).Kubernetes! with { Kept = kept } };
        var plan = Planner.Make(With(null));
        var step = plan.Steps.Single(step => step.Payload is ClusterStatePayload);
        Assert.Same(step, plan.Steps[^1]);
        Assert.Equal([plan.Steps.Single(step => step.Phase == "kubeadm-init").Id], step.DependsOn);
        Assert.Empty(step.DependsOnPhases);
        Assert.Contains("node", step.AfterPhases);
        Assert.DoesNotContain("hunter2", System.Text.Encoding.UTF8.GetString(PlanFile.Write(plan)), StringComparison.Ordinal);
        Assert.Equal(plan.Digest, PlanFile.Read(PlanFile.Write(plan), "plan").Digest);
        PlanCheck.RefuseForged(plan, With(null).Spec);

        Assert.DoesNotContain(Planner.Make(With(state)).Steps, step => step.Payload is ClusterStatePayload);
        Assert.Equal("it keeps another one", Step(state with { Text = "other" }).Why);
        // Of what is secret no digest stands in the plan: it is the same step.
        var other = Step(state with { Secrets = new Dictionary<string, string>() });
        Assert.Equal("of its secrets it keeps others", other.Why);
        Assert.Equal(step.Id, other.Id);

        PlanStep Step(ClusterState kept) => Planner.Make(With(kept)).Steps.Single(step => step.Payload is ClusterStatePayload);
    }

    [Fact]
    public void What_is_launched_is_waited_for_once_all_are_launched_and_on_nobody_s_way()
    {
        AppLaunch Launch(string name, bool isNetwork = false, string? listing = "list") => new(name, "kube", "run", $"sha256:{name}", isNetwork) { Listing = listing };
        var image = Image with { Launches = [Launch("net", isNetwork: true), Launch("a"), Launch("b"), Launch("own", listing: null)] };
        PlanRequest With(string? records = null) => Request(image: image) is var request && records is null ? request : request with
        {
            Kubernetes = request.Kubernetes! with { State = new ClusterStatus(DateTimeOffset.UnixEpoch) { ApplicationRecords = records!.Split('|').Select(each => each.Split('=')).ToDictionary(pair => pair[0], pair => AppRecord.Read(pair[1])) } },
        };
        var plan = Planner.Make(With());
        var steps = plan.Steps.Where(step => step.Payload is LaunchPayload or ReadinessPayload or NodePayload).ToList();
        PlanStep Ready(string name) => steps.Single(step => step.Payload is ReadinessPayload payload && payload.Name == name);
        PlanStep Launched(string name) => steps.Single(step => step.Payload is LaunchPayload payload && payload.Name == name);
        Assert.Equal(["Launch net (kube)", "Launch a (kube)", "Launch b (kube)", "Launch own (kube)"], steps.Where(step => step.Payload is LaunchPayload).Select(step => step.What));
        Assert.Equal(["See net ready", "See a ready", "See b ready"], steps.Where(step => step.Payload is ReadinessPayload).Select(step => step.What));
        Assert.Equal([true, true, true, false], steps.Select(step => step.Payload).OfType<LaunchPayload>().Select(payload => payload.IsWaitedFor));
        foreach (var name in new[] { "net", "a", "b" })
        {
            Assert.Equal([Launched(name).Id], Ready(name).DependsOn);
            Assert.Equal(["network", "node", "applications"], Ready(name).AfterPhases);
            Assert.Equal(300, ((ReadinessPayload)Ready(name).Payload).TimeoutSeconds);
            // Nobody waits for one that is not ready: neither nodes nor what is launched after it.
            Assert.DoesNotContain(plan.Steps, step => step.DependsOn.Contains(Ready(name).Id));
        }

        Assert.All(steps.Where(step => step.Payload is NodePayload), node => Assert.Contains(Launched("net").Id, node.DependsOn));
        Assert.Equal(plan.Digest, PlanFile.Read(PlanFile.Write(plan), "plan").Digest);
        PlanCheck.RefuseForged(plan, With().Spec);

        // What was launched and cut off is waited for; what was late is launched again; what was ready has no step.
        var known = Planner.Make(With("net=sha256:net|a=sha256:a {\"progress\": \"waiting\"}|b=sha256:b {\"progress\": \"late\"}|own=sha256:own")).Steps;
        Assert.Equal(["Launch b (kube)", "See a ready", "See b ready"], known.Where(step => step.Payload is LaunchPayload or ReadinessPayload).Select(step => step.What));
        Assert.Empty(known.Single(step => step.What == "See a ready").DependsOn);
        Assert.Equal("it was not ready in its time", known.Single(step => step.What == "Launch b (kube)").Why);

        // Who does not wait is done with what was launched.
        var hasty = Planner.Make(With("a=sha256:a {\"progress\": \"waiting\"}|b=sha256:b {\"progress\": \"late\"}|own=sha256:own") with { AppTimeout = null }).Steps;
        Assert.Equal(["Launch net (kube)"], hasty.Where(step => step.Payload is LaunchPayload or ReadinessPayload).Select(step => step.What));
    }

    [Fact]
    public void Control_planes_join_one_by_one_and_workers_after_them_together()
    {
        var hosts = "  - {ips: [10.0.0.1, 10.0.0.2, 10.0.0.3], roles: [master]}\n  - {ips: [10.0.0.4, 10.0.0.5], roles: [node]}\n";
        var request = PlannerTests.Request("", hosts);
        request = request with { Hosts = [.. request.Hosts.Select(host => host with { State = host.State! with { Kubernetes = new KubernetesState() } })] };
        request = request with { Kubernetes = KubernetesRequest.Of(request.Spec, Image, request.Hosts, ClusterEnvironment.OfCluster(request.Spec)) };
        var plan = Planner.Make(request);
        PlanStep Step(string host) => plan.Steps.Single(step => step.Host == host && step.Payload is KubeadmPayload);
        var init = Step("10.0.0.1");
        Assert.Contains(init.Id, Step("10.0.0.2").DependsOn);
        Assert.Contains(init.Id, Step("10.0.0.3").DependsOn);
        Assert.Empty(Step("10.0.0.2").AfterPhases);
        Assert.Equal([Step("10.0.0.2").Phase], Step("10.0.0.3").AfterPhases);
        foreach (var worker in new[] { "10.0.0.4", "10.0.0.5" })
        {
            Assert.Contains(init.Id, Step(worker).DependsOn);
            Assert.Equal([Step("10.0.0.2").Phase, Step("10.0.0.3").Phase], Step(worker).AfterPhases);
            Assert.Equal("kubeadm-join", Step(worker).Phase);
        }

        Assert.Equal(["10.0.0.1", "10.0.0.2", "10.0.0.3"], plan.Steps.Where(step => step.Payload is CertificatesPayload { OfRegistry: false }).Select(step => step.Host));
    }

    [Fact]
    public void While_it_joins_a_host_asks_the_first_control_plane_and_then_its_own()
    {
        var plan = Planner.Make(Request());
        string Lines(string host, string phase) => string.Join('|', ((HostAliasesPayload)plan.Steps.Single(step => step.Host == host && step.Phase == phase).Payload).Lines.Skip(1));
        Assert.Equal("10.0.0.1 sea.hub|10.0.0.1 apiserver.cluster.local", Lines("10.0.0.1", "host-aliases"));
        Assert.Equal("10.0.0.2 sea.hub|10.0.0.1 apiserver.cluster.local", Lines("10.0.0.2", "host-aliases"));
        Assert.Equal("10.0.0.2 sea.hub|10.0.0.2 apiserver.cluster.local", Lines("10.0.0.2", "host-aliases-final"));
        Assert.Equal("10.0.0.1 sea.hub|10.0.0.1 apiserver.cluster.local", Lines("10.0.0.3", "host-aliases"));
        Assert.Equal("10.103.97.2 sea.hub|10.103.97.2 apiserver.cluster.local", Lines("10.0.0.3", "host-aliases-final"));
    }

    [Fact]
    public void How_a_worker_reaches_the_api_and_why_stands_in_the_plan()
    {
        var plan = Planner.Make(Request(change: host => host.Name == "10.0.0.4" ? host with { Facts = host.Facts! with { Modules = new Dictionary<string, KernelModuleState>() } } : host));
        var steps = plan.Steps.Where(step => step.Payload is BalancerPayload).ToDictionary(step => step.Host);
        Assert.Equal("Balance the API and the registry with ipvs, kept by lvscare, at 10.103.97.2", steps["10.0.0.3"].What);
        Assert.StartsWith("the kernel has ipvs", steps["10.0.0.3"].Why, StringComparison.Ordinal);
        Assert.Equal("Balance the API and the registry with a proxy of its own, at 127.0.0.1", steps["10.0.0.4"].What);
        Assert.StartsWith("the kernel has no ipvs", steps["10.0.0.4"].Why, StringComparison.Ordinal);
        Assert.Equal(ApiBalancingKind.LocalProxy, ((BalancerPayload)steps["10.0.0.4"].Payload).Balancer);
    }

    [Fact]
    public void Where_a_control_plane_has_a_cluster_others_join_by_it_whoever_stands_first()
    {
        var plan = Planner.Make(Request(change: host => host.Name == "10.0.0.2"
            ? host with { State = host.State! with { Kubernetes = new KubernetesState { IsMember = true, IsControlPlane = true } } }
            : host));
        Assert.DoesNotContain(plan.Steps, step => step.Phase == "kubeadm-init");
        Assert.All(plan.Steps.Select(step => step.Payload).OfType<KubeadmPayload>(), payload => Assert.Equal("10.0.0.2", payload.From));
        Assert.Equal(["10.0.0.1", "10.0.0.3", "10.0.0.4"], plan.Steps.Where(step => step.Payload is KubeadmPayload).Select(step => step.Host).Order());
    }

    [Fact]
    public void Where_the_first_control_plane_does_not_answer_nothing_is_made_of_another()
    {
        var request = Request(change: host => host.Name == "10.0.0.1" ? new ObservedHost { Spec = host.Spec, Error = new SealerException("HostUnreachable", ErrorKind.Connection, "No.") } : host);
        var plan = Planner.Make(request);
        Assert.DoesNotContain(plan.Steps, step => step.Payload is KubeadmPayload or ImageScriptPayload);
        Assert.Contains(plan.Notes, note => note.Contains("The first control plane cannot be reached", StringComparison.Ordinal));
    }

    [Fact]
    public void What_is_made_of_the_hosts_is_the_same_for_who_asks_only_those_that_answer()
    {
        var dead = Request(change: host => host.Name == "10.0.0.2" ? new ObservedHost { Spec = host.Spec, Error = new SealerException("HostUnreachable", ErrorKind.Connection, "No.") } : host);
        var fewer = dead with { Kubernetes = KubernetesRequest.Of(dead.Spec, Image, [.. dead.Hosts.Where(host => host.IsKnown)], ClusterEnvironment.OfCluster(dead.Spec)) };
        Assert.Equal(Planner.Make(dead).Steps.Select(step => step.Id), Planner.Make(fewer).Steps.Select(step => step.Id));
        Assert.Contains("10.0.0.2", dead.Kubernetes!.Kubeadm.ApiServerSans);
    }

    [Fact]
    public void Control_planes_that_are_all_new_are_refused_where_a_worker_is_in_a_cluster_already()
    {
        var request = Request(change: host => host.Name == "10.0.0.3" ? host with { State = host.State! with { Kubernetes = new KubernetesState { IsMember = true } } } : host);
        var error = Assert.Throws<SealerException>(() => Planner.Make(request));
        Assert.Equal("ControlPlanesReplaced", error.Id);
        Assert.Contains("10.0.0.3", error.Message, StringComparison.Ordinal);
        // One of before is enough for the others to join.
        Planner.Make(Request(change: host => host.Name is "10.0.0.3" or "10.0.0.1" ? host with { State = host.State! with { Kubernetes = new KubernetesState { IsMember = true, IsControlPlane = host.Spec.IsControlPlane } } } : host));
    }

    [Fact]
    public void An_image_without_a_script_of_the_contract_is_refused_by_its_name()
    {
        var error = Assert.Throws<SealerException>(() => Planner.Make(Request(image: Image with { Scripts = new Dictionary<string, string>() })));
        Assert.Equal("ImageScriptMissing", error.Id);
        Assert.Contains("scripts/containerd.sh", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_script_that_the_image_has_changed_runs_again()
    {
        var request = Request();
        PlanRequest With(KubernetesImage image) => Request(image: image, change: host => host with
        {
            State = host.State! with { Kubernetes = new KubernetesState { ActiveUnits = ["containerd.service"], Records = new Dictionary<string, string> { [Record(request, host)] = Script(request, host).NewRecord() } } },
        });
        Assert.DoesNotContain(Planner.Make(With(Image)).Steps, step => step.Phase == "container-runtime");
        var changed = Image with { Scripts = new Dictionary<string, string>(Image.Scripts) { ["containerd.sh"] = "sha256:other" } };
        Assert.All(Planner.Make(With(changed)).Steps.Where(step => step.Phase == "container-runtime"), step => Assert.Contains("have changed", step.Why, StringComparison.Ordinal));
        Assert.Equal(4, Planner.Make(With(changed)).Steps.Count(step => step.Phase == "container-runtime"));

        static PluginScript Script(PlanRequest request, ObservedHost host) => KubernetesScripts.Runtime(request, host.Spec);
        static string Record(PlanRequest request, ObservedHost host) => Script(request, host).Record;
    }

    [Fact]
    public void The_registrys_password_stands_in_no_plan()
    {
        var plan = Planner.Make(Request("  registry: { localRegistry: { username: admin, password: hunter2hunter2 } }"));
        var json = System.Text.Encoding.UTF8.GetString(PlanFile.Write(plan));
        Assert.DoesNotContain("hunter2", json, StringComparison.Ordinal);
        Assert.DoesNotContain(Convert.ToBase64String("admin:hunter2hunter2"u8), json, StringComparison.Ordinal);
    }

    [Fact]
    public void A_node_that_no_Clusterfile_names_any_more_leaves_after_all_have_come_and_its_host_is_cleaned_after_that()
    {
        var plan = Planner.Make(Leaving(TestCluster.Plugin("bye", "pre-clean-host", scope: "node")));
        var removal = plan.Steps.Single(step => step.Payload is NodeRemovalPayload);
        Assert.Equal("10.0.0.1", removal.Host);
        Assert.Contains("kubeadm-join", removal.AfterPhases);
        Assert.Equal(["pre-clean-host", "host-cleaning"], Of(plan, "10.0.0.9"));
        Assert.Contains(plan.Steps.Single(step => step.Phase == "pre-clean-host").Id, removal.DependsOn);
        Assert.Contains(removal.Id, plan.Steps.Single(step => step.Payload is HostCleaningPayload).DependsOn);
        Assert.Equal(["10.0.0.9"], plan.Hosts.Where(host => host.Leaves).Select(host => host.Name));
        PlanCheck.RefuseForged(plan, Request().Spec);
        Assert.Equal(plan.Digest, PlanFile.Read(PlanFile.Write(plan), "plan").Digest);
    }

    [Fact]
    public void A_host_that_leaves_and_is_dead_is_left_as_it_is_and_the_plan_says_so()
    {
        var plan = Planner.Make(Leaving("", host => new ObservedHost { Spec = host.Spec, Error = new SealerException("HostUnreachable", ErrorKind.Connection, "It is dead.") }));
        Assert.False(((NodeRemovalPayload)plan.Steps.Single(step => step.Payload is NodeRemovalPayload).Payload).IsReachable);
        Assert.DoesNotContain(plan.Steps, step => step.Host == "10.0.0.9");
        Assert.Contains(plan.Notes, note => note.Contains("10.0.0.9", StringComparison.Ordinal) && note.EndsWith("It is dead.", StringComparison.Ordinal));
    }

    [Fact]
    public void No_plan_takes_the_cluster_from_a_host_that_the_Clusterfile_names()
    {
        var plan = Planner.Make(Leaving(""));
        var cleaning = plan.Steps.Single(step => step.Payload is HostCleaningPayload);
        var forged = plan with { Steps = [cleaning with { Host = "10.0.0.2", Id = PlanFile.StepId("10.0.0.2", cleaning.Payload), DependsOn = [] }] };
        Assert.Equal("PlanForged", Assert.Throws<SealerException>(() => PlanCheck.RefuseForged(forged, Request().Spec)).Id);
        // Nor does it call one a host that leaves.
        forged = forged with { Hosts = [.. plan.Hosts.Select(host => host.Name == "10.0.0.2" ? host with { Leaves = true } : host)] };
        Assert.Equal("PlanForged", Assert.Throws<SealerException>(() => PlanCheck.RefuseForged(forged, Request().Spec)).Id);
    }

    private static PlanRequest Leaving(string more, Func<ObservedHost, ObservedHost>? change = null)
    {
        var request = Request(more);
        var host = request.Hosts[3] with { Spec = request.Hosts[3].Spec with { Address = System.Net.IPAddress.Parse("10.0.0.9") }, Content = null };
        var node = new ClusterNode { Cluster = "skyline", Name = "old", Address = host.Spec.Address };
        return request with { Kubernetes = request.Kubernetes! with { Leaving = [new LeavingNode(node, change is null ? host : change(host))] } };
    }
}
