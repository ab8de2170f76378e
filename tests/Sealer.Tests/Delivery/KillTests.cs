using Sealer.Delivery;
using Sealer.Planning;

namespace Sealer.Tests.Delivery;

/// <summary>
/// A controller is killed at each entry of the journal, and another process goes on. A few places are taken; all of them with
/// SEALER_TEST_ALL_KILLS=1.
/// </summary>
public sealed class KillTests
{
    private const int Finished = 0;
    private static readonly int Stride = Environment.GetEnvironmentVariable("SEALER_TEST_ALL_KILLS") == "1" ? 1 : 5;

    [LinuxFact]
    public Task Killed_before_the_host_has_an_entry_it_ends_in_the_same_place() => KillEverywhereAsync(DyingController.Before);

    [LinuxFact]
    public Task Killed_after_an_entry_it_ends_in_the_same_place() => KillEverywhereAsync(DyingController.After);

    [LinuxFact]
    public Task Killed_while_a_plugin_runs_that_comes_to_its_end_and_does_not_run_twice() => KillEverywhereAsync(DyingController.During);

    private static async Task KillEverywhereAsync(string when)
    {
        var stride = when == DyingController.During ? 1 : Stride;
        for (var count = 1; ; count += stride)
        {
            using var folder = new TemporaryFolder();
            if (await KillAsync(folder.Path, when, count) == Finished)
            {
                // It died often enough for this to be a test.
                Assert.True(count > 2, $"It was killed {count - 1} times only.");
                return;
            }
        }
    }

    private static async Task<int> KillAsync(string folder, string when, int count)
    {
        var plan = await DyingController.Cluster(folder).Delivery().PlanAsync();
        PlanFile.Save(plan, Path.Combine(folder, "plan.json"), overwrite: false);
        using var process = ChildProcess.Start("carry-out", folder, when, count.ToString());
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode is Finished or 137, $"{when} {count}: {await errors}");

        var cluster = DyingController.Cluster(folder);
        var finished = FinishedIn(folder, cluster, plan);
        var contents = cluster.Hosts.Values.Select(host => Lines(host, "/var/lib/sealer/content.log")).ToList();
        var result = await cluster.Delivery().CarryOutAsync(PlanFile.Load(Path.Combine(folder, "plan.json")));

        var place = $"{when} {count}";
        Assert.True(result.Succeeded, place + ": " + string.Join("\n", result.Steps.Select(step => $"{step} {step.Message}")));
        // What the journal says is done was not done again, and all else was done.
        Assert.All(result.Steps.Where(step => finished.Contains(step.Step.Id)), step => Assert.Equal(StepStatus.DoneBefore, step.Status));
        Assert.Empty((await cluster.Delivery().PlanAsync()).Steps);
        foreach (var (host, before) in cluster.Hosts.Values.Zip(contents))
        {
            var expected = host.Name == "10.0.0.1" ? "p 10.0.0.1\nq 10.0.0.1\n" : "p 10.0.0.2\n";
            Assert.True(host["/runs"] == expected, $"{place}: on {host.Name} ran\n{host["/runs"]}");
            Assert.Equal("ended\n", host["/ended"]);
            var id = plan.Steps.Single(step => step.Host == host.Name && step.Kind == "content").Id;
            if (finished.Contains(id))
                Assert.Equal(before, Lines(host, "/var/lib/sealer/content.log"));
        }

        return process.ExitCode;
    }

    private static HashSet<string> FinishedIn(string folder, TestCluster cluster, Plan plan)
    {
        var here = Path.Combine(folder, "home", "clusters", "skyline", $"journal-{plan.Id}");
        var there = cluster.First.Folder + $"/var/lib/sealer/state/skyline/journal-{plan.Id}";
        return [.. new[] { here, there }.Where(File.Exists)
            .SelectMany(path => JournalLines.Read(File.ReadAllText(path), path))
            .Where(entry => entry.Event is JournalEvent.StepFinished or JournalEvent.StepFound)
            .Select(entry => entry.Step!)];
    }

    private static int Lines(FolderHost host, string path) => host.Has(path) ? host[path].Split('\n').Length : 0;
}
