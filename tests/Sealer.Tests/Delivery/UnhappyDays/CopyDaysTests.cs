using Sealer.Delivery;
using Sealer.Events;

namespace Sealer.Tests.Delivery.UnhappyDays;

/// <summary>Days on which something breaks in the middle of a copy.</summary>
[Trait("Tier", "lab")]
[Collection(UnhappyCollection.Name)]
public sealed class CopyDaysTests(UnhappyLab lab)
{
    private const long Some = UnhappyLab.Large / 3;

    private static readonly ImageContentOptions Slow = new() { BandwidthLimit = UnhappyDay.SlowUplink, Patience = TimeSpan.FromSeconds(3) };

    [LinuxFact]
    public async Task An_sshd_that_is_killed_in_mid_copy_delays_its_host_only()
    {
        await using var day = new UnhappyDay(lab, "sshd") { Content = Slow with { Patience = TimeSpan.FromSeconds(60) } };
        // It feeds others; systemd starts the listening one again, and its sessions are gone.
        var kill = new Midway(day.At(1), Some, () => day.OnAsync(1, "pkill -KILL sshd || :; systemctl reset-failed ssh; systemctl start ssh"));
        var (_, result) = await day.DeliverAsync(kill);
        await kill.Done;
        Assert.True(result.Succeeded, UnhappyDay.Told(result));
        await day.HoldsAsync([0, 1, 2, 3]);
        Assert.Empty((await day.PlanAsync()).Steps);
    }

    [LinuxFact]
    public async Task A_host_that_is_cut_off_in_mid_copy_fails_alone_and_what_came_is_used()
    {
        await using var day = new UnhappyDay(lab, "cut") { Content = Slow };
        var cut = new Midway(day.At(1), Some, () => day.Hosts[1].CutOffAsync());
        var (_, result) = await day.DeliverAsync(cut);
        await cut.Done;
        // What it is told by: the broken connection, or the next one that could not be made.
        var error = day.FailedAlone(result, 1, null);
        Assert.Contains(error.Id, new[] { "HostUnreachable", "HostConnectionLost" });
        Assert.Matches("Look whether|run this again", error.Message);
        await day.HoldsAsync([0, 2, 3]);
        Assert.Equal("", await day.OnAsync(1, $"ls -d {day.Rootfs} 2>/dev/null || :"));

        await day.Hosts[1].ReconnectAsync();
        var again = await day.ConvergesAsync();
        Assert.InRange(again.Steps.Single(step => step.Kind == "content").Bytes, 1, (UnhappyLab.Large * 4 / 3) - (Some / 2));
        Assert.DoesNotContain("Exception", error.Message, StringComparison.Ordinal);
    }

    [LinuxFact]
    public async Task A_host_that_is_cut_off_and_comes_back_is_waited_for()
    {
        await using var day = new UnhappyDay(lab, "back") { Content = Slow with { Patience = TimeSpan.FromMinutes(1) } };
        var others = new AllOf([day.At(0), day.At(1), day.At(2)]);
        var cut = new Midway(day.At(3), Some, async () =>
        {
            await day.Hosts[3].CutOffAsync();
            await others.Task;
            await day.Hosts[3].ReconnectAsync();
        });
        var (_, result) = await day.DeliverAsync(new Both(cut, others));
        await cut.Done;
        Assert.True(result.Succeeded, UnhappyDay.Told(result));
        await day.HoldsAsync([0, 1, 2, 3]);
        Assert.Empty((await day.PlanAsync()).Steps);
    }

    [LinuxFact]
    public async Task A_host_that_is_restarted_in_mid_copy_is_waited_for()
    {
        await using var day = new UnhappyDay(lab, "reboot") { Content = Slow with { Patience = TimeSpan.FromMinutes(2) } };
        var reboot = new Midway(day.At(2), Some, () => day.Hosts[2].RebootAsync());
        var (_, result) = await day.DeliverAsync(reboot);
        await reboot.Done;
        Assert.True(result.Succeeded, UnhappyDay.Told(result));
        await day.HoldsAsync([0, 1, 2, 3]);
        Assert.Empty((await day.PlanAsync()).Steps);
    }

