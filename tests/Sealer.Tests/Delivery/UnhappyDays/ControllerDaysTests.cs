using System.Net;
using Sealer.Delivery;
using Sealer.Planning;

namespace Sealer.Tests.Delivery.UnhappyDays;

/// <summary>Days on which plugins, controllers or somebody else get in the way.</summary>
[Trait("Tier", "lab")]
[Collection(UnhappyCollection.Name)]
public sealed class ControllerDaysTests(UnhappyLab lab)
{
    private static readonly bool All = Environment.GetEnvironmentVariable("SEALER_TEST_ALL_KILLS") == "1";

    [LinuxFact]
    public async Task A_plugin_that_fails_and_one_that_hangs_are_told_apart_and_the_others_finish()
    {
        await using var day = new UnhappyDay(lab, "plugins") { Options = new() { PluginTimeout = TimeSpan.FromSeconds(8) } };
        await day.BreakAsync(1, $"echo 'echo the licence is missing; exit 3' > {UnhappyLab.PluginFile}", $"rm -f {UnhappyLab.PluginFile}");
        await day.BreakAsync(2, $"echo 'echo waiting for a mirror; sleep 98765' > {UnhappyLab.PluginFile}", $"rm -f {UnhappyLab.PluginFile}");
        var (_, result) = await day.DeliverAsync();
        Assert.All(result.Steps, step => Assert.Equal((step.Host == day.At(1) || step.Host == day.At(2)) && step.Kind == "plugin", step.Status != StepStatus.Done));
        var failed = result.Steps.Single(step => step.Host == day.At(1) && step.Status == StepStatus.Failed);
        day.Tells(failed.Message, 1, "exit code 3", "the licence is missing", "run the same again");
        var hung = result.Steps.Single(step => step.Host == day.At(2) && step.Status == StepStatus.Failed);
        day.Tells(hung.Message, 2, "did not end within 8 s", "waiting for a mirror");
        Assert.Equal("", await day.OnAsync(2, "pgrep -fx 'sleep 98765' || :"));
        await day.HoldsAsync([0, 3]);
        await day.HoldsNothingHalfAsync([1, 2]);

        await day.MendAsync();
        await day.ConvergesAsync();
        // Where it had run it did not run again.
        Assert.Equal(day.At(0) + "\n", await day.OnAsync(0, $"cat {day.Rootfs}/prepared"));
    }

    [LinuxFact]
    public async Task A_host_that_is_restarted_while_a_plugin_runs_fails_alone_and_runs_it_again()
    {
        await using var day = new UnhappyDay(lab, "midplugin");
        await day.BreakAsync(
            2, $"echo 'echo begun >> /srv/begun; [ -e /srv/again ] || {{ touch /srv/again; sleep 98765; }}' > {UnhappyLab.PluginFile}", $"rm -f {UnhappyLab.PluginFile} /srv/begun /srv/again");
        var delivering = day.DeliverAsync();
        await day.UntilAsync(2, "/srv/again", delivering);
        await day.Hosts[2].RebootAsync();
        var (_, result) = await delivering;
        // Who comes first: what systemd says to the plugin, or what it does to the connection.
        var error = day.FailedAlone(result, 2, null, "again");
        Assert.True(error.Id is "HostConnectionLost" or "HostUnreachable" or "PluginFailed", error.ToString());
        await day.HoldsAsync([0, 1, 3]);
        // Its script, in which secrets may be, is not there any more; that it ran is.
        Assert.Equal("", await day.OnAsync(2, $"ls /var/lib/sealer/state/{day.Name}/plugins/*.sh 2>/dev/null || :"));

        await day.ConvergesAsync();
        Assert.Equal("begun\nbegun\n", await day.OnAsync(2, "cat /srv/begun"));
    }

    [LinuxFact]
    public async Task A_plugin_that_is_stopped_by_Ctrl_C_ends_on_its_host_and_the_same_plan_goes_on()
    {
        await using var day = new UnhappyDay(lab, "ctrlc");
        await day.BreakAsync(1, $"echo 'touch /run/there; sleep 98765' > {UnhappyLab.PluginFile}", $"rm -f {UnhappyLab.PluginFile} /run/there");
        var plan = await day.PlanAsync();
        using var stop = new CancellationTokenSource();
        var delivering = day.CarryOutAsync(plan, cancellationToken: stop.Token);
        await day.UntilAsync(1, "/run/there", delivering);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => delivering);
        Assert.Equal("", await day.OnAsync(1, "pgrep -fx 'sleep 98765' || :"));
        await day.HoldsNothingHalfAsync([0, 1, 2, 3]);

