using Sealer.Events;
using Sealer.Hosts.Ssh;
using Sealer.Tests.Hosts.Ssh;
using Sealer.Tests.Peers;
using Sealer.Transfer;
using static Sealer.Tests.Images.Layers.LayerSamples;
using static Sealer.Tests.Transfer.TransferFixture;

namespace Sealer.Tests.Transfer;

/// <summary>Deliveries over real sshds that break off in the middle.</summary>
[Trait("Tier", "parts")]
public sealed class FaultTransferTests : IAsyncLifetime
{
    private const int Size = 24_000_000;

    private readonly TransferFixture _fixture = new();
    private readonly List<SshServer> _servers = [];
    private readonly List<SshHost> _hosts = [];
    private ContentSet _set = null!;

    public async Task InitializeAsync() => _set = await _fixture.SetAsync(
        [File("large", Noise(1, Size)), File("later", Noise(2, 6_000_000)), .. Enumerable.Range(0, 100).Select(i => File($"many-{i}", Noise(10 + i, 20_000)))]);

    public async Task DisposeAsync()
    {
        foreach (var host in _hosts)
            await host.DisposeAsync();
        foreach (var server in _servers)
            await server.DisposeAsync();
        await Peer.RunAsync("sh", "-c", $"if mountpoint -q '{_fixture["h1"]}'; then umount '{_fixture["h1"]}'; fi");
        _fixture.Dispose();
    }

