using System.Diagnostics;
using Sealer.Clusterfiles;
using Sealer.Hosts.Facts;
using Sealer.Planning;

namespace Sealer.Benchmarks;

/// <summary>How long it takes to make, write and read a plan for 500 hosts that were asked already, and what memory.</summary>
internal static class PlanFigure
{
    private const int Hosts = 500;
    private const double GoalSeconds = 2;
    private const long GoalMebibytes = 200;

    public static string Measure(int runs)
    {
        var request = Request();
        var times = new List<double>();
        var bytes = 0L;
        var steps = 0;
        for (var i = 0; i <= runs; i++)
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            var clock = Stopwatch.StartNew();
            var plan = Planner.Make(request);
            steps = PlanFile.Read(PlanFile.Write(plan), "plan").Steps.Count;
            times.Add(clock.Elapsed.TotalSeconds);
            bytes = GC.GetTotalAllocatedBytes(precise: true) - before;
        }

        var median = times.Skip(1).Order().ElementAt(runs / 2);
        var reached = times[0] <= GoalSeconds && bytes >> 20 <= GoalMebibytes;
        return FormattableString.Invariant(
            $"A plan of {steps} steps for {Hosts} hosts, made, written and read: {times[0]:f2} s the first time, {median:f2} s after, {bytes >> 20} MiB allocated (at most {GoalSeconds} s and {GoalMebibytes} MiB: {(reached ? "reached" : "MISSED")}).");
    }

    private static PlanRequest Request()
    {
        var text = "apiVersion: sealer.io/v2\nkind: Cluster\nmetadata: { name: skyline }\nspec:\n  hostAliases: [{ ip: 10.9.9.9, hostnames: [registry.example.com] }]\n  hosts:\n"
            + "  - { ips: [10.1.0.1, 10.1.0.2, 10.1.0.3], roles: [master] }\n  - { ips: ["
            + string.Join(", ", Enumerable.Range(0, Hosts - 3).Select(i => $"10.2.{i / 250}.{(i % 250) + 1}")) + "], roles: [node] }\n"
            + "---\napiVersion: sealer.io/v1\nkind: Plugin\nmetadata: { name: prepare }\nspec: { type: SHELL, action: pre-init-host, scope: master|node, data: echo prepare }\n";
        var cluster = new Cluster(Clusterfile.Read(text).GetSpec());
        return new PlanRequest
        {
            Spec = cluster.Spec,
            ClusterfileDigest = cluster.ClusterfileDigest.ToString(),
            Image = "skyline:v1",
            ImageDigest = cluster.ClusterfileDigest.ToString(),
            Plugins = cluster.Spec.Plugins,
            Environment = host => ClusterEnvironment.VariablesOfHost(cluster.Spec, host),
            Created = DateTimeOffset.UnixEpoch,
            Hosts =
            [
                .. cluster.Spec.Hosts.Select(host => new ObservedHost
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
                            Folder = cluster.Spec.RootfsFolder,
                            Manifest = cluster.ClusterfileDigest.ToString(),
                            Platform = "linux/amd64",
                            WithRegistry = Planner.ServesRegistry(cluster.Spec, host),
                            Rendered = [.. Enumerable.Range(0, 20).Select(i => $"etc/rendered-{i}.conf")],
                            RenderedDigest = cluster.ClusterfileDigest.ToString(),
                        },
                        Entries = 4000,
                        Lacking = 4000,
                        Bytes = 1 << 30,
                        StateDigest = "all",
                    },
                }),
            ],
        };
    }
}
