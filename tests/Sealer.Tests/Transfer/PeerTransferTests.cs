using System.Collections.Concurrent;
using Sealer.Events;
using Sealer.Hosts;
using Sealer.Hosts.Ssh;
using Sealer.Images.Layers;
using Sealer.Tests.Hosts.Ssh;
using Sealer.Tests.Peers;
using Sealer.Transfer;
using static Sealer.Tests.Images.Layers.LayerSamples;
using static Sealer.Tests.Transfer.TransferFixture;

namespace Sealer.Tests.Transfer;

/// <summary>Several real sshds, each with a user, who has sudo; they feed each other.</summary>
[Trait("Tier", "parts")]
public sealed class PeerTransferTests : IAsyncLifetime
{
    private readonly TransferFixture _fixture = new();
    private readonly List<SshServer> _servers = [];
    private readonly List<SshHost> _hosts = [];

    public async Task InitializeAsync()
    {
        for (var i = 0; i < 3; i++)
        {
            var server = await SshServer.StartAsync();
            await server.AllowSudoAsync("USER ALL=(ALL) NOPASSWD: ALL");
            _servers.Add(server);
            var name = $"server-{i + 1}";
            _hosts.Add(server.Host(o => o with { Name = name }));
        }
    }

    public async Task DisposeAsync()
    {
        foreach (var host in _hosts)
            await host.DisposeAsync();
        foreach (var server in _servers)
            await server.DisposeAsync();
        _fixture.Dispose();
    }

    [Fact]
    public async Task Hosts_feed_each_other_and_nothing_of_it_stays()
    {
        var set = await _fixture.SetAsync(Sample());
        await System.IO.File.WriteAllTextAsync(Keys(1), "# theirs, without an end of line");
        await Peer.RunAsync("chown", "-R", $"{_servers[1].User}:{_servers[1].User}", _servers[1].Home + "/.ssh");
        var before = await Task.WhenAll(_servers.Select(s => TreeAsync(s.Home)));
        var events = new Told();
        var inspections = await ContentTransfer.InspectAsync(new ContentJob(set), Targets());
        Assert.Equal(["from the controller", "from server-1", "from server-2"], inspections.Select(i => i.Way));
        var results = await ContentTransfer.RunAsync(new ContentJob(set), Targets(), events);
        Assert.All(results, r => Assert.Null(r.Error));
        Assert.True(results.Select(r => r.Way).SequenceEqual(["from the controller", "from server-1", "from server-2"]), string.Join("; ", results.Select(r => r.Way).Concat(events.Details)));
        foreach (var target in Targets())
        {
            Assert.Equal(await _fixture.ExpectedAsync(set, "x"), await TreeAsync(target.Folder));
            Assert.Equal(["index", "stat"], Directory.GetFileSystemEntries(target.State).Select(Path.GetFileName).Order());
        }

        Assert.Equal(before, await Task.WhenAll(_servers.Select(s => TreeAsync(s.Home))));
        Assert.Equal("", await Peer.RunAsync("sh", "-c", $"ps -eo args | grep -F '{_fixture["h"]}' | grep -v grep || :"));
        Assert.All(await ContentTransfer.InspectAsync(new ContentJob(set), Targets()), i => Assert.True(i.IsSatisfied));
    }

    [Fact]
    public async Task A_host_that_has_some_of_it_is_sent_the_rest_and_an_own_file_never_goes_through_others()
    {
        var set = await _fixture.SetAsync(Sample());
        Assert.Null((await ContentTransfer.RunAsync(new ContentJob(set), [Targets()[1]]))[0].Error);
        await Peer.RunAsync("sh", "-c", $"rm '{Targets()[1].Folder}/large-1'");
        var targets = Targets().Select((t, i) => t with { Overrides = [new ContentOverride("own", Text("own " + i)) { IsSecret = true }] }).ToList();
        var results = await ContentTransfer.RunAsync(new ContentJob(set), targets);
        Assert.All(results, r => Assert.Null(r.Error));
        Assert.Equal(3_000_017 + 5, results[1].Bytes);
        for (var i = 0; i < 3; i++)
            Assert.Equal(await _fixture.ExpectedAsync(set.For(targets[i].Filter, targets[i].Overrides), "x"), await TreeAsync(targets[i].Folder));
    }

