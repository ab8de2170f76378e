using Sealer.Delivery;
using Sealer.Hosts;

namespace Sealer.Tests.Delivery;

public sealed class ClusterLockTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FolderHost _host;

    public ClusterLockTests() => _host = new FolderHost("10.0.0.1", _folder["host"]);

    public void Dispose() => _folder.Dispose();

    [LinuxFact]
    public async Task Two_controllers_at_once_do_not_both_have_it()
    {
        var attempts = await Task.WhenAll(Enumerable.Range(0, 12).Select(async i =>
        {
            try
            {
                return await TakeAsync($"user{i}");
            }
            catch (SealerException e) when (e.Id == "ClusterLocked")
            {
                return null;
            }
        }));
        var holder = Assert.Single(attempts.OfType<ClusterLock>());
        await holder.DisposeAsync();
    }

    [LinuxFact]
    public async Task Who_has_it_is_told_with_since_when_and_what_to_do()
    {
        await using var first = await TakeAsync("alice");
        var error = await Assert.ThrowsAsync<SealerException>(() => TakeAsync("bob"));
        Assert.Equal("ClusterLocked", error.Id);
        Assert.Contains("alice@laptop (process 1, since ", error.Message, StringComparison.Ordinal);
        Assert.Contains("free in 90 s", error.Message, StringComparison.Ordinal);
        Assert.Contains("-Force", error.Message, StringComparison.Ordinal);
    }

    [LinuxFact]
    public async Task The_token_grows_with_every_holder()
    {
        var tokens = new List<long>();
        for (var i = 0; i < 20; i++)
        {
            await using var held = await TakeAsync("alice");
            tokens.Add(held.Token);
        }

        Assert.Equal(tokens.Order().Distinct(), tokens);
        await using var above = await ClusterLock.TakeAsync(_host, "skyline", Options("alice") with { HighestToken = 100 });
        Assert.Equal(101, above.Token);
    }

    [LinuxFact]
    public async Task A_stale_lock_is_taken_and_its_old_holder_stops()
    {
        await using var sleeper = await TakeAsync("alice");
        _host.Uptime = 1000 + 91;
        await using var next = await TakeAsync("bob");
        Assert.Equal(sleeper.Token + 1, next.Token);
        Assert.Null(next.PushedAside);
        var error = await Assert.ThrowsAsync<SealerException>(sleeper.RenewAsync);
        Assert.Equal("ClusterLockLost", error.Id);
        Assert.Contains("bob@laptop", error.Message, StringComparison.Ordinal);
        Assert.True(sleeper.Lost.IsCancellationRequested);
        await next.RenewAsync();
    }

    [LinuxFact]
    public async Task A_holder_that_slept_through_its_time_stops_though_nobody_came()
    {
        await using var sleeper = await TakeAsync("alice");
        _host.Uptime = 1000 + 90;
        var error = await Assert.ThrowsAsync<SealerException>(sleeper.RenewAsync);
        Assert.Equal("ClusterLockLost", error.Id);
        Assert.Contains("not renewed for 90 s", error.Message, StringComparison.Ordinal);
        Assert.Throws<SealerException>(sleeper.ThrowIfLost);
    }

    [LinuxFact]
    public async Task One_that_is_renewed_is_kept()
    {
        await using var held = await TakeAsync("alice");
        for (var time = 1060; time < 1600; time += 60)
        {
            _host.Uptime = time;
            await held.RenewAsync();
        }

        Assert.Equal("ClusterLocked", (await Assert.ThrowsAsync<SealerException>(() => TakeAsync("bob"))).Id);
    }

    [LinuxFact]
    public async Task Renewals_at_once_do_not_get_into_each_other_s_way()
    {
        await using var held = await TakeAsync("alice");
        for (var time = 1010; time < 1060; time += 10)
        {
            _host.Uptime = time;
            await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => held.RenewAsync()));
        }
    }

    [LinuxFact]
    public async Task After_a_restart_of_the_host_it_counts_from_there()
    {
        await using var held = await TakeAsync("alice");
        (_host.BootId, _host.Uptime) = ("second", 89);
        Assert.Equal("ClusterLocked", (await Assert.ThrowsAsync<SealerException>(() => TakeAsync("bob"))).Id);
        _host.Uptime = 90;
        await using var next = await TakeAsync("bob");
        Assert.Equal(held.Token + 1, next.Token);
    }

    [LinuxFact]
    public async Task In_a_container_it_counts_from_its_own_start_and_not_from_the_machine_s()
    {
        // What a lab's host sees: the machine's uptime, and a first process that began later.
        (_host.Begun, _host.Uptime) = (5000, 5060);
        await using var held = await TakeAsync("alice");
        (_host.BootId, _host.Begun, _host.Uptime) = ("second", 5200, 5210);
        Assert.Equal("ClusterLocked", (await Assert.ThrowsAsync<SealerException>(() => TakeAsync("bob"))).Id);
        await held.RenewAsync();
    }

    [LinuxFact]
    public async Task Who_reaches_only_another_control_plane_does_not_take_it_meanwhile()
    {
        var next = new FolderHost("10.0.0.2", _folder["next"]);
        var first = await TakeAsync("alice");
        await first.StandAsync([next]);
        var error = await Assert.ThrowsAsync<SealerException>(() => ClusterLock.TakeAsync(next, "skyline", Options("bob")));
        Assert.Equal("ClusterLocked", error.Id);
        Assert.Contains("alice@laptop", error.Message, StringComparison.Ordinal);
        await first.DisposeAsync();
        await using var second = await ClusterLock.TakeAsync(next, "skyline", Options("bob") with { HighestToken = first.Token });
        Assert.Null(second.PushedAside);

        // Nor does one that took it there let another begin on the first.
        await using var third = await ClusterLock.TakeAsync(_host, "skyline", Options("carol") with { HighestToken = second.Token });
        error = await Assert.ThrowsAsync<SealerException>(() => third.StandAsync([next]));
        Assert.Equal("ClusterLocked", error.Id);
        Assert.Contains("bob@laptop", error.Message, StringComparison.Ordinal);
        Assert.Contains("on 10.0.0.2", error.Message, StringComparison.Ordinal);
        await second.RenewAsync();
    }

    [LinuxFact]
    public async Task What_stands_on_another_control_plane_of_a_claim_that_is_over_hinders_nobody()
    {
        var next = new FolderHost("10.0.0.2", _folder["next"]);
        var first = await TakeAsync("alice");
        await first.StandAsync([next]);
        next.Before = _ => throw new SealerException("HostUnreachable", ErrorKind.Connection, "It is cut off.");
        await first.DisposeAsync();
        next.Before = null;
        await using var second = await TakeAsync("bob");
        await second.StandAsync([next]);

        // And one that was pushed aside there is told of, and stops at its next renewal.
        var elsewhere = await ClusterLock.TakeAsync(next, "skyline", Options("carol") with { Force = true });
        Assert.Equal("bob@laptop", elsewhere.PushedAside?.Name);
        await second.DoubtAsync("10.0.0.3", "carol@laptop");
        Assert.True(second.Lost.IsCancellationRequested);
        Assert.Contains("carol@laptop", second.Why!.Message, StringComparison.Ordinal);
        Assert.Contains("on 10.0.0.2", second.Why.Message, StringComparison.Ordinal);
        await elsewhere.RenewAsync();
        await elsewhere.DisposeAsync();
    }

    [LinuxFact]
    public async Task A_host_s_word_that_somebody_has_taken_over_counts_where_a_control_plane_cannot_be_asked()
    {
        var next = new FolderHost("10.0.0.2", _folder["next"]);
        await using var held = await TakeAsync("alice");
        await held.StandAsync([next]);
        await held.DoubtAsync("10.0.0.3", "bob@laptop");
        Assert.Null(held.Why);
        next.Before = _ => throw new SealerException("HostUnreachable", ErrorKind.Connection, "It is cut off.");
        await held.DoubtAsync("10.0.0.3", "bob@laptop");
        Assert.Equal("ClusterLockLost", held.Why?.Id);
        Assert.Contains("bob@laptop has taken over, and has been on 10.0.0.3", held.Why!.Message, StringComparison.Ordinal);
    }

    [LinuxFact]
    public async Task A_host_that_is_out_of_reach_is_told_of_once_and_given_up_in_time()
    {
        var clock = new HandClock();
        var next = new FolderHost("10.0.0.2", _folder["next"]);
        await using var held = await ClusterLock.TakeAsync(_host, "skyline", Options("alice") with { Clock = clock });
        await held.StandAsync([next]);
        var warnings = new List<string>();
        held.Warn = warnings.Add;
        _host.Before = _ => throw new SealerException("HostUnreachable", ErrorKind.Connection, "10.0.0.1 does not answer.");
        for (var i = 0; i < 2; i++)
            Assert.Equal("HostUnreachable", (await Assert.ThrowsAsync<SealerException>(held.RenewAsync)).Id);
        Assert.Contains("10.0.0.1, which keeps the lock and the journal of the cluster skyline, cannot be reached", Assert.Single(warnings), StringComparison.Ordinal);
        clock.Now += TimeSpan.FromMinutes(3);
        await Assert.ThrowsAsync<SealerException>(held.RenewAsync);
        Assert.True(held.Lost.IsCancellationRequested);
        Assert.Equal(
            "The lock of the cluster skyline on 10.0.0.1 is lost: 10.0.0.1 could not be reached for 180 s, so that nobody can say whether it is held, nor write down what is done. "
            + "10.0.0.1 does not answer. Nothing more is done. Bring 10.0.0.1 back and run the same again, or make a new plan: 10.0.0.2 has the lock then.",
            held.Why?.Message);
    }

    [LinuxFact]
    public async Task Force_pushes_aside_and_says_whom()
    {
        await using var first = await TakeAsync("alice");
        await using var second = await ClusterLock.TakeAsync(_host, "skyline", Options("bob") with { Force = true });
        Assert.Equal("alice@laptop", second.PushedAside!.Name);
        Assert.Contains("alice@laptop (process 1", second.PushedAside.ToString(), StringComparison.Ordinal);
        await Assert.ThrowsAsync<SealerException>(first.RenewAsync);
    }

    [LinuxFact]
    public async Task One_that_died_on_this_machine_keeps_nobody_waiting()
    {
        var dead = ControllerProcess.Current() with { Id = int.MaxValue };
        var first = await ClusterLock.TakeAsync(_host, "skyline", new ClusterLockOptions { Process = dead });
        await using var second = await ClusterLock.TakeAsync(_host, "skyline");
        Assert.Equal(first.Token + 1, second.Token);
        Assert.Null(second.PushedAside);
        Assert.False(ControllerProcess.Current().IsDead());
    }

    [LinuxFact]
    public async Task One_that_this_process_could_not_give_back_does_not_keep_it_waiting()
    {
        var options = new ClusterLockOptions { Folder = _folder.Path };
        var first = await ClusterLock.TakeAsync(_host, "skyline", options);
        Assert.Equal("ClusterLocked", (await Assert.ThrowsAsync<SealerException>(() => ClusterLock.TakeAsync(_host, "skyline", options))).Id);
        Assert.Single(Directory.GetFiles(_folder.Path, "claim-*"));
        _host.Before = _ => throw new SealerException("HostUnreachable", ErrorKind.Connection, "It is off.");
        await first.DisposeAsync();
        _host.Before = null;
        // Who keeps no such file, or another one, must wait.
        Assert.Equal("ClusterLocked", (await Assert.ThrowsAsync<SealerException>(() => ClusterLock.TakeAsync(_host, "skyline"))).Id);
        await using var second = await ClusterLock.TakeAsync(_host, "skyline", options);
        Assert.Equal(first.Token + 1, second.Token);
        Assert.False(ClaimFile.IsOver(_folder.Path, "../host/etc/hosts"));
    }

    [LinuxFact]
    public async Task A_lock_that_was_torn_by_a_loss_of_power_is_none()
    {
        _host["/var/lib/sealer/state/skyline/lock/7"] = "abc\nfir";
        await using var held = await TakeAsync("alice");
        Assert.Equal(8, held.Token);
    }

    [LinuxFact]
    public async Task Only_the_host_s_time_since_its_start_counts_not_anybody_s_clock()
    {
        await using var held = await ClusterLock.TakeAsync(_host, "skyline", Options("alice") with { Clock = new StoppedClock() });
        await held.RenewAsync();
        Assert.Equal("ClusterLocked", (await Assert.ThrowsAsync<SealerException>(() => ClusterLock.TakeAsync(_host, "skyline", Options("bob") with { Clock = new StoppedClock() }))).Id);
    }

    [LinuxFact]
    public async Task A_host_refuses_a_lower_token_in_the_command_of_the_work_itself()
    {
        var old = new FencedHost(_host, "skyline", 3, "aaaa");
        var young = new FencedHost(_host, "skyline", 4, "bbbb");
        (await old.RunAsync(new HostCommand("echo one >> $ROOT/work") { Elevated = true })).Require("work");
        (await young.RunAsync(new HostCommand("echo two >> $ROOT/work") { Elevated = true })).Require("work");
        var commands = _host.Commands;
        var error = await Assert.ThrowsAsync<SealerException>(() => old.RunAsync(new HostCommand("echo three >> $ROOT/work") { Elevated = true }));
        Assert.Equal("ClusterLockLost", error.Id);
        Assert.Equal(commands + 1, _host.Commands);
        await Assert.ThrowsAsync<SealerException>(() => old.RunAsync(new HostCommand("echo three >> $ROOT/work")));
        await Assert.ThrowsAsync<SealerException>(() => old.PutAsync(new MemoryStream(), "/var/lib/sealer/x"));
        Assert.False(_host.Has("/var/lib/sealer/x"));
        Assert.Equal("one\ntwo\n", _host["/work"]);
    }

    [LinuxFact]
    public async Task A_file_is_not_put_in_its_place_once_another_has_come_and_who_that_is_is_told()
    {
        var told = new List<string>();
        var old = new FencedHost(_host, "skyline", 3, "aaaa", refused: who => { told.Add(who); return Task.CompletedTask; });
        var young = new FencedHost(_host, "skyline", 4, "bbbb", new ControllerProcess("bob@desk", "elsewhere", 12, "1"));
        await old.PutAsync(new MemoryStream("old"u8.ToArray()), "/var/lib/sealer/x", new HostFileOptions { Elevated = true });
        // Between what is sent and what is put in its place.
        _host.After = command =>
        {
            if (command.Script.Contains("cat > ", StringComparison.Ordinal))
                young.ClaimAsync(default).GetAwaiter().GetResult();
        };
        var error = await Assert.ThrowsAsync<SealerException>(() => old.PutAsync(new MemoryStream("late"u8.ToArray()), "/var/lib/sealer/x", new HostFileOptions { Elevated = true }));
        Assert.Equal("ClusterLockLost", error.Id);
        Assert.StartsWith("10.0.0.1 refuses: bob@desk (process 12, since 2", error.Message, StringComparison.Ordinal);
        Assert.StartsWith("bob@desk", Assert.Single(told), StringComparison.Ordinal);
        Assert.Equal("old", _host["/var/lib/sealer/x"]);
    }

    [LinuxFact]
    public async Task Two_of_one_token_of_a_network_cut_in_two_refuse_each_other()
    {
        var here = new FencedHost(_host, "skyline", 5, "aaaa");
        var there = new FencedHost(_host, "skyline", 5, "bbbb");
        await here.ClaimAsync(default);
        await Assert.ThrowsAsync<SealerException>(() => there.ClaimAsync(default));
        await here.ClaimAsync(default);
    }

    [LinuxFact]
    public async Task A_command_s_own_failure_is_not_taken_for_a_refusal()
    {
        var fenced = new FencedHost(_host, "skyline", 1, "aaaa");
        Assert.Equal(96, (await fenced.RunAsync(new HostCommand("exit 96"))).ExitCode);
        await using var held = await TakeAsync("alice");
        Assert.Equal(94, (await held.RunAsync(new HostCommand("exit 94"))).ExitCode);
    }

    private static ClusterLockOptions Options(string user) => new() { Process = new ControllerProcess($"{user}@laptop", "elsewhere", 1, "1") };

    private Task<ClusterLock> TakeAsync(string user) => ClusterLock.TakeAsync(_host, "skyline", Options(user));

    private sealed class HandClock : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }

    private sealed class StoppedClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch;

        public override long GetTimestamp() => 0;
    }
}
