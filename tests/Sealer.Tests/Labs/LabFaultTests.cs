using Sealer.Labs;

namespace Sealer.Tests.Labs;

/// <summary>Labs of a test's own: what can happen to hosts, and what a lab can be like.</summary>
[Trait("Tier", "lab")]
[Collection(LabCollection.Name)]
public sealed class LabFaultTests
{
    [Fact]
    public async Task A_host_that_reboots_has_its_files_and_another_start()
    {
        await using var own = await LabFixture.NewAsync();
        var host = own.Hosts[0];
        var before = await host.RunAsync("echo kept > /root/file; echo kept > /var/lib/sealer/file; touch /run/gone; cat /proc/sys/kernel/random/boot_id");

        await host.RebootAsync();
        var after = await ClusterLabTests.SshAsync(host, "cat /root/file /var/lib/sealer/file; ls /run/gone 2>/dev/null; cat /proc/sys/kernel/random/boot_id");

        Assert.StartsWith("kept\nkept\n", after.Output, StringComparison.Ordinal);
        Assert.Equal(3, after.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.NotEqual(before.Output.Trim(), after.Output.Split('\n')[2]);
    }

    [Fact]
    public async Task Reboot_typed_in_a_host_reboots_it()
    {
        await using var own = await LabFixture.NewAsync();
        var host = own.Hosts[0];
        var before = await ClusterLabTests.SshAsync(host, "cat /proc/sys/kernel/random/boot_id");

        await ClusterLabTests.SshAsync(host, "systemctl reboot");

        for (string now; (now = (await ClusterLabTests.SshAsync(host, "cat /proc/sys/kernel/random/boot_id")).Output) == before.Output || now.Length == 0;)
            await Task.Delay(50);
        Assert.Equal(LabHostState.Running, host.State);
    }

    [Fact]
    public async Task A_host_that_is_killed_answers_nobody_until_it_is_started()
    {
        await using var own = await LabFixture.NewAsync(new LabOptions { Count = 2 });
        var (killed, other) = (own.Hosts[0], own.Hosts[1]);
        await killed.RunAsync("echo kept > /root/file; sync");

        await killed.KillAsync();

        Assert.Equal(LabHostState.Stopped, killed.State);
        Assert.Equal("LabHostStopped", (await Assert.ThrowsAsync<SealerException>(() => killed.RunAsync("true"))).Id);
        Assert.Equal("LabHostStopped", (await Assert.ThrowsAsync<SealerException>(() => killed.RebootAsync())).Id);
        Assert.NotEqual(0, (await other.RunAsync($"ping -c 1 -W 1 {killed.Address}")).ExitCode);

        await killed.StartAsync();
        Assert.Equal("kept\n", (await ClusterLabTests.SshAsync(killed, "cat /root/file")).Output);
    }

    [Fact]
    public async Task A_host_that_is_cut_off_is_reached_by_nobody_and_goes_on()
    {
        await using var own = await LabFixture.NewAsync(new LabOptions { Count = 2 });
        var (cut, other) = (own.Hosts[0], own.Hosts[1]);

        await cut.CutOffAsync();

        Assert.Equal(LabHostState.CutOff, ClusterLab.Find(own.Lab.Name).Hosts[0].State);
        Assert.NotEqual(0, (await other.RunAsync($"ping -c 1 -W 1 {cut.Address}")).ExitCode);
        Assert.True((await cut.RunAsync("systemctl is-active ssh")).Succeeded);

        await cut.ReconnectAsync();
        Assert.True((await ClusterLabTests.SshAsync(cut, "true")).Succeeded);
        Assert.Equal(LabHostState.Running, cut.State);
    }

    [Fact]
    public async Task A_small_disk_is_full_where_it_is_and_nowhere_else()
    {
        await using var own = await LabFixture.NewAsync();
        var host = own.Hosts[0];

        await host.LimitDiskAsync("/var/lib/sealer/data", 1 << 20);
        var result = await ClusterLabTests.SshAsync(host, "head -c 2000000 /dev/zero > /var/lib/sealer/data/file; head -c 2000000 /dev/zero > /var/lib/sealer/file && echo elsewhere");

        Assert.Equal("elsewhere\n", result.Output);
        Assert.Equal(0, (await host.RunAsync("head -c 1 /dev/zero >> /var/lib/sealer/data/file; test $(stat -c %s /var/lib/sealer/data/file) -le 1048576")).ExitCode);
    }

    [Fact]
    public async Task Another_user_needs_a_password_for_sudo_and_root_cannot_log_in()
    {
        await using var own = await LabFixture.NewAsync(new LabOptions { User = "admin" });
        var host = own.Hosts[0];

        Assert.Equal("admin", host.User);
        Assert.Equal("admin\n", (await ClusterLabTests.SshAsync(host, "id -un")).Output);
        Assert.False((await ClusterLabTests.SshAsync(host, "sudo -n true")).Succeeded);
        Assert.Equal("root\n", (await ClusterLabTests.SshAsync(host, "sudo -S -p '' id -un", host.SudoPassword!.Reveal() + "\n")).Output);
        var root = await LabTools.RunAsync("ssh",
        [
            "-i", host.KeyPath, "-o", "BatchMode=yes", "-o", $"UserKnownHostsFile={host.KnownHostsPath}", "-F", "none", $"root@{host.Address}", "true",
        ]);
        Assert.Contains("Permission denied", root.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Behind_a_jump_host_the_others_are_reached_through_it_only()
    {
        await using var own = await LabFixture.NewAsync(new LabOptions { Count = 2, JumpHost = true, User = "admin" });
        var host = own.Hosts[0];

        Assert.Equal(2, own.Hosts.Count);
        Assert.Equal($"admin@{own.Lab.JumpHost!.Address}", host.ProxyJump);
        Assert.Equal(host.Name + "\n", (await ClusterLabTests.SshAsync(host, "hostname")).Output);
        // Not even where a way to them is tried: the jump host hands nothing on, and no other way leads there.
        using var socket = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.InterNetwork, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        Assert.DoesNotContain(host.Address.ToString(), (await LabTools.RunAsync("ip", ["-4", "route", "show"])).Output, StringComparison.Ordinal);
        await LabTools.RunAsync("ip", ["route", "add", $"{host.Address}/32", "via", own.Lab.JumpHost.Address.ToString()]);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await Assert.ThrowsAnyAsync<Exception>(() => socket.ConnectAsync(host.Address, 22, patience.Token).AsTask());
        Assert.True((await own.Hosts[1].RunAsync($"ping -c 1 -W 5 {host.Name}")).Succeeded);
    }

    [Fact]
    public async Task The_password_that_was_given_logs_in_and_stands_in_no_process_list()
    {
        const string password = "Kattegat-4711-Oresund";
        var creating = LabFixture.NewAsync(new LabOptions { Password = Secret.Of(password), User = "admin" });
        var seen = false;
        while (!creating.IsCompleted)
        {
            seen |= LabLeftovers.ProcessList().Contains(password, StringComparison.Ordinal);
            await Task.Delay(5);
        }

        await using var own = await creating;
        Assert.False(seen);
        Assert.Equal("root\n", (await ClusterLabTests.SshAsync(own.Hosts[0], "sudo -S -p '' id -un", password + "\n")).Output);
    }

    [Fact]
    public async Task Labs_that_are_made_at_once_have_networks_and_names_of_their_own()
    {
        var made = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => LabFixture.NewAsync()));
        try
        {
            Assert.Equal(3, made.Select(own => own.Lab.Subnet).Distinct().Count());
            foreach (var own in made)
                Assert.Equal(own.Hosts[0].Name + "\n", (await ClusterLabTests.SshAsync(own.Hosts[0], "hostname")).Output);
        }
        finally
        {
            foreach (var own in made)
                await own.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_name_or_a_network_that_is_taken_is_refused()
    {
        await using var own = await LabFixture.NewAsync();

        var name = await Assert.ThrowsAsync<SealerException>(() => LabFixture.NewAsync(new LabOptions { Name = own.Lab.Name }));
        var subnet = await Assert.ThrowsAsync<SealerException>(() => LabFixture.NewAsync(new LabOptions { Subnet = own.Lab.Subnet }));

        Assert.Equal(["LabExists", "LabSubnetInUse"], [name.Id, subnet.Id]);
        Assert.True((await ClusterLabTests.SshAsync(own.Hosts[0], "true")).Succeeded);
    }

    [Fact]
    public async Task A_removed_lab_leaves_nothing_and_is_not_found()
    {
        await using var own = await LabFixture.NewAsync(new LabOptions { Count = 2, JumpHost = true, Link = new LinkConditions { Delay = TimeSpan.FromMilliseconds(1), Loss = 1 } });
        var id = LabLeftovers.IdOf(own.Lab.Name)!;
        await own.Hosts[0].RunAsync("setsid sleep 1000 >/dev/null 2>&1 </dev/null &");
        Assert.NotEmpty(LabLeftovers.Of(id, own.Lab.Name));

        await own.Lab.RemoveAsync();

        Assert.Empty(LabLeftovers.Of(id, own.Lab.Name));
        Assert.Equal("LabNotFound", (await Assert.ThrowsAsync<SealerException>(() => own.Lab.RemoveAsync())).Id);
        Assert.Equal("LabNotFound", Assert.Throws<SealerException>(() => ClusterLab.Find(own.Lab.Name)).Id);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public async Task What_a_process_that_was_killed_has_made_of_a_lab_can_be_removed(int step)
    {
        var name = LabFixture.NewName();
        using (var process = ChildProcess.Start("lab", name, step.ToString(System.Globalization.CultureInfo.InvariantCulture)))
        {
            Assert.Equal("in the middle", await process.StandardOutput.ReadLineAsync());
            Assert.Equal(LabState.Creating, ClusterLab.Find(name).State);
            process.Kill();
            await process.WaitForExitAsync();
        }

        var id = LabLeftovers.IdOf(name)!;
        var left = ClusterLab.Find(name);
        Assert.Equal(LabState.Incomplete, left.State);
        Assert.All(left.Hosts, host => Assert.Equal(LabHostState.Incomplete, host.State));

        await left.RemoveAsync();
        Assert.Empty(LabLeftovers.Of(id, name));
    }

    [Theory]
    [InlineData("claim")]
    [InlineData("/run/netns/")]
    [InlineData("-2")]
    [InlineData("process")]
    public async Task What_was_killed_between_its_steps_is_taken_over_by_the_next_lab_of_that_name(string seen)
    {
        var name = LabFixture.NewName();
        string? id;
        using (var process = ChildProcess.Start("lab", name, "0"))
        {
            while ((id = LabLeftovers.IdOf(name)) is null || !LabLeftovers.Of(id, name).Any(line => line.Contains(seen, StringComparison.Ordinal)))
            {
                Assert.False(process.HasExited);
                await Task.Delay(1);
            }

            process.Kill();
            await process.WaitForExitAsync();
        }

        await using var own = await LabFixture.NewAsync(new LabOptions { Name = name });
        Assert.DoesNotContain(LabLeftovers.Of(id, name), line => line.Contains(id, StringComparison.Ordinal));
        Assert.True((await ClusterLabTests.SshAsync(own.Hosts[0], "true")).Succeeded);
    }

    [Theory]
    [InlineData("process")]
    [InlineData("link")]
    [InlineData("/run/netns/")]
    [InlineData("/sys/fs/cgroup/")]
    public async Task A_removal_that_was_killed_is_brought_to_its_end_by_the_next_one(string gone)
    {
        await using var own = await LabFixture.NewAsync(new LabOptions { Count = 2, JumpHost = true });
        var id = LabLeftovers.IdOf(own.Lab.Name)!;
        Assert.Contains(LabLeftovers.Of(id, own.Lab.Name), line => line.Contains(gone, StringComparison.Ordinal));
        using (var process = ChildProcess.Start("remove-lab", own.Lab.Name))
        {
            while (!process.HasExited && LabLeftovers.Of(id, own.Lab.Name).Any(line => line.StartsWith(gone, StringComparison.Ordinal)))
                await Task.Delay(1);
            process.Kill();
            await process.WaitForExitAsync();
        }

        // It may have come as far as its folder; what is left of the machine then goes with the next lab.
        if (ClusterLab.List().FirstOrDefault(lab => lab.Name == own.Lab.Name) is { } left)
            await left.RemoveAsync();
        else
            await (await LabFixture.NewAsync()).DisposeAsync();
        Assert.Empty(LabLeftovers.Of(id, own.Lab.Name));
    }

    [Fact]
    public async Task A_removal_that_was_killed_when_the_record_was_gone_is_brought_to_its_end_too()
    {
        await using var own = await LabFixture.NewAsync(new LabOptions { Count = 1 });
        var id = LabLeftovers.IdOf(own.Lab.Name)!;
        File.Delete(Path.Combine(own.Lab.Folder, "lab.json"));
        await ClusterLab.Find(own.Lab.Name).RemoveAsync();
        Assert.Empty(LabLeftovers.Of(id, own.Lab.Name));
    }

    [Fact]
    public async Task A_lab_that_is_not_made_after_all_leaves_nothing()
    {
        var name = LabFixture.NewName();
        using var stop = new CancellationTokenSource();
        string? id = null;
        var creating = LabFixture.NewAsync(new LabOptions { Name = name }, new Watch(text =>
        {
            id ??= LabLeftovers.IdOf(name);
            if (text.Contains("start", StringComparison.Ordinal))
                stop.Cancel();
        }), stop.Token);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => creating);

        Assert.Empty(LabLeftovers.Of(id!, name));
    }

    [Fact]
    public async Task A_lab_whose_folder_somebody_deleted_goes_with_the_next_one()
    {
        await using var own = await LabFixture.NewAsync();
        var id = LabLeftovers.IdOf(own.Lab.Name)!;
        Directory.Delete(own.Lab.Folder, recursive: true);
        File.Delete(Path.Combine(Path.GetDirectoryName(own.Lab.Folder)!, $".{own.Lab.Name}.lock"));

        await using var next = await LabFixture.NewAsync();

        Assert.Empty(LabLeftovers.Of(id, own.Lab.Name));
    }

    [Fact]
    public async Task Hosts_are_made_of_a_tar_as_well()
    {
        await using var first = await LabFixture.NewAsync();
        using var folder = new TemporaryFolder();
        using var cache = new TemporaryFolder();
        var tree = System.Text.Json.JsonDocument.Parse(File.ReadAllBytes(Path.Combine(first.Lab.Folder, "lab.json"))).RootElement.GetProperty("tree").GetString()!;
        var tar = folder["root.tar.gz"];
        Assert.True((await LabTools.RunAsync("sh", ["-c", "tar -C \"$1\" --exclude=./usr/share -cf - . | gzip -1 > \"$2\"", "sh", tree, tar])).Succeeded);

        await using var own = await LabFixture.NewAsync(new LabOptions { RootFileSystem = tar, Home = new SealerHome(folder["home"]) });

        Assert.Equal(own.Hosts[0].Name + "\n", (await ClusterLabTests.SshAsync(own.Hosts[0], "hostname")).Output);
        await own.Lab.RemoveAsync();
    }

    [Fact]
    public async Task A_tar_that_cannot_be_a_host_is_refused_with_what_it_lacks()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["root"]);
        Directory.CreateDirectory(Path.Combine(folder["root"], "etc"));
        var tar = folder["root.tar"];
        Assert.True((await LabTools.RunAsync("tar", ["-C", folder["root"], "-cf", tar, "."])).Succeeded);

        var unfit = await Assert.ThrowsAsync<SealerException>(() => LabFixture.NewAsync(new LabOptions { RootFileSystem = tar, Home = new SealerHome(folder["home"]) }));
        var missing = await Assert.ThrowsAsync<SealerException>(() => LabFixture.NewAsync(new LabOptions { RootFileSystem = folder["none.tar"] }));

        Assert.Equal("LabRootFileSystemUnfit", unfit.Id);
        Assert.Contains("systemd", unfit.Message, StringComparison.Ordinal);
        Assert.Equal("LabRootFileSystemMissing", missing.Id);
        Assert.DoesNotContain(Directory.GetFileSystemEntries(Path.Combine(folder["home"], "labs", ".trees")), path => path.Contains(".new-", StringComparison.Ordinal));
    }

    private sealed class Watch(Action<string> told) : IProgress<Events.SealerEvent>
    {
        public void Report(Events.SealerEvent value)
        {
            if (value is Events.DetailEvent detail)
                told(detail.Message);
        }
    }
}
