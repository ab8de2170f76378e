using System.Text;
using Sealer.Clusterfiles;
using Sealer.Clusterfiles.Documents;
using Sealer.Hosts.Facts;
using Sealer.Planning;
using Sealer.Tests.Delivery;

namespace Sealer.Tests.Planning;

public sealed class PlannerTests
{
    private static readonly string Plugins =
        TestCluster.Plugin("b-late", "pre-init-host") + TestCluster.Plugin("a-early", "pre-init-host") + TestCluster.Plugin("before", "Originally")
        + TestCluster.Plugin("first", "pre-install") + TestCluster.Plugin("after", "post-init-host", scope: "node") + TestCluster.Plugin("last", "post-install");

    [Fact]
    public void Steps_come_in_sealer_s_order_and_depend_on_what_they_need()
    {
        var plan = Planner.Make(Request(Plugins));
        Assert.Equal(
            ["host-aliases", "Originally", "content", "pre-install", "pre-init-host", "post-init-host", "post-install"],
            plan.Steps.Select(step => step.Phase).Distinct());
        var worker = plan.Steps.Where(step => step.Host == "10.0.0.3").ToList();
        Assert.Equal(
            ["/etc/hosts", "before", "content", "a-early", "b-late", "after"],
            worker.Select(step => step.Payload switch { PluginPayload plugin => plugin.Name, ContentPayload => "content", _ => "/etc/hosts" }));
        for (var i = 1; i < worker.Count; i++)
            Assert.Equal([worker[i - 1].Id], worker[i].DependsOn);
        Assert.Equal(["pre-install"], worker[3].DependsOnPhases);
        Assert.Equal(["pre-init-host"], worker[5].AfterPhases);
        var cluster = plan.Steps.Where(step => step.Payload is PluginPayload { Name: "first" or "last" }).ToList();
        Assert.Equal(["10.0.0.1", "10.0.0.1"], cluster.Select(step => step.Host));
        Assert.Equal(["content"], cluster[0].AfterPhases);
        Assert.Contains("post-init-host", cluster[1].DependsOnPhases);
    }

    [Fact]
    public void The_same_input_gives_the_same_steps_and_another_time_another_plan()
    {
        var (a, b) = (Planner.Make(Request(Plugins)), Planner.Make(Request(Plugins)));
        Assert.Equal(a.Digest, b.Digest);
        var later = Planner.Make(Request(Plugins) with { Created = DateTimeOffset.UnixEpoch.AddSeconds(1) });
        Assert.NotEqual(a.Id, later.Id);
        Assert.Equal(a.Steps.Select(step => step.Id), later.Steps.Select(step => step.Id));
        Assert.Equal(a.Steps.Count, a.Steps.Select(step => step.Id).Distinct().Count());
    }

    [Fact]
    public void What_is_as_it_should_be_has_no_step()
    {
        var request = Request(Plugins);
        var hosts = request.Hosts.Select(host => host with
        {
            Content = host.Content! with { Lacking = 0 },
            State = new HostState
            {
                HostsFile = HostAliasLines.Apply("", "skyline", request.Spec.HostAliases),
                PluginRecords = Enum.GetValues<PluginPhase>().SelectMany(phase => PluginScript.Of(request, phase, host.Spec))
                    .ToDictionary(script => script.Record, script => script.NewRecord()),
            },
        }).ToList();
        var plan = Planner.Make(request with { Hosts = hosts });
        Assert.Empty(plan.Steps);
        Assert.True(plan.IsSatisfied);

        // One thing is broken: that is mended, and nothing else.
        hosts[2] = hosts[2] with { Content = hosts[2].Content! with { Exists = true, Lacking = 1, Bytes = 5, Examples = ["etc/kubelet.service"] } };
        var step = Assert.Single(Planner.Make(request with { Hosts = hosts }).Steps);
        Assert.Equal(("10.0.0.3", "content", 5L), (step.Host, step.Kind, step.Bytes));
        Assert.Equal("1 of 100 is missing or otherwise: etc/kubelet.service", step.Why);
    }