        await day.MendAsync();
        var result = await day.CarryOutAsync(plan);
        Assert.True(result.Succeeded, UnhappyDay.Told(result));
        Assert.True(result.IsResumed);
        Assert.Contains(result.Steps, step => step.Status == StepStatus.DoneBefore);
        await day.HoldsAsync([0, 1, 2, 3]);
        Assert.Empty((await day.PlanAsync()).Steps);
    }

    [LinuxFact]
    public async Task Of_two_controllers_at_once_the_second_is_told_who_is_there()
    {
        await using var day = new UnhappyDay(lab, "two");
        await day.BreakAsync(3, $"echo 'touch /run/there; while [ ! -e /run/go ]; do sleep 0.1; done' > {UnhappyLab.PluginFile}", $"rm -f {UnhappyLab.PluginFile} /run/go /run/there");
        var plan = await day.PlanAsync();
        var first = day.CarryOutAsync(plan);
        await day.UntilAsync(3, "/run/there", first);
        var second = await day.PlanAsync();
        Assert.Equal(plan.LockHost, second.LockHost);
        var error = await Assert.ThrowsAsync<SealerException>(() => day.CarryOutAsync(second, home: "other"));
        Assert.Equal("ClusterLocked", error.Id);
        day.Tells(error.Message, 0, Environment.UserName, "Wait for it", "-Force");

        // One that does not reach the first control plane hears of it on the next.
        day.Write(new Dictionary<int, string> { [0] = "port: 9" });
        var third = await day.PlanAsync();
        Assert.Equal(day.At(1), third.LockHost);
        error = await Assert.ThrowsAsync<SealerException>(() => day.CarryOutAsync(third, home: "other"));
        Assert.Equal("ClusterLocked", error.Id);
        day.Tells(error.Message, 1, Environment.UserName, "Wait for it", "-Force");
        day.Write();
        await day.OnAsync(3, "touch /run/go");
        var result = await first;
        Assert.True(result.Succeeded, UnhappyDay.Told(result));
        await day.HoldsAsync([0, 1, 2, 3]);
        Assert.Empty((await day.PlanAsync()).Steps);
    }

    [LinuxFact]
    public async Task A_stale_lock_is_waited_for_and_one_that_was_pushed_aside_stops_its_holder()
    {
        await using var day = new UnhappyDay(lab, "stale");
        var plan = await day.PlanAsync();
        await using var hosts = day.Open();
        // Somebody on another machine, who is not heard of again.
        var gone = new ClusterLockOptions
        {
            TimeToLive = TimeSpan.FromSeconds(90),
            RenewEvery = TimeSpan.FromDays(1),
            Process = new ControllerProcess("alice@elsewhere", "0123456789abcdef", 4711, "1"),
        };
        await using var stale = await ClusterLock.TakeAsync(hosts[IPAddress.Parse(plan.LockHost)], day.Name, gone);
        var error = await Assert.ThrowsAsync<SealerException>(() => day.CarryOutAsync(plan));
        Assert.Equal("ClusterLocked", error.Id);
        day.Tells(error.Message, 0, "alice@elsewhere", "the lock is free in", "-Force");
        await day.HoldsNothingHalfAsync([1, 2, 3], absent: [1, 2, 3]);

        // As it is when its time is over.
        await day.OnAsync(0, $"cd /var/lib/sealer/state/{day.Name}/lock; sed -i \"3s/.*/$(($(sed -n 3p {stale.Token}) - 91))/\" {stale.Token}");
        var result = await day.CarryOutAsync(plan);
        Assert.True(result.Succeeded, UnhappyDay.Told(result));
        var late = await Assert.ThrowsAsync<SealerException>(() => stale.RenewAsync());
        Assert.Equal("ClusterLockLost", late.Id);
        await day.HoldsAsync([0, 1, 2, 3]);

        // One that is alive is pushed aside by name.
        await day.OnAsync(2, $"rm {day.Rootfs}/etc/many-7");
        await using var alive = await ClusterLock.TakeAsync(hosts[IPAddress.Parse(plan.LockHost)], day.Name, gone with { TimeToLive = TimeSpan.FromMinutes(5) });
        day.Options = new() { Lock = new() { Force = true } };
        var (_, forced) = await day.DeliverAsync();
        Assert.True(forced.Succeeded, UnhappyDay.Told(forced));
        Assert.Equal("alice@elsewhere", forced.PushedAside?.Name);
        Assert.Equal("ClusterLockLost", (await Assert.ThrowsAsync<SealerException>(() => alive.RenewAsync())).Id);
        day.Options = new();
        await day.ConvergesAsync();
    }

    [LinuxFact]
    public async Task Hosts_that_drift_between_plan_and_act_are_named_and_nothing_is_done()
    {
        await using var day = new UnhappyDay(lab, "drift");
        await day.ConvergesAsync();
        await day.OnAsync(1, $"rm {day.Rootfs}/etc/many-3");
        var plan = await day.PlanAsync();
        await day.OnAsync(2, $"echo changed > {day.Rootfs}/etc/many-4");
        await day.BreakAsync(3, "echo 10.8.8.8 somebody-else >> /etc/hosts", "sed /somebody-else/d /etc/hosts > /run/h; cat /run/h > /etc/hosts");
        var error = await Assert.ThrowsAsync<SealerException>(() => day.CarryOutAsync(plan));
        Assert.Equal("HostsMovedOn", error.Id);
        day.Tells(error.Message, 2, "Make a new plan");
        day.Tells(error.Message, 3);
        Assert.DoesNotContain(day.At(1), error.Message, StringComparison.Ordinal);
        Assert.Equal("", await day.OnAsync(1, $"ls {day.Rootfs}/etc/many-3 2>/dev/null || :"));
        Assert.Equal("changed\n", await day.OnAsync(2, $"cat {day.Rootfs}/etc/many-4"));

        await day.ConvergesAsync();
    }

    [LinuxFact]
    public async Task A_controller_that_is_killed_at_an_entry_of_its_journal_is_followed_by_another_that_ends_in_the_same_place()
    {
        var stride = All ? 1 : 9;
        var killed = 0;
        for (var entry = 1; ; entry += stride)
        {
            await using var day = new UnhappyDay(lab, $"kill{entry}");
            if (!await KilledAsync(day, "journal", entry))
                break;
            killed++;
        }

        Assert.True(killed > 2, $"It was killed {killed} times only.");
    }

    [LinuxFact]
    public async Task A_controller_that_is_killed_in_mid_copy_leaves_nothing_that_the_next_one_does_not_take_away()
    {
        await using var day = new UnhappyDay(lab, "killcopy");
        Assert.True(await KilledAsync(day, "copy", UnhappyLab.Large / 3));
    }

    /// <summary>Kills a controller, and has the same plan carried out by the next one.</summary>
    /// <returns>True where it was killed; false where it had come to its end.</returns>
    private async Task<bool> KilledAsync(UnhappyDay day, string where, int when)
    {
        var plan = await day.PlanAsync();
        PlanFile.Save(plan, Path.Combine(day.Folder, "plan.json"), overwrite: false);
        using var process = ChildProcess.Start("deliver-and-die", day.Folder, lab.Store, where, when.ToString(System.Globalization.CultureInfo.InvariantCulture));
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode is 0 or 137, $"{where} {when}: {await errors}");
        if (process.ExitCode == 0)
            return false;

        var journal = Path.Combine(day.Folder, "home", "clusters", day.Name, $"journal-{plan.Id}");
        var finished = File.Exists(journal)
            ? JournalLines.Read(await File.ReadAllTextAsync(journal), journal).Where(e => e.Event is JournalEvent.StepFinished or JournalEvent.StepFound).Select(e => e.Step!).ToHashSet()
            : [];
        var result = await day.CarryOutAsync(PlanFile.Load(Path.Combine(day.Folder, "plan.json")));
        Assert.True(result.Succeeded, $"{where} {when}:\n{UnhappyDay.Told(result)}");
        Assert.All(result.Steps.Where(step => finished.Contains(step.Step.Id)), step => Assert.Equal(StepStatus.DoneBefore, step.Status));
        // Also that each plugin ran once.
        await day.HoldsAsync([0, 1, 2, 3]);
        Assert.Empty((await day.PlanAsync()).Steps);
        return true;
    }
}
