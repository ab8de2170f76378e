using System.Diagnostics;
using Sealer.Planning;

namespace Sealer.Tests.Delivery;

/// <summary>A controller in a process of its own that dies of kill -9 at a chosen place of the journal.</summary>
internal static class DyingController
{
    public const string Before = "before";
    public const string After = "after";
    public const string During = "during";

    private const string Hosts = """
          - ips: [10.0.0.1]
            roles: [master]
          - ips: [10.0.0.2]
            roles: [node]
        """;

    public static TestCluster Cluster(string folder) => new(
        folder,
        TestCluster.Plugin("p", "pre-init-host", "sleep 1; echo ended >> $ROOT/ended") + TestCluster.Plugin("q", "post-install"),
        Hosts,
        new Dictionary<string, string> { ["etc/skyline.conf"] = "answer = 42\n" });

    /// <summary>
    /// Dies when the journal's host is about to be given its nth lines (they are on the controller's disk then), when it has
    /// taken them, or while the nth plugin runs.
    /// </summary>
    public static async Task<int> RunAsync(string folder, string when, int count)
    {
        var cluster = Cluster(folder);
        var seen = 0;
        foreach (var host in cluster.Hosts.Values)
        {
            host.Before = command =>
            {
                if (when == Before && IsJournal(command.Script) && ++seen == count)
                    Die();
                if (when == During && command.Script.Contains("timeout -k", StringComparison.Ordinal) && Interlocked.Increment(ref seen) == count)
                    _ = DieOnceRunningAsync(host);
                return Task.CompletedTask;
            };
            host.After = command =>
            {
                if (when == After && IsJournal(command.Script) && ++seen == count)
                    Die();
            };
        }

        var result = await cluster.Delivery().CarryOutAsync(PlanFile.Load(Path.Combine(folder, "plan.json")));
        return result.Succeeded ? 0 : 1;
    }

    private static bool IsJournal(string script) => script.Contains("cat $n >> $p", StringComparison.Ordinal);

    private static async Task DieOnceRunningAsync(FolderHost host)
    {
        while (!host.Has("/runs"))
            await Task.Delay(5);
        Die();
    }

    private static void Die()
    {
        Process.GetCurrentProcess().Kill();
        Thread.Sleep(Timeout.Infinite);
    }
}