    [Fact]
    public void A_plugin_that_was_changed_runs_again_and_the_plan_says_why()
    {
        var request = Request(TestCluster.Plugin("p", "pre-init-host", "echo old"));
        var hosts = request.Hosts.Select(host => host with
        {
            State = host.State! with { PluginRecords = PluginScript.Of(request, PluginPhase.PreInitHost, host.Spec).ToDictionary(script => script.Record, script => script.NewRecord()) },
        }).ToList();
        Assert.DoesNotContain(Planner.Make(request with { Hosts = hosts }).Steps, step => step.Kind == "plugin");
        var changed = Request(TestCluster.Plugin("p", "pre-init-host", "echo new")) with { Hosts = hosts };
        Assert.Equal(
            ["its script or its variables have changed since it ran there"],
            Planner.Make(changed).Steps.Where(step => step.Kind == "plugin").Select(step => step.Why).Distinct());
    }

    [Fact]
    public void The_lock_stays_where_it_was_while_that_host_lives_and_the_next_holder_is_named()
    {
        var request = Request("");
        Assert.Equal("10.0.0.1", Planner.Make(request).LockHost);
        var second = request.Hosts.ToArray();
        second[1] = second[1] with { State = second[1].State! with { HasLock = true } };
        var isNew = Planner.Make(request with { Hosts = second });
        Assert.Equal(("10.0.0.2", "10.0.0.1"), (isNew.LockHost, Assert.Single(isNew.LockSuccessors)));
        Assert.Contains("10.0.0.1, the first control plane, is new", Assert.Single(isNew.Notes), StringComparison.Ordinal);
        var dead = request.Hosts.ToArray();
        dead[0] = new ObservedHost { Spec = dead[0].Spec, Error = new SealerException("HostUnreachable", ErrorKind.Connection, "10.0.0.1 does not answer.") };
        var without = Planner.Make(request with { Hosts = dead });
        Assert.Equal("10.0.0.2", without.LockHost);
        Assert.Contains("cannot be reached", Assert.Single(without.Notes), StringComparison.Ordinal);
        Assert.Equal("10.0.0.1 does not answer.", without.Hosts[0].Unreachable);
        Assert.DoesNotContain(without.Steps, step => step.Host == "10.0.0.1");
        Assert.False(without.IsSatisfied);
    }