    [Fact]
    public async Task A_connection_that_breaks_off_goes_on_where_it_was()
    {
        var target = await TargetAsync();
        var cut = 0;
        var run = new ContentRun(
            new ContentJob(_set) { BandwidthLimit = 16_000_000 },
            ContentTransfer.RunsOf(new ContentJob(_set), [target]),
            new Watcher(done =>
            {
                if (done > 12_000_000 && Interlocked.Exchange(ref cut, 1) == 0)
                    _ = _servers[0].CutAsync();
            }));
        await run.RunAsync(default);
        Assert.Equal(1, cut);
        Assert.Equal(await _fixture.ExpectedAsync(_set, "x"), await TreeAsync(target.Folder));
        // What was on its way when it broke off, and no more.
        Assert.InRange(run.Sent, _set.Bytes, _set.Bytes + 10_000_000);
        Assert.Equal(["index", "stat"], Directory.GetFileSystemEntries(target.State).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task What_came_before_it_was_cancelled_is_not_sent_again_and_no_key_stays()
    {
        List<ContentTarget> targets = [await TargetAsync(), await TargetAsync()];
        var before = await Task.WhenAll(_servers.Select(s => TreeAsync(s.Home)));
        using var cancel = new CancellationTokenSource();
        var job = new ContentJob(_set) { BandwidthLimit = 16_000_000 };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ContentTransfer.RunAsync(
            job,
            targets,
            new Watcher(done =>
            {
                if (done > 14_000_000)
                    cancel.Cancel();
            }),
            cancel.Token));
        Assert.Equal(before, await Task.WhenAll(_servers.Select(s => TreeAsync(s.Home))));
        foreach (var target in targets)
        {
            Assert.False(Directory.Exists(target.Folder));
            Assert.False(Directory.Exists(target.State + "/run"));
        }

        var inspection = (await ContentTransfer.InspectAsync(job, targets))[0];
        Assert.InRange(inspection.MissingBytes, 1, _set.Bytes - 12_000_000);
        var results = await ContentTransfer.RunAsync(new ContentJob(_set), targets);
        Assert.All(results, r => Assert.Null(r.Error));
        Assert.Equal(inspection.MissingBytes, results[0].Bytes);
        foreach (var target in targets)
            Assert.Equal(await _fixture.ExpectedAsync(_set, "x"), await TreeAsync(target.Folder));
    }

    [Fact]
    public async Task What_a_controller_that_was_killed_has_left_is_taken_away_by_the_next_delivery()
    {
        List<ContentTarget> targets = [await TargetAsync(), await TargetAsync()];
        var before = await Task.WhenAll(_servers.Select(s => TreeAsync(s.Home)));
        using (var key = new RunKey())
        {
            // As far as a delivery gets before its first byte.
            var runs = ContentTransfer.RunsOf(new ContentJob(_set), targets);
            await runs[0].LookAsync(act: true, default);
            runs[0].Feeds = runs[0].IsFed = true;
            await runs[0].BeginAsync(key, [], ["127.0.0.1"], default);
        }

        var line = await System.IO.File.ReadAllTextAsync(_servers[0].Home + "/.ssh/authorized_keys");
        Assert.StartsWith("restrict,command=\"exec /bin/sh ", line, StringComparison.Ordinal);
        Assert.Contains(",from=\"127.0.0.1\",expiry-time=\"20", line, StringComparison.Ordinal);
        Assert.Equal("700 600", (await Peer.RunAsync("sh", "-c", $"echo $(stat -c %a '{targets[0].State}/run' '{targets[0].State}/run/key')")).Trim());
        Assert.All(await ContentTransfer.RunAsync(new ContentJob(_set), targets), r => Assert.Null(r.Error));
        Assert.Equal(before, await Task.WhenAll(_servers.Select(s => TreeAsync(s.Home))));
        Assert.Equal(["index", "stat"], Directory.GetFileSystemEntries(targets[0].State).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task A_disk_that_runs_full_is_its_hosts_story_and_hinders_no_other()
    {
        List<ContentTarget> targets = [await TargetAsync(), await TargetAsync(), await TargetAsync()];
        Directory.CreateDirectory(_fixture["h1"]);
        await Peer.RunAsync("mount", "-t", "tmpfs", "-o", "size=80m,mode=755", "sealer-test", _fixture["h1"]);
        var filled = 0;
        var results = await ContentTransfer.RunAsync(
            new ContentJob(_set) { BandwidthLimit = 24_000_000 },
            targets,
            new Watcher(_ =>
            {
                if (Interlocked.Exchange(ref filled, 1) == 0)
                    Peer.RunAsync("sh", "-c", $"head -c 70000000 /dev/zero > '{_fixture["h1/other"]}' || :").Wait();
            }));
        Assert.Equal("HostDiskFull", results[1].Error!.Id);
        Assert.Contains("No space left", results[1].Error!.Message, StringComparison.Ordinal);
        Assert.Equal([_fixture["h1/other"]], Directory.GetFileSystemEntries(_fixture["h1"]));
        foreach (var i in new[] { 0, 2 })
        {
            Assert.Null(results[i].Error);
            Assert.Equal(await _fixture.ExpectedAsync(_set, "x"), await TreeAsync(targets[i].Folder));
        }

        System.IO.File.Delete(_fixture["h1/other"]);
        Assert.Null((await ContentTransfer.RunAsync(new ContentJob(_set), targets))[1].Error);
        Assert.Equal(await _fixture.ExpectedAsync(_set, "x"), await TreeAsync(targets[1].Folder));
    }

    [Fact]
    public async Task A_disk_that_is_too_small_is_told_before_anything_is_sent()
    {
        List<ContentTarget> targets = [await TargetAsync(), await TargetAsync()];
        Directory.CreateDirectory(_fixture["h1"]);
        await Peer.RunAsync("mount", "-t", "tmpfs", "-o", "size=8m,mode=755", "sealer-test", _fixture["h1"]);
        var results = await ContentTransfer.RunAsync(new ContentJob(_set), targets);
        Assert.Equal("HostDiskTooSmall", results[1].Error!.Id);
        Assert.Null(results[0].Error);
        Assert.Empty(Directory.GetFileSystemEntries(_fixture["h1"]));
    }

    [Fact]
    public async Task A_host_that_feeds_and_goes_is_passed_over()
    {
        List<ContentTarget> targets = [await TargetAsync(), await TargetAsync(), await TargetAsync()];
        var gone = 0;
        var results = await ContentTransfer.RunAsync(
            new ContentJob(_set) { BandwidthLimit = 16_000_000, Patience = TimeSpan.FromSeconds(1), StallTime = TimeSpan.FromSeconds(3) },
            targets,
            new Watcher(done =>
            {
                if (done > 8_000_000 && Interlocked.Exchange(ref gone, 1) == 0)
                    _servers[1].Kill();
            }));
        Assert.NotNull(results[1].Error);
        Assert.Null(results[0].Error);
        Assert.Null(results[2].Error);
        Assert.Equal(await _fixture.ExpectedAsync(_set, "x"), await TreeAsync(targets[2].Folder));
    }

    [Theory]
    [InlineData("USER ALL=(ALL) ALL", true)]
    [InlineData("USER ALL=(ALL) ALL\nDefaults:USER requiretty", true)]
    [InlineData("USER ALL=(ALL) NOPASSWD: ALL", false)]
    public async Task A_user_with_sudo_is_enough(string rules, bool password)
    {
        List<ContentTarget> targets = [await TargetAsync(rules, password), await TargetAsync(rules, password)];
        var results = await ContentTransfer.RunAsync(new ContentJob(_set), targets);
        Assert.All(results, r => Assert.Null(r.Error));
        Assert.Equal("from server-1", results[1].Way);
        Assert.Equal(await _fixture.ExpectedAsync(_set, "x"), await TreeAsync(targets[1].Folder));
    }

    private async Task<ContentTarget> TargetAsync(string rules = "USER ALL=(ALL) NOPASSWD: ALL", bool password = false)
    {
        var server = await SshServer.StartAsync();
        _servers.Add(server);
        await server.AllowSudoAsync(rules);
        var name = $"server-{_servers.Count}";
        _hosts.Add(server.Host(o => o with { Name = name, SudoPassword = password ? Secret.Of(SshServer.UserPassword) : null }));
        return new ContentTarget(_hosts[^1], _fixture[$"h{_hosts.Count - 1}/rootfs"]);
    }

    private sealed class Watcher(Action<long> done) : IProgress<SealerEvent>
    {
        public void Report(SealerEvent value)
        {
            if (value is ProgressEvent progress)
                done(progress.Done);
        }
    }
}
