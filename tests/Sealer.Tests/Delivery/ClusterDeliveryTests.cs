using Sealer.Delivery;
using Sealer.Events;
using Sealer.Planning;

namespace Sealer.Tests.Delivery;

public sealed class ClusterDeliveryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [LinuxFact]
    public async Task A_plan_is_carried_out_and_then_there_is_nothing_to_do()
    {
        var cluster = Cluster(TestCluster.Plugin("p", "pre-init-host|post-install") + TestCluster.Plugin("q", "post-init-host", scope: "node"));
        var plan = await cluster.Delivery().PlanAsync();
        var result = await cluster.Delivery().CarryOutAsync(plan);
        Assert.All(result.Steps, step => Assert.True(step.Status == StepStatus.Done, step.ToString() + step.Message));
        Assert.Equal(["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"], Assert.Single(cluster.Content.Waves));
        Assert.Equal("answer = 42\n", cluster.Hosts["10.0.0.4"][TestCluster.Rootfs + "/etc/skyline.conf"]);
        Assert.Contains("10.0.0.9 registry.example.com cache.example.com #hostalias", cluster.Hosts["10.0.0.3"]["/etc/hosts"], StringComparison.Ordinal);
        Assert.Equal("p 10.0.0.1\np 10.0.0.1\n", cluster.Hosts["10.0.0.1"]["/runs"]);
        Assert.Equal("p 10.0.0.4\nq 10.0.0.4\n", cluster.Hosts["10.0.0.4"]["/runs"]);

        var again = await cluster.Delivery().PlanAsync();
        Assert.Empty(again.Steps);
        Assert.True(again.IsSatisfied);
        Assert.Empty((await cluster.Delivery().CarryOutAsync(again)).Steps);
    }

    [LinuxFact]
    public async Task A_deleted_file_and_a_broken_unit_are_found_and_just_those_are_mended()
    {
        var cluster = Cluster();
        await CarryOutAsync(cluster);
        File.Delete(cluster.Hosts["10.0.0.2"].Folder + TestCluster.Rootfs + "/scripts/init.sh");
        cluster.Hosts["10.0.0.3"][TestCluster.Rootfs + "/etc/skyline.service"] = "[Unit]\nDescription=Broken\n";
        cluster.Hosts["10.0.0.4"]["/etc/hosts"] = "127.0.0.1 localhost\n10.0.0.66 registry.example.com\n";
        var plan = await cluster.Delivery().PlanAsync();
        Assert.Equal(
            [("10.0.0.4", "host-aliases"), ("10.0.0.2", "content"), ("10.0.0.3", "content")],
            plan.Steps.Select(step => (step.Host, step.Kind)));
        Assert.Contains("scripts/init.sh", plan.Steps[1].Why, StringComparison.Ordinal);
        Assert.Contains("10.0.0.66 registry.example.com", plan.Steps[0].Why, StringComparison.Ordinal);
        Assert.True((await cluster.Delivery().CarryOutAsync(plan)).Succeeded);
        Assert.Empty((await cluster.Delivery().PlanAsync()).Steps);
    }

    [LinuxFact]
    public async Task Hosts_that_moved_on_are_named_with_what_and_nothing_is_done()
    {
        var cluster = Cluster();
        var plan = await cluster.Delivery().PlanAsync();
        cluster.Hosts["10.0.0.2"]["/etc/machine-id"] = "another\n";
        cluster.Hosts["10.0.0.3"]["/etc/hosts"] = "127.0.0.1 localhost\n1.2.3.4 somebody\n";
        cluster.Hosts["10.0.0.4"][TestCluster.Rootfs + "/etc/skyline.conf"] = "answer = 42\n";
        var error = await Assert.ThrowsAsync<SealerException>(() => cluster.Delivery().CarryOutAsync(plan));
        Assert.Equal("HostsMovedOn", error.Id);
        Assert.Contains("10.0.0.2: its machine-id was 'machine-of-10.0.0.2' and is 'another'", error.Message, StringComparison.Ordinal);
        Assert.Contains("10.0.0.3: /etc/hosts is not as it was", error.Message, StringComparison.Ordinal);
        Assert.Contains("10.0.0.4: the image's files", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("10.0.0.1:", error.Message, StringComparison.Ordinal);
        Assert.Empty(cluster.Content.Waves);
    }

    [LinuxFact]
    public async Task What_a_plugin_prints_of_secret_variables_is_hidden_wherever_it_is_told()
    {
        const string Text = "s3cr3t-of-the-plugin";
        var cluster = new TestCluster(_folder.Path, TestCluster.Plugin("p", "pre-init-host", "echo said $DB_PASSWORD; [ $HostIP != 10.0.0.3 ] || { echo failed with $DB_PASSWORD; exit 3; }"), env: $"env: [DB_PASSWORD={Text}]");
        var result = await cluster.Delivery().CarryOutAsync(await cluster.Delivery().PlanAsync());
        Assert.Contains(result.Steps, step => step.Output?.Contains("said ***", StringComparison.Ordinal) == true);
        Assert.Contains(result.Steps, step => step.Error?.Message.Contains("failed with ***", StringComparison.Ordinal) == true);
        Assert.All(result.Steps, step => Assert.DoesNotContain(Text, $"{step.Output} {step.Message} {step.Error}", StringComparison.Ordinal));
        foreach (var file in Directory.GetFiles(cluster.Home.Clusters, "*", SearchOption.AllDirectories))
            Assert.DoesNotContain(Text, File.ReadAllText(file), StringComparison.Ordinal);
        foreach (var journal in Directory.GetFiles(cluster.First.Folder + "/var/lib/sealer", "journal-*", SearchOption.AllDirectories))
            Assert.DoesNotContain(Text, File.ReadAllText(journal), StringComparison.Ordinal);
    }

    [LinuxTheory]
    [InlineData("9223372036854775807")]
    [InlineData("99999999999999999999999")]
    [InlineData("34359738367")]
    [InlineData("5000")]
    public async Task A_host_that_tells_a_claim_of_nobodys_does_not_keep_the_others_from_theirs(string token)
    {
        var cluster = Cluster();
        cluster.Hosts["10.0.0.4"][$"/var/lib/sealer/state/skyline/fence/{token}-x"] = "";
        var plan = await cluster.Delivery().PlanAsync();
        Assert.Contains("nobody can have made", plan.Hosts.Single(host => host.Name == "10.0.0.4").Unreachable, StringComparison.Ordinal);
        var result = await cluster.Delivery().CarryOutAsync(plan);
        Assert.Equal(["10.0.0.1", "10.0.0.2", "10.0.0.3"], result.Steps.Where(step => step.Status == StepStatus.Done).Select(step => step.Host).Distinct().Order());
        Assert.True(cluster.First.Has("/var/lib/sealer/state/skyline/lock/1"));
    }

    [LinuxFact]
    public async Task A_worker_that_tells_a_claim_of_nobodys_only_after_the_plan_is_not_believed_either()
    {
        var cluster = Cluster();
        var plan = await cluster.Delivery().PlanAsync();
        cluster.Hosts["10.0.0.4"]["/var/lib/sealer/state/skyline/fence/5000-x"] = "";
        var result = await cluster.Delivery().CarryOutAsync(plan);
        Assert.Equal(["10.0.0.1", "10.0.0.2", "10.0.0.3"], result.Steps.Where(step => step.Status == StepStatus.Done).Select(step => step.Host).Distinct().Order());
        Assert.True(cluster.First.Has("/var/lib/sealer/state/skyline/lock/1"));
    }

    [LinuxFact]
    public async Task A_host_that_keeps_the_lock_and_gives_a_number_of_nobodys_is_not_believed()
    {
        var cluster = Cluster();
        var plan = await cluster.Delivery().PlanAsync();
        // Between the look and the lock.
        cluster.First.After = command =>
        {
            if (command.Script.Contains("sealer-hosts", StringComparison.Ordinal))
                cluster.First["/var/lib/sealer/state/skyline/lock/34359738366"] = "x\n";
        };
        Assert.Equal("ClusterLockBroken", (await Assert.ThrowsAsync<SealerException>(() => cluster.Delivery().CarryOutAsync(plan))).Id);
        Assert.All(cluster.Hosts.Values.Skip(1), host => Assert.False(Directory.Exists(host.Folder + "/var/lib/sealer/state/skyline/fence")));
    }

    [LinuxFact]
    public async Task A_host_that_cannot_keep_the_claim_gets_nothing_and_the_others_do()
    {
        var cluster = Cluster();
        var plan = await cluster.Delivery().PlanAsync();
        // As on a disk that is full: where the folder of claims would be, nothing can be made.
        cluster.Hosts["10.0.0.3"]["/var/lib/sealer/state/skyline"] = "";
        var result = await cluster.Delivery().CarryOutAsync(plan);
        Assert.Equal(["10.0.0.1", "10.0.0.2", "10.0.0.4"], result.Steps.Where(step => step.Status == StepStatus.Done).Select(step => step.Host).Distinct().Order());
        Assert.Equal("HostStateNotWritable", Assert.IsType<SealerException>(result.Steps.First(step => step.Host == "10.0.0.3" && step.Status == StepStatus.Failed).Error).Id);
    }

    [LinuxFact]
    public async Task What_the_journal_says_is_done_and_the_host_has_no_more_is_found_out_and_a_new_plan_mends_it()
    {
        var cluster = Cluster(TestCluster.Plugin("p", "post-install", "[ -e $ROOT/mended ] || exit 3", scope: "master"));
        var plan = await cluster.Delivery().PlanAsync();
        Assert.False((await cluster.Delivery().CarryOutAsync(plan)).Succeeded);
        cluster.First["/mended"] = "";
        cluster.Hosts["10.0.0.2"]["/mended"] = "";
        File.Delete(cluster.Hosts["10.0.0.4"].Folder + TestCluster.Rootfs + "/scripts/init.sh");

        var told = await cluster.Delivery().CarryOutAsync(plan);
        var undone = Assert.Single(told.Steps, step => step.Status == StepStatus.Failed);
        Assert.Equal(("10.0.0.4", "content", "StepUndone"), (undone.Host, undone.Kind, Assert.IsType<SealerException>(undone.Error).Id));
        var again = await cluster.Delivery().CarryOutAsync(await cluster.Delivery().PlanAsync());
        Assert.True(again.Succeeded, string.Join('\n', again.Steps.Select(step => step.Message)));
        Assert.True(cluster.Hosts["10.0.0.4"].Has(TestCluster.Rootfs + "/scripts/init.sh"));
    }

    [LinuxFact]
    public async Task A_forged_plan_does_nothing_that_neither_Clusterfile_nor_image_say()
    {
        var cluster = Cluster(TestCluster.Plugin("p", "pre-init-host"));
        var plan = await cluster.Delivery().PlanAsync();
        var aliases = plan.Steps.First(step => step.Payload is HostAliasesPayload);
        var content = plan.Steps.First(step => step.Payload is ContentPayload);
        var plugin = plan.Steps.First(step => step.Payload is PluginPayload);
        PlanStep Forged(PlanStep step, StepPayload payload) => step with { Payload = payload, Id = PlanFile.StepId(step.Host, payload) };
        var was = cluster.First["/etc/hosts"];
        foreach (var (what, forged) in new (string, Plan)[]
        {
            ("alias", Plan(Forged(aliases, new HostAliasesPayload { Lines = ["6.6.6.6 registry.example.com"] }))),
            ("line", Plan(Forged(aliases, new HostAliasesPayload { Lines = ["10.0.0.9 registry.example.com\n6.6.6.6 bank.example.com"] }))),
            ("no address", Plan(Forged(aliases, new HostAliasesPayload { Lines = [""] }))),
            ("platform", Plan(Forged(content, (ContentPayload)content.Payload with { Platform = "linux/none" }))),
            ("folder", Plan(Forged(content, (ContentPayload)content.Payload with { Folder = "/etc" }))),
            ("script", Plan(Forged(plugin, (PluginPayload)plugin.Payload with { Digest = "sha256:" + new string('0', 64) }))),
            ("record", Plan(Forged(plugin, (PluginPayload)plugin.Payload with { Record = "../../../../etc/cron.d/x" }))),
            ("time", Plan(Forged(plugin, (PluginPayload)plugin.Payload with { TimeoutSeconds = 0 }))),
            ("id", Plan(aliases with { Id = "../../x" })),
            ("host", Plan(aliases with { Host = "10.9.9.9" })),
            ("twice", Plan(aliases, aliases)),
            ("waits for itself", Plan(aliases with { DependsOn = [aliases.Id] })),
            ("waits for what is not there", Plan(aliases with { DependsOn = ["nothing"] })),
            ("lock", Plan(aliases) with { LockHost = "10.0.0.4" }),
            ("no lock", Plan(aliases) with { LockHost = "10.9.9.9" }),
        })
        {
            var error = await Record.ExceptionAsync(async () =>
            {
                var result = await cluster.Delivery().CarryOutAsync(PlanFile.Read(PlanFile.Write(forged), "forged"));
                foreach (var failure in result.Steps.Select(step => step.Error).OfType<Exception>())
                    throw failure;
                Assert.Fail($"{what} was carried out");
            });
            Assert.True(error is SealerException { Id: "PlanForged" or "ContentChanged" or "PluginChanged" }, $"{what}: {error}");
            Assert.Equal(was, cluster.First["/etc/hosts"]);
        }

        Plan Plan(params PlanStep[] steps) => plan with { Steps = [.. steps.Select((step, i) => step.DependsOn is [var only] && steps.All(s => s.Id != only) && only != "nothing" ? step with { DependsOn = [] } : step)] };
    }

    [LinuxFact]
    public async Task A_failed_host_does_not_stop_the_others_and_each_story_is_told_in_its_own_words()
    {
        var cluster = Cluster(
            TestCluster.Plugin("p", "pre-init-host", "[ $HostIP != 10.0.0.3 ] || { echo 'no \u001b[31mroom ##vso[task.complete]' >&2; exit 3; }")
            + TestCluster.Plugin("q", "post-init-host") + TestCluster.Plugin("r", "post-install"));
        cluster.Content.Refusing.Add("10.0.0.4");
        var result = await cluster.Delivery().CarryOutAsync(await cluster.Delivery().PlanAsync());
        Assert.False(result.Succeeded);
        var byHost = result.Steps.ToLookup(step => step.Host, step => (step.Step.Phase, step.Status));
        Assert.All(byHost["10.0.0.2"], step => Assert.Equal(StepStatus.Done, step.Status));
        Assert.Equal([("pre-init-host", StepStatus.Failed), ("post-init-host", StepStatus.Skipped)], byHost["10.0.0.3"].Where(step => step.Phase.Contains("init", StringComparison.Ordinal)));
        Assert.Equal([StepStatus.Done, StepStatus.Failed, StepStatus.Skipped, StepStatus.Skipped], byHost["10.0.0.4"].Select(step => step.Status));
        Assert.Equal(StepStatus.Skipped, byHost["10.0.0.1"].Single(step => step.Phase == "post-install").Status);
        var failed = result.Steps.Single(step => step.Host == "10.0.0.3" && step.Status == StepStatus.Failed);
        Assert.Equal("PluginFailed", ((SealerException)failed.Error!).Id);
        Assert.Contains("(exit code 3)", failed.Message, StringComparison.Ordinal);
        Assert.Contains("Its own words: no ?[31mroom # #vso[task.complete]", failed.Message, StringComparison.Ordinal);
        Assert.Contains("Bring 3 files", result.Steps.Last(step => step.Host == "10.0.0.4").Message, StringComparison.Ordinal);

        // The same again, after it was mended, converges.
        cluster.Content.Refusing.Clear();
        File.Delete(cluster.Hosts["10.0.0.3"].Folder + "/runs");
        var plan = await Cluster(TestCluster.Plugin("p", "pre-init-host") + TestCluster.Plugin("q", "post-init-host") + TestCluster.Plugin("r", "post-install")).Delivery().PlanAsync();
        Assert.DoesNotContain(plan.Steps, step => step.Host == "10.0.0.2" && step.Payload is not PluginPayload { Name: "p" });
    }

    [LinuxFact]
    public async Task A_plugin_that_hangs_is_stopped_and_told_apart()
    {
        var cluster = Cluster(TestCluster.Plugin("p", "pre-init-host", "echo waiting; [ $HostIP != 10.0.0.2 ] || sleep 1000"));
        var options = new DeliveryOptions { PluginTimeout = TimeSpan.FromSeconds(2) };
        var plan = await cluster.Delivery(options: options).PlanAsync();
        var result = await cluster.Delivery(options: options).CarryOutAsync(plan);
        var failed = Assert.Single(result.Steps, step => step.Status == StepStatus.Failed);
        Assert.Equal(("10.0.0.2", "PluginTimedOut"), (failed.Host, ((SealerException)failed.Error!).Id));
        Assert.Contains("within 2 s", failed.Message, StringComparison.Ordinal);
        Assert.Contains("waiting", failed.Message, StringComparison.Ordinal);
        Assert.Contains("-PluginTimeout", failed.Message, StringComparison.Ordinal);
    }

    [LinuxFact]
    public async Task A_plugin_leaves_no_script_behind_and_its_variables_are_on_no_command_line()
    {
        var cluster = Cluster("  env: [DB_PASSWORD=hunter2-and-more]\n" + TestCluster.Plugin("p", "pre-init-host", "echo $DB_PASSWORD > $ROOT/secret; tr '\\\\0' ' ' < /proc/$PPID/cmdline > $ROOT/line"));
        await CarryOutAsync(cluster);
        var host = cluster.Hosts["10.0.0.3"];
        Assert.Equal("hunter2-and-more\n", host["/secret"]);
        Assert.DoesNotContain("hunter2", host["/line"], StringComparison.Ordinal);
        Assert.DoesNotContain(
            Directory.GetFiles(host.Folder + "/var/lib/sealer/state", "*", SearchOption.AllDirectories),
            file => File.ReadAllText(file).Contains("hunter2", StringComparison.Ordinal));
        Assert.DoesNotContain(
            Directory.GetFiles(cluster.Home.Folder, "*", SearchOption.AllDirectories),
            file => File.ReadAllText(file).Contains("hunter2", StringComparison.Ordinal));
    }

    [LinuxFact]
    public async Task Two_controllers_at_once_do_not_both_work()
    {
        var cluster = Cluster(TestCluster.Plugin("p", "pre-init-host"));
        var plan = await cluster.Delivery().PlanAsync();
        await using var held = await ClusterLock.TakeAsync(
            cluster.First, "skyline", new ClusterLockOptions { Process = new ControllerProcess("alice@laptop", "elsewhere", 1, "1") });
        var error = await Assert.ThrowsAsync<SealerException>(() => cluster.Delivery().CarryOutAsync(plan));
        Assert.Equal("ClusterLocked", error.Id);
        Assert.False(cluster.First.Has("/runs"));

        // By force, and the other one is refused on every host from then on, whether anything was done there or not.
        var warnings = new Recorder();
        var forced = new TestClusterWithLock(cluster, new ClusterLockOptions { Force = true });
        var result = await forced.Delivery(warnings).CarryOutAsync(plan);
        Assert.True(result.Succeeded);
        Assert.Contains("alice@laptop", Assert.Single(warnings.Events.OfType<WarningEvent>()).Message, StringComparison.Ordinal);
        foreach (var host in cluster.Hosts.Values)
            await Assert.ThrowsAsync<SealerException>(() => new FencedHost(host, "skyline", held.Token, held.Id).ClaimAsync(default));
    }

    [LinuxFact]
    public async Task What_another_controller_did_between_the_look_and_the_lock_is_seen()
    {
        var cluster = Cluster();
        var plan = await cluster.Delivery().PlanAsync();
        var other = await ClusterLock.TakeAsync(cluster.First, "skyline");
        cluster.First.Before = async command =>
        {
            // It has looked, and now wants the lock: the other one ends its work just before.
            if (!command.Script.Contains(".new-", StringComparison.Ordinal) || other is not { } ending)
                return;
            other = null;
            cluster.Hosts["10.0.0.3"]["/etc/hosts"] = "127.0.0.1 localhost\n1.2.3.4 theirs\n";
            await ending.DisposeAsync();
        };
        var error = await Assert.ThrowsAsync<SealerException>(() => cluster.Delivery().CarryOutAsync(plan));
        Assert.Equal("HostsMovedOn", error.Id);
        Assert.Contains("10.0.0.3: /etc/hosts is not as it was", error.Message, StringComparison.Ordinal);
    }

    [LinuxFact]
    public async Task A_controller_that_lost_the_lock_in_the_middle_stops_and_begins_nothing_more()
    {
        var cluster = Cluster(TestCluster.Plugin("p", "pre-init-host") + TestCluster.Plugin("q", "post-init-host"));
        var plan = await cluster.Delivery().PlanAsync();
        ClusterLock? other = null;
        cluster.Hosts["10.0.0.4"].After = command =>
        {
            // While it writes the last file, somebody pushes it aside.
            if (command.Script.Contains("content.log", StringComparison.Ordinal) && other is null)
                other = ClusterLock.TakeAsync(cluster.First, "skyline", new ClusterLockOptions { Force = true }).GetAwaiter().GetResult();
        };
        var result = await cluster.Delivery().CarryOutAsync(plan);
        Assert.DoesNotContain(result.Steps, step => step.Kind == "plugin" && step.Status is not (StepStatus.Skipped or StepStatus.Failed));
        Assert.All(cluster.Hosts.Values, host => Assert.False(host.Has("/runs")));
        Assert.Contains(result.Steps, step => step.Error is SealerException { Id: "ClusterLockLost" });
        Assert.All(result.Steps.Where(step => step.Status == StepStatus.Failed), step => Assert.Contains($"{Environment.UserName}@", step.Message, StringComparison.Ordinal));
        await other!.DisposeAsync();
    }

    [LinuxFact]
    public async Task Who_does_not_reach_the_host_that_keeps_the_lock_hears_on_the_next_who_works_and_by_force_stops_it_everywhere()
    {
        var cluster = Cluster(TestCluster.Plugin("p", "pre-init-host", "[ $HostIP != 10.0.0.3 ] || while [ ! -e $ROOT/go ]; do sleep 0.05; done"));
        var mine = cluster.Delivery(options: new DeliveryOptions { PluginTimeout = TimeSpan.FromMinutes(2), Lock = new() { Process = new ControllerProcess("alice@laptop", "elsewhere", 1, "1") } });
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.Hosts["10.0.0.3"].Before = command =>
        {
            if (command.Script.Contains("timeout -k", StringComparison.Ordinal))
                begun.TrySetResult();
            return Task.CompletedTask;
        };
        var working = mine.CarryOutAsync(await mine.PlanAsync());
        await begun.Task;

        ClusterDelivery Other(bool force) => cluster.Delivery(
            options: new DeliveryOptions { PluginTimeout = TimeSpan.FromMinutes(2), Lock = new() { Force = force } },
            hosts: address => address.ToString() == "10.0.0.1"
                ? new HostWithoutWay("10.0.0.1", new SealerException("HostUnreachable", ErrorKind.Connection, "10.0.0.1 does not answer.", "10.0.0.1"))
                : cluster.Hosts[address.ToString()]);
        var plan = await Other(false).PlanAsync();
        Assert.Equal("10.0.0.2", plan.LockHost);
        var error = await Assert.ThrowsAsync<SealerException>(() => Other(false).CarryOutAsync(plan));
        Assert.Equal("ClusterLocked", error.Id);
        Assert.Contains("alice@laptop (process 1, since ", error.Message, StringComparison.Ordinal);
        Assert.Contains("on 10.0.0.2", error.Message, StringComparison.Ordinal);

        // By force the other one works, and the first does nothing more: not even where nobody else comes.
        var forcing = Other(true).CarryOutAsync(await Other(true).PlanAsync());
        var claims = cluster.Hosts["10.0.0.3"].Folder + "/var/lib/sealer/state/skyline/fence";
        while (!forcing.IsCompleted && !Directory.EnumerateFiles(claims).Any(file => Path.GetFileName(file).StartsWith("2-", StringComparison.Ordinal)))
            await Task.Delay(20);
        cluster.Hosts["10.0.0.3"]["/go"] = "";
        Assert.Equal("alice@laptop", (await forcing).PushedAside?.Name);
        var stopped = await working;
        Assert.Contains(stopped.Steps, step => step.Error is SealerException { Id: "ClusterLockLost" });
        Assert.All(stopped.Steps.Where(step => step.Error is SealerException { Id: "ClusterLockLost" }), step => Assert.Contains($"{Environment.UserName}@", step.Message, StringComparison.Ordinal));
        Assert.True((await cluster.Delivery().CarryOutAsync(await cluster.Delivery().PlanAsync())).Succeeded);
        Assert.Empty((await cluster.Delivery().PlanAsync()).Steps);
    }

    [LinuxTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task While_the_host_that_keeps_the_lock_is_out_of_reach_nothing_is_begun_and_then_all_goes_on_or_stops_with_why(bool comesBack)
    {
        var cluster = Cluster(TestCluster.Plugin("p", "pre-init-host"));
        var plan = await cluster.Delivery().PlanAsync();
        var missed = 0;
        var off = false;
        cluster.Hosts["10.0.0.4"].After = command => off |= command.Script.Contains("content.log", StringComparison.Ordinal);
        cluster.First.Before = command => Volatile.Read(ref off) && command.Script.Contains("/lock\n", StringComparison.Ordinal) && (!comesBack || ++missed <= 2)
            ? throw new SealerException("HostUnreachable", ErrorKind.Connection, "10.0.0.1 does not answer.", "10.0.0.1")
            : Task.CompletedTask;
        var events = new Recorder();
        var delivery = cluster.Delivery(events, new DeliveryOptions { PluginTimeout = TimeSpan.FromMinutes(2), Lock = new() { Patience = comesBack ? TimeSpan.FromMinutes(3) : TimeSpan.FromSeconds(1) } });
        var result = await delivery.CarryOutAsync(plan);
        if (comesBack)
            Assert.Contains("which keeps the lock and the journal", events.Events.OfType<WarningEvent>().First().Message, StringComparison.Ordinal);
        Assert.Equal(comesBack, result.Succeeded);
        if (!comesBack)
        {
            Assert.All(result.Steps.Where(step => step.Status == StepStatus.Failed), step => Assert.Equal("ClusterLockLost", (step.Error as SealerException)?.Id));
            Assert.All(
                result.Steps.Where(step => step.Status is StepStatus.Failed or StepStatus.Skipped),
                step => Assert.Contains("10.0.0.1 could not be reached for", step.Message, StringComparison.Ordinal));
            Assert.All(cluster.Hosts.Values, host => Assert.False(host.Has("/runs")));
            cluster.First.Before = null;
            Assert.True((await cluster.Delivery().CarryOutAsync(plan)).Succeeded);
        }

        Assert.Empty((await cluster.Delivery().PlanAsync()).Steps);
        Assert.All(cluster.Hosts.Values, host => Assert.Equal($"p {host.Name}\n", host["/runs"]));
    }

    [LinuxFact]
    public async Task A_plan_of_another_clusterfile_or_image_is_refused()
    {
        var cluster = Cluster();
        var plan = await cluster.Delivery().PlanAsync();
        var changed = Cluster("  env: [A=b]");
        Assert.Equal("ClusterfileChanged", (await Assert.ThrowsAsync<SealerException>(() => changed.Delivery().CarryOutAsync(plan))).Id);
        var image = new TestCluster(_folder.Path) { Content = new FolderContent(TestCluster.Rootfs, new Dictionary<string, string>()) { ImageDigest = "sha256:" + new string('9', 64) } };
        Assert.Equal("ImageChanged", (await Assert.ThrowsAsync<SealerException>(() => image.Delivery().CarryOutAsync(plan))).Id);
    }

    [LinuxFact]
    public async Task A_plan_that_was_carried_out_is_not_carried_out_again()
    {
        var cluster = Cluster(TestCluster.Plugin("p", "pre-init-host"));
        var plan = await cluster.Delivery().PlanAsync();
        await cluster.Delivery().CarryOutAsync(plan);
        var again = await cluster.Delivery().CarryOutAsync(PlanFile.Read(PlanFile.Write(plan), "plan"));
        Assert.NotNull(again.FinishedBefore);
        Assert.All(again.Steps, step => Assert.Equal(StepStatus.DoneBefore, step.Status));
        Assert.Equal("p 10.0.0.3\n", cluster.Hosts["10.0.0.3"]["/runs"]);
    }

    [LinuxFact]
    public async Task A_host_that_is_gone_when_the_plan_is_carried_out_fails_alone()
    {
        var cluster = Cluster();
        var plan = await cluster.Delivery().PlanAsync();
        cluster.Hosts["10.0.0.3"].Before = _ => throw new SealerException("HostUnreachable", ErrorKind.Connection, "10.0.0.3 does not answer.", "10.0.0.3");
        var result = await cluster.Delivery().CarryOutAsync(plan);
        Assert.All(result.Steps, step => Assert.Equal(step.Host == "10.0.0.3", step.Status is StepStatus.Failed or StepStatus.Skipped));
        Assert.Contains("10.0.0.3 does not answer.", result.Steps.First(step => step.Status == StepStatus.Failed).Message, StringComparison.Ordinal);
        cluster.First.Before = cluster.Hosts["10.0.0.3"].Before;
        Assert.Equal("LockHostUnreachable", (await Assert.ThrowsAsync<SealerException>(() => cluster.Delivery().CarryOutAsync(plan))).Id);
        Assert.Equal("10.0.0.2", (await cluster.Delivery().PlanAsync()).LockHost);
    }

    [LinuxFact]
    public async Task Each_host_has_one_line_of_progress_that_comes_to_its_end()
    {
        var cluster = Cluster(TestCluster.Plugin("p", "pre-init-host"));
        var events = new Recorder();
        await cluster.Delivery(events).CarryOutAsync(await cluster.Delivery().PlanAsync());
        var lines = events.Events.OfType<ProgressEvent>().ToLookup(line => line.Item);
        Assert.Equal(cluster.Hosts.Keys.Order(), lines.Select(line => line.Key).Order());
        Assert.All(lines, line => Assert.Equal(("3 of 3 steps", line.Last().Total), (line.Last().Status, line.Last().Done)));
        Assert.Equal(12, events.Events.OfType<StepStartedEvent>().Count());
        Assert.Equal(12, events.Events.OfType<StepEndedEvent>().Count());
    }

    private TestCluster Cluster(string more = "") => new(_folder.Path, more);

    private static async Task CarryOutAsync(TestCluster cluster)
    {
        var result = await cluster.Delivery().CarryOutAsync(await cluster.Delivery().PlanAsync());
        Assert.True(result.Succeeded, string.Join("\n", result.Steps.Select(step => $"{step} {step.Message}")));
    }

    private sealed class Recorder : IProgress<SealerEvent>
    {
        private readonly System.Collections.Concurrent.ConcurrentQueue<SealerEvent> _events = new();

        public IReadOnlyList<SealerEvent> Events => [.. _events];

        public void Report(SealerEvent value) => _events.Enqueue(value);
    }

    private sealed record TestClusterWithLock(TestCluster Cluster, ClusterLockOptions Lock)
    {
        public ClusterDelivery Delivery(IProgress<SealerEvent> events) => new(
            Cluster.Cluster, address => Cluster.Hosts[address.ToString()], Cluster.Content, Cluster.Home, new DeliveryOptions { Lock = Lock }, events);
    }
}