    [Fact]
    public async Task A_host_that_is_added_gets_what_is_large_from_those_that_have_it()
    {
        var set = await _fixture.SetAsync(Sample());
        Assert.All(await ContentTransfer.RunAsync(new ContentJob(set), [.. Targets().Take(2)]), r => Assert.Null(r.Error));
        var homes = await Task.WhenAll(_servers.Select(s => TreeAsync(s.Home)));
        var had = await Task.WhenAll(Targets().Take(2).Select(t => TreeAsync(t.State)));
        var job = new ContentJob(set);
        Assert.Equal(["", "", "from server-1"], (await ContentTransfer.InspectAsync(job, Targets())).Select(i => i.Way));
        var runs = ContentTransfer.RunsOf(job, Targets());
        var run = new ContentRun(job, runs, null);
        await run.RunAsync(default);
        Assert.All(runs, r => Assert.Null(r.Error));
        Assert.StartsWith("from server-1, from the controller", runs[2].Way, StringComparison.Ordinal);
        Assert.Equal((0, 0), (runs[0].Bytes, runs[1].Bytes));
        // What is small, and the tar around it.
        Assert.InRange(run.Sent, 0, set.Entries.Where(e => e.Size < HostNeed.LargeFile).Sum(e => e.Size + 2048) + 10_000);
        Assert.Equal(await _fixture.ExpectedAsync(set, "x"), await TreeAsync(Targets()[2].Folder));
        Assert.Equal(homes, await Task.WhenAll(_servers.Select(s => TreeAsync(s.Home))));
        Assert.Equal(had, await Task.WhenAll(Targets().Take(2).Select(t => TreeAsync(t.State))));
    }

    [Fact]
    public async Task Who_has_it_all_and_lets_nobody_in_is_passed_over_and_has_not_failed()
    {
        var set = await _fixture.SetAsync(Sample());
        Assert.All(await ContentTransfer.RunAsync(new ContentJob(set), [.. Targets().Take(2)]), r => Assert.Null(r.Error));
        // No folder, and so no list of keys.
        await Peer.RunAsync("sh", "-c", $"cd '{_servers[0].Home}' && rm -rf .ssh && echo > .ssh");
        var results = await ContentTransfer.RunAsync(new ContentJob(set), Targets());
        Assert.All(results, r => Assert.Null(r.Error));
        Assert.Contains("from server-2", results[2].Way, StringComparison.Ordinal);
        Assert.Equal(await _fixture.ExpectedAsync(set, "x"), await TreeAsync(Targets()[2].Folder));
    }

    [Fact]
    public async Task What_others_may_fetch_the_login_may_read_and_nobody_but_root_write()
    {
        var target = Targets()[0];
        using var tar = new MemoryStream();
        TransferTar.Add(tar, "run/prepare", 0x180, default);
        TransferTar.Add(tar, "share/serve", 0x1ED, Text(HostScripts.Serve));
        TransferTar.End(tar);
        tar.Position = 0;
        (await target.Host.RunAsync(new HostCommand(HostScripts.Begin(target)) { Elevated = true, Input = tar })).Require("begin");
        var tried = await target.Host.RunAsync(new HostCommand($"""
            cd '{target.State}/share' && cat serve > /dev/null && echo read
            for f in parts/x spool/x serve x; do ln -sf /etc/passwd $f && echo "written $f"; done
            mv parts elsewhere && echo moved; chmod 777 parts && echo changed
            """));
        Assert.Equal("read", tried.Output.Trim());
        Assert.Equal("x", (await Peer.RunAsync("sh", "-c", $"su nobody -s /bin/sh -c 'cat {target.State}/share/serve' 2>/dev/null && echo seen || echo x")).Trim());
    }