    [Fact]
    public void Without_a_control_plane_that_answers_there_is_no_plan()
    {
        var request = Request("");
        var hosts = request.Hosts.Select(host => host.Spec.IsControlPlane
            ? new ObservedHost { Spec = host.Spec, Error = new SealerException("HostUnreachable", ErrorKind.Connection, $"{host.Name} does not answer.") }
            : host).ToList();
        var error = Assert.Throws<SealerException>(() => Planner.Make(request with { Hosts = hosts }));
        Assert.Equal("NoControlPlane", error.Id);
        Assert.Contains("10.0.0.2 does not answer.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Post_install_waits_for_a_host_that_cannot_be_reached()
    {
        var request = Request(Plugins);
        var hosts = request.Hosts.ToArray();
        hosts[3] = new ObservedHost { Spec = hosts[3].Spec, Error = new SealerException("HostUnreachable", ErrorKind.Connection, "No.") };
        var plan = Planner.Make(request with { Hosts = hosts });
        Assert.DoesNotContain(plan.Steps, step => step.Phase == "post-install");
        Assert.Contains(plan.Steps, step => step.Phase == "pre-install");
        Assert.Contains("(last) wait for 10.0.0.4", Assert.Single(plan.Notes), StringComparison.Ordinal);
    }

    [Fact]
    public void The_registry_goes_to_the_control_planes_that_serve_it()
    {
        Assert.Equal([true, true, false, false], Serving(""));
        Assert.Equal([true, false, false, false], Serving("  registry: { localRegistry: { ha: false } }"));
        Assert.Equal([false, false, false, false], Serving("  registry: { externalRegistry: { domain: registry.example.com } }"));

        static IEnumerable<bool> Serving(string more)
        {
            var spec = Clusterfile.Read(TestCluster.Text(more)).GetSpec();
            return spec.Hosts.Select(host => Planner.ServesRegistry(spec, host));
        }
    }

    [Fact]
    public void No_secret_of_the_cluster_stands_in_a_plan()
    {
        const string secret = "hunter2-and-more";
        var request = Request($"""
              ssh: {'{'} user: root, passwd: {secret} {'}'}
              env: [DB_PASSWORD={secret}, PLAIN=seen]
              registry: {'{'} localRegistry: {'{'} username: u, password: {secret} {'}'} {'}'}
            {TestCluster.Plugin("p", "pre-init-host", $"login --password {secret}")}
            """);
        var text = Encoding.UTF8.GetString(PlanFile.Write(Planner.Make(request)));
        Assert.Contains("\"p\"", text, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", text, StringComparison.Ordinal);
        // Nor a digest that could be tried: another value of a secret variable gives the same plan.
        var other = Request($"""
              ssh: {'{'} user: root, passwd: other {'}'}
              env: [DB_PASSWORD=other, PLAIN=seen]
              registry: {'{'} localRegistry: {'{'} username: u, password: other {'}'} {'}'}
            {TestCluster.Plugin("p", "pre-init-host", $"login --password {secret}")}
            """);
        Assert.Equal(Planner.Make(request).Steps.Select(step => step.Id), Planner.Make(other).Steps.Select(step => step.Id));
    }

    [Fact]
    public void Five_hundred_hosts_are_planned_within_bounds()
    {
        var hosts = "  - ips: [10.1.0.1, 10.1.0.2, 10.1.0.3]\n    roles: [master]\n  - ips: ["
            + string.Join(", ", Enumerable.Range(0, 497).Select(i => $"10.2.{i / 250}.{(i % 250) + 1}")) + "]\n    roles: [node]";
        var request = Request(Plugins, hosts);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var plan = Planner.Make(request);
        var written = PlanFile.Write(plan);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(500 * 5 + 497 + 2, plan.Steps.Count);
        Assert.InRange(allocated, 1, 200 << 20);
        Assert.InRange(written.Length, 1, 20 << 20);
        Assert.Equal(plan.Digest, PlanFile.Read(written, "plan").Digest);
    }

    internal static PlanRequest Request(string more, string hosts = "")
    {
        var cluster = new Cluster(Clusterfile.Read(TestCluster.Text(more, hosts)).GetSpec());
        return new PlanRequest
        {
            Spec = cluster.Spec,
            ClusterfileDigest = cluster.ClusterfileDigest.ToString(),
            Image = "skyline:v1",
            ImageDigest = "sha256:" + new string('1', 64),
            Plugins = cluster.Spec.Plugins,
            Environment = host => ClusterEnvironment.VariablesOfHost(cluster.Spec, host),
            Hosts = [.. cluster.Spec.Hosts.Select(host => Observed(cluster.Spec, host))],
            Created = DateTimeOffset.UnixEpoch,
        };
    }

    private static ObservedHost Observed(ClusterSpec spec, HostSpec host) => new()
    {
        Spec = host,
        Facts = new HostFacts
        {
            Host = host.Address.ToString(),
            HostName = $"host-{host.Address}",
            Kernel = "6.1.0",
            Architecture = "amd64",
            Kubernetes = new ExistingKubernetes(null, false, false, false, [], []),
        },
        State = new HostState { HostsFile = "127.0.0.1 localhost\n" },
        Content = new ObservedContent
        {
            Desired = new ContentPayload
            {
                Folder = spec.RootfsFolder,
                Manifest = "sha256:" + new string('2', 64),
                Platform = "linux/amd64",
                WithRegistry = Planner.ServesRegistry(spec, host),
                RenderedDigest = "sha256:" + new string('3', 64),
            },
            Entries = 100,
            Lacking = 100,
            Bytes = 1 << 30,
            StateDigest = "all",
        },
    };
}
