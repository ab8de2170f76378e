using Sealer.Clusterfiles;
using Sealer.Delivery;
using Sealer.Planning;
using Sealer.Tests.Delivery;

namespace Sealer.Tests.Planning;

public sealed class RemovalPlanTests
{
    private static readonly KubernetesState Installed = new() { HasFiles = true, Records = new Dictionary<string, string> { ["a"] = "b c" } };

    [Fact]
    public void All_hosts_are_cleaned_at_once_and_plugins_run_while_the_cluster_still_answers_and_after_that_in_the_image_s_files()
    {
        var plan = Planner.MakeRemoval(Request(TestCluster.Plugin("p", "pre-uninstall|pre-clean-host|post-clean-host|post-uninstall", scope: "node")));
        Assert.Equal(["pre-uninstall", "host-cleaning", "post-uninstall", "host-cleaning-files"], Of(plan, "10.0.0.1"));
        Assert.Equal(["host-cleaning"], Of(plan, "10.0.0.2"));
        Assert.Equal(["pre-clean-host", "host-cleaning", "post-clean-host", "host-cleaning-files"], Of(plan, "10.0.0.3"));
        var cleanings = plan.Steps.Where(step => step.Phase == "host-cleaning").ToList();
        Assert.All(cleanings, step => Assert.Equal(["pre-clean-host"], step.AfterPhases));
        Assert.All(cleanings, step => Assert.Equal(["pre-uninstall"], step.DependsOnPhases));
        Assert.Equal([true, false, true, true], cleanings.Select(step => ((HostCleaningPayload)step.Payload).KeepsFiles));
        Assert.All(plan.Steps.Where(step => step.Phase == "host-cleaning-files"), step => Assert.True(((HostCleaningPayload)step.Payload).OnlyFiles));
        PlanCheck.RefuseForged(plan, Request().Spec, removes: true);
        Assert.Equal(plan.Digest, PlanFile.Read(PlanFile.Write(plan), "plan").Digest);
    }

    [Fact]
    public void It_is_no_plan_that_is_carried_out_by_who_does_not_mean_to_remove()
    {
        Assert.Equal("PlanForged", Assert.Throws<SealerException>(() => PlanCheck.RefuseForged(Planner.MakeRemoval(Request()), Request().Spec)).Id);
        // Nor does who means that bring anything.
        var other = Planner.Make(PlannerTests.Request(""));
        Assert.NotEmpty(other.Steps);
        Assert.Equal("PlanForged", Assert.Throws<SealerException>(() => PlanCheck.RefuseForged(other, Request().Spec, removes: true)).Id);
    }

    [Fact]
    public void What_no_delivery_has_installed_on_a_host_stays_there()
    {
        var plan = Planner.MakeRemoval(Request(change: host => host.Name switch
        {
            "10.0.0.2" => With(host, new KubernetesState { HasFiles = true }),
            // As a cluster of the same name that sealer itself has made.
            "10.0.0.3" => With(host, new KubernetesState { HasFiles = true }) with { Facts = host.Facts! with { Kubernetes = host.Facts.Kubernetes with { IsMember = true } } },
            _ => host,
        }));
        Assert.False(Cleaning(plan, "10.0.0.1").OnlyFiles);
        Assert.True(Cleaning(plan, "10.0.0.2").OnlyFiles);
        Assert.Empty(Of(plan, "10.0.0.3"));
        Assert.Contains(plan.Notes, note => note.StartsWith("10.0.0.3 has something of a Kubernetes", StringComparison.Ordinal));
    }

    [Fact]
    public void Hosts_that_cannot_be_reached_are_said_and_do_not_keep_a_worker_from_being_freed()
    {
        var plan = Planner.MakeRemoval(Request(change: host => host.Spec.IsControlPlane ? Dead(host) : host));
        Assert.Equal("10.0.0.3", plan.LockHost);
        Assert.Equal(["10.0.0.3", "10.0.0.4"], plan.Steps.Select(step => step.Host));
        Assert.Contains(plan.Notes, note => note.StartsWith("10.0.0.1 cannot be reached", StringComparison.Ordinal));
        PlanCheck.RefuseForged(plan, Request().Spec, removes: true);
        Assert.Equal("NoHostReached", Assert.Throws<SealerException>(() => Planner.MakeRemoval(Request(change: Dead))).Id);
    }

    [Fact]
    public void Of_a_cluster_that_is_gone_there_is_nothing_to_do()
    {
        Assert.Empty(Planner.MakeRemoval(Request(change: host => With(host, new KubernetesState()))).Steps);
        // A delivery that was begun has left its claim at least.
        Assert.Equal(4, Planner.MakeRemoval(Request(change: host => With(host, new KubernetesState()) with { State = new HostState { Token = 1, Kubernetes = new KubernetesState() } })).Steps.Count);
    }

    [Fact]
    public void Plugins_that_lie_on_a_host_run_on_it_and_on_no_other()
    {
        var plugin = Clusterfile.ReadPlugins(TestCluster.Plugin("own", "pre-clean-host").TrimStart('-', '\n')).Plugins;
        var plan = Planner.MakeRemoval(Request(change: host => host.Name == "10.0.0.4" ? host with { Plugins = plugin } : host));
        Assert.Equal("10.0.0.4", Assert.Single(plan.Steps, step => step.Payload is PluginPayload).Host);
    }

    private static PlanRequest Request(string more = "", Func<ObservedHost, ObservedHost>? change = null)
    {
        var request = PlannerTests.Request(more);
        return request with { Image = null, ImageDigest = null, Hosts = [.. request.Hosts.Select(host => With(host, Installed)).Select(host => change is null ? host : change(host))] };
    }

    private static ObservedHost With(ObservedHost host, KubernetesState state) => host with { State = host.State! with { Kubernetes = state }, Content = null };

    private static ObservedHost Dead(ObservedHost host) => new() { Spec = host.Spec, Error = new SealerException("HostUnreachable", ErrorKind.Connection, "It is dead.") };

    private static HostCleaningPayload Cleaning(Plan plan, string host) => (HostCleaningPayload)plan.Steps.Single(step => step.Host == host && step.Payload is HostCleaningPayload).Payload;

    private static List<string> Of(Plan plan, string host) => [.. plan.Steps.Where(step => step.Host == host).Select(step => step.Phase)];
}