    [Fact]
    public async Task The_key_of_a_run_opens_one_command_from_one_place_until_it_is_over()
    {
        var (server, target) = (_servers[0], Targets()[0]);
        using var key = new RunKey();
        await System.IO.File.WriteAllBytesAsync(_fixture["key"], key.PrivateFile);
        await Peer.RunAsync("chmod", "600", _fixture["key"]);
        Directory.CreateDirectory(target.State + "/share");
        await System.IO.File.WriteAllTextAsync(target.State + "/share/serve", "echo served; [ ! -t 0 ] || echo terminal; echo \"agent=$SSH_AUTH_SOCK x=$LC_X\"");
        await Allow("127.0.0.1");
        foreach (var asked in (string[])["", "id", "sh -c 'id'", "-A host id"])
            Assert.Equal("served|agent= x=", await TryAsync(asked));
        // A client that insists on a terminal is told no, and may go before it has heard the rest.
        var terminal = await TryAsync("-tt host id");
        Assert.Contains("PTY allocation request failed", terminal, StringComparison.Ordinal);
        Assert.DoesNotContain("|terminal", terminal, StringComparison.Ordinal);
        Assert.DoesNotContain("SSH-2.0", await TryAsync($"-W 127.0.0.1:{server.Port}"), StringComparison.Ordinal);
        Assert.Contains("failed", await TryAsync("-o ExitOnForwardFailure=yes -R 0:127.0.0.1:1 host x"), StringComparison.OrdinalIgnoreCase);
        await Allow("127.0.0.9");
        Assert.DoesNotContain("served", await TryAsync("id"), StringComparison.Ordinal);
        await Allow("127.0.0.1");
        await ExpireAsync("209901010000");
        Assert.Contains("served", await TryAsync("id"), StringComparison.Ordinal);
        await ExpireAsync("202001010000");
        Assert.DoesNotContain("served", await TryAsync("id"), StringComparison.Ordinal);
        await ExpireAsync("209901010000");
        Assert.Contains("served", await TryAsync("id"), StringComparison.Ordinal);
        (await target.Host.RunAsync(new HostCommand(RunKey.Forbid(target)))).Require("forbid");
        Assert.DoesNotContain("served", await TryAsync("id"), StringComparison.Ordinal);

        // The file stays the user's: sshd reads it as that one.
        async Task ExpireAsync(string time) =>
            await Peer.RunAsync("sh", "-c", $"sed -i 's/expiry-time=\"[0-9]*\"/expiry-time=\"{time}\"/' '{Keys(0)}' && chown {server.User}: '{Keys(0)}'");

        async Task Allow(string source) => (await target.Host.RunAsync(new HostCommand(key.Allow(target, [source])))).Require("allow");

        async Task<string> TryAsync(string asked)
        {
            var options = asked.StartsWith('-') ? asked.Replace("host", $"{server.User}@127.0.0.1", StringComparison.Ordinal) : $"{server.User}@127.0.0.1 {asked}";
            if (asked.StartsWith("-W", StringComparison.Ordinal))
                options += $" {server.User}@127.0.0.1";
            var said = await Peer.RunAsync("sh", "-c", $"LC_X=1 timeout 20 ssh -F /dev/null -i '{_fixture["key"]}' -o IdentitiesOnly=yes -o BatchMode=yes -o SendEnv=LC_X -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -p {server.Port} {options} 2>&1 </dev/null || :");
            return string.Join('|', said.Replace("\r", "", StringComparison.Ordinal).Split('\n', StringSplitOptions.RemoveEmptyEntries));
        }
    }

    [Fact]
    public async Task A_feeder_that_says_more_and_more_fills_no_disk()
    {
        var set = await _fixture.SetAsync(Sample());
        await System.IO.File.WriteAllTextAsync(_servers[0].Home + "/.bashrc", "[ -z \"$SSH_ORIGINAL_COMMAND\" ] || yes noise >&2\n");
        using var over = new CancellationTokenSource();
        var watching = Task.Run(async () =>
        {
            var most = 0L;
            while (!over.IsCancellationRequested)
            {
                most = Math.Max(most, Said());
                await Task.Yield();
            }

            return most;
        });
        var results = await ContentTransfer.RunAsync(new ContentJob(set), [.. Targets().Take(2)]);
        await over.CancelAsync();
        Assert.All(results, r => Assert.Null(r.Error));
        Assert.Equal("from the controller", results[1].Way);
        // Where the machine is busy the file may have come and gone unseen; what is not cut short stays, and grows.
        Assert.InRange(await watching, 0, 65536);
        Assert.Contains("> \"$d/e\"", HostScripts.Receive(Targets()[1], false, new PeerAddress("127.0.0.1", 22, "nobody", [])), StringComparison.Ordinal);
    }

    private long Said()
    {
        try
        {
            return Directory.GetFiles(_fixture["h1/.sealer-rootfs/run"], "e", SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length);
        }
        catch (IOException)
        {
            // It is not there yet, or goes just now.
            return 0;
        }
    }

    private List<ContentTarget> Targets() => [.. _hosts.Select((h, i) => new ContentTarget(h, _fixture[$"h{i}/rootfs"]))];

    private string Keys(int server)
    {
        var folder = Directory.CreateDirectory(_servers[server].Home + "/.ssh").FullName;
        return folder + "/authorized_keys";
    }

    internal static IEnumerable<LayerEntry> Sample() =>
    [
        Folder("bin"), File("bin/tool", Noise(1, 9_000_001)) with { Mode = 0b111_101_101 }, File("large-1", Noise(2, 3_000_017)),
        File("small", "small"), Folder("etc"), File("etc/a b", "a"), SymbolicLink("etc/link", "../bin/tool"),
        .. Enumerable.Range(0, 300).Select(i => File($"etc/many-{i}", Noise(100 + i, 1000 + (i * 37)))),
    ];

    private sealed class Told : IProgress<SealerEvent>
    {
        private readonly ConcurrentQueue<string> _details = new();

        public IEnumerable<string> Details => _details;

        public void Report(SealerEvent value)
        {
            if (value is DetailEvent detail)
                _details.Enqueue(detail.Message);
        }
    }
}