    [LinuxFact]
    public async Task The_host_that_keeps_the_lock_is_restarted_in_mid_copy_and_is_waited_for()
    {
        await using var day = new UnhappyDay(lab, "lockhost") { Content = Slow with { Patience = TimeSpan.FromMinutes(2) } };
        var reboot = new Midway(day.At(0), Some, () => day.Hosts[0].RebootAsync());
        // Its journal and its lock wait for it, as does what else it was to get; the lock is as old as the restart.
        var (_, result) = await day.DeliverAsync(reboot);
        await reboot.Done;
        Assert.True(result.Succeeded, UnhappyDay.Told(result));
        await day.HoldsAsync([0, 1, 2, 3]);
        Assert.Empty((await day.PlanAsync()).Steps);
    }

    [LinuxFact]
    public async Task The_host_that_keeps_the_lock_is_cut_off_in_mid_copy_and_all_stops_with_why_and_converges_once_it_is_back()
    {
        await using var day = new UnhappyDay(lab, "lockcut") { Content = Slow, Options = new() { Lock = new() { Patience = TimeSpan.FromSeconds(5) } } };
        var cut = new Midway(day.At(3), Some, () => day.Hosts[0].CutOffAsync());
        var (_, result) = await day.DeliverAsync(cut);
        await cut.Done;
        Assert.Contains(result.Steps, step => step.Error is SealerException { Id: "ClusterLockLost" });
        Assert.All(result.Steps.Where(step => step.Kind == "plugin"), step =>
        {
            Assert.NotEqual(StepStatus.Done, step.Status);
            day.Tells(step.Message, 0);
        });
        Assert.All(result.Steps.Where(step => step.Error is SealerException { Id: "ClusterLockLost" }), step => day.Tells(step.Message, 0, "could not be reached for", "Bring", "run the same again"));

        await day.Hosts[0].ReconnectAsync();
        await day.ConvergesAsync();
    }

    [LinuxFact]
    public async Task A_disk_that_runs_full_fails_alone_and_what_had_come_is_taken_away()
    {
        await using var day = new UnhappyDay(lab, "disk") { Content = Slow };
        const string Data = "/var/lib/sealer/data";
        await day.BreakAsync(2, $"mkdir -p {Data}; mount -t tmpfs -o size=48m none {Data}", $"rm -f {Data}/other; umount {Data}");
        var fill = new Midway(day.At(2), Some, () => day.OnAsync(2, $"head -c 60000000 /dev/zero > {Data}/other || :"));
        var (_, result) = await day.DeliverAsync(fill);
        await fill.Done;
        day.FailedAlone(result, 2, "HostDiskFull", "No space left", "Make room");
        await day.HoldsAsync([0, 1, 3]);
        await day.HoldsNothingHalfAsync([2], absent: [2]);
        Assert.Equal("", await day.OnAsync(2, $"find {Data}/{day.Name} -type f -size +100k"));

        await day.MendAsync();
        await day.ConvergesAsync();
    }

    [LinuxFact]
    public async Task A_disk_that_is_too_small_is_told_before_anything_is_sent()
    {
        await using var day = new UnhappyDay(lab, "small");
        const string Data = "/var/lib/sealer/data";
        await day.BreakAsync(3, $"mkdir -p {Data}; mount -t tmpfs -o size=4m none {Data}", $"umount {Data}");
        var (plan, result) = await day.DeliverAsync();
        // Which of the two tells is the planner's; it is told before a byte goes there.
        Assert.True(plan.Hosts[3].Unreachable is not null || result.Steps.Any(step => step.Host == day.At(3) && step.Status == StepStatus.Failed), UnhappyDay.Told(result));
        day.Tells(plan.Hosts[3].Unreachable ?? result.Steps.First(step => step.Status == StepStatus.Failed).Message, 3, "MiB free", "Make room");
        await day.HoldsAsync([0, 1, 2]);
        await day.HoldsNothingHalfAsync([3], absent: [3]);

        await day.MendAsync();
        await day.ConvergesAsync();
    }

    private sealed class Both(params IProgress<SealerEvent>[] all) : IProgress<SealerEvent>
    {
        public void Report(SealerEvent value)
        {
            foreach (var one in all)
                one.Report(value);
        }
    }

    /// <summary>Hosts have got all bytes of the content.</summary>
    private sealed class AllOf(IReadOnlyList<string> hosts) : IProgress<SealerEvent>
    {
        private readonly HashSet<string> _left = [.. hosts];
        private readonly TaskCompletionSource _all = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Task => _all.Task;

        public void Report(SealerEvent value)
        {
            if (value is not StepProgressEvent { Step.Kind: "content" } progress || progress.Done < UnhappyLab.Large * 4 / 3)
                return;
            lock (_left)
            {
                _left.Remove(progress.Step.Host);
                if (_left.Count == 0)
                    _all.TrySetResult();
            }
        }
    }
}
