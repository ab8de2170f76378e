using System.Diagnostics;
using System.Security.Cryptography;
using Sealer.Delivery;
using Sealer.Hosts;
using Sealer.Hosts.Keys;
using Sealer.Hosts.Ssh;
using Sealer.Tests.Hosts.Local;
using Sealer.Tests.Peers;

namespace Sealer.Tests.Hosts.Ssh;

/// <summary>A real sshd, as it should be.</summary>
[Trait("Tier", "parts")]
public sealed class SshHostTests : IAsyncLifetime
{
    private SshServer _server = null!;

    public async Task InitializeAsync() => _server = await SshServer.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Commands_run_with_input_output_error_and_exit_code()
    {
        await using var host = _server.Host();
        var result = await host.RunAsync(new HostCommand("cat; printf 'it'\"'\"'s \\\\ $HOME %% ä\\n'; echo err >&2; exit 7") { Input = new MemoryStream("in\n"u8.ToArray()) });
        Assert.Equal(("in\nit's \\ $HOME % ä\n", "err\n", 7), (result.Output, result.Error, result.ExitCode));
        Assert.Equal(137, (await host.RunAsync(new HostCommand("kill -9 $$"))).ExitCode);
        // Who reads an input in which there is nothing finds its end.
        Assert.Equal("end\n", (await host.RunAsync(new HostCommand("cat; echo end"))).Output);
        Assert.Equal("end\n", (await host.RunAsync(new HostCommand("cat; echo end") { Input = new MemoryStream() })).Output);
    }

    [Fact]
    public async Task Commands_that_end_while_their_input_does_leave_the_connection_alone()
    {
        // sshd breaks off a connection whose channel's input ends after the channel did.
        Assert.True(ChannelInput.IsGuarded);
        await using var host = _server.Host();
        for (var i = 0; i < 200; i++)
            await host.RunAsync(new HostCommand("read -r x") { Input = new MemoryStream("x\n"u8.ToArray()) });
        Assert.DoesNotContain("nonexistent channel", _server.Log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("head -c 1000 > /dev/null; exit 3", 3)]
    [InlineData("exec sleep 0.2", 0)]
    public async Task Commands_that_do_not_read_all_of_their_input_end_when_they_do_and_leave_the_connection_alone(string script, int exitCode)
    {
        await using var host = _server.Host();
        var unread = new Unread();
        var watching = host.RunAsync(new HostCommand("cat") { Input = unread });
        // More than there is room for on a channel that nobody reads from, and so much at once that it is still sent when the command is over.
        for (var i = 0; i < 10; i++)
        {
            var results = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => host.RunAsync(new HostCommand(script) { Input = new Zeros(50_000_000) }))).WaitAsync(TimeSpan.FromMinutes(2));
            Assert.All(results, result => Assert.Equal(exitCode, result.ExitCode));
        }

        unread.End.TrySetResult();
        Assert.True((await watching).Succeeded);
        Assert.DoesNotContain("nonexistent channel", _server.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Commands_that_are_stopped_while_they_end_leave_the_connection_alone()
    {
        await using var host = _server.Host();
        for (var i = 0; i < 60; i++)
        {
            using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(i % 20));
            try
            {
                await host.RunAsync(new HostCommand("read -r x") { Input = new MemoryStream("x\n"u8.ToArray()) }, stop.Token);
            }
            catch (OperationCanceledException)
            {
            }
        }

        Assert.True((await host.RunAsync(new HostCommand("true"))).Succeeded);
        Assert.DoesNotContain("nonexistent channel", _server.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("unknown channel", _server.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_password_opens_it()
    {
        await using var host = _server.Host(o => o with { KeyFiles = [], Password = Secret.Of(SshServer.UserPassword) });
        Assert.Equal(_server.User, (await host.RunAsync(new HostCommand("id -un"))).Output.Trim());
    }

    [Theory]
    [InlineData("ed25519")]
    [InlineData("rsa")]
    [InlineData("ecdsa")]
    public async Task A_key_with_a_passphrase_opens_it(string type)
    {
        await Peer.RunAsync("ssh-keygen", "-q", "-t", type, "-N", "open sesame", "-f", _server["locked"]);
        File.Copy(_server["locked.pub"], _server["authorized_keys"], overwrite: true);
        await using var host = _server.Host(o => o with { KeyFiles = [_server["locked"]], Passphrase = Secret.Of("open sesame") });
        Assert.True((await host.RunAsync(new HostCommand("true"))).Succeeded);

        await using var closed = _server.Host(o => o with { KeyFiles = [_server["locked"]] });
        Assert.Contains("passphrase", (await Assert.ThrowsAsync<SealerException>(() => closed.ConnectAsync())).Message, StringComparison.Ordinal);
        await using var wrong = _server.Host(o => o with { KeyFiles = [_server["locked"]], Passphrase = Secret.Of("wrong sesame") });
        var error = await Assert.ThrowsAsync<SealerException>(() => wrong.ConnectAsync());
        Assert.Equal("KeyFileNotUsable", error.Id);
        Assert.DoesNotContain("sesame", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ed25519")]
    [InlineData("rsa")]
    [InlineData("ecdsa")]
    public async Task A_key_of_the_agent_opens_it(string type)
    {
        var socket = _server["agent"];
        using var agent = Process.Start(new ProcessStartInfo(Peer.Require("ssh-agent"), ["-D", "-a", socket]) { RedirectStandardOutput = true })!;
        try
        {
            for (var i = 0; i < 100 && !File.Exists(socket); i++)
                await Task.Delay(50);
            await Peer.RunAsync("ssh-keygen", "-q", "-t", type, "-N", "", "-f", _server["held"]);
            File.Copy(_server["held.pub"], _server["authorized_keys"], overwrite: true);
            await Peer.RunAsync("env", $"SSH_AUTH_SOCK={socket}", "ssh-add", "-q", _server["held"], _server["user_key"]);
            File.Delete(_server["held"]);
            await using var host = _server.Host(o => o with { KeyFiles = [], Agent = new SshAgent(socket) });
            Assert.True((await host.RunAsync(new HostCommand("true"))).Succeeded);

            await using var only = _server.Host(o => o with { KeyFiles = [], DefaultKeyFiles = [_server["held"]], IdentitiesOnly = true, Agent = new SshAgent(socket) });
            Assert.True((await only.RunAsync(new HostCommand("true"))).Succeeded);
        }
        finally
        {
            agent.Kill();
        }
    }

    [Fact]
    public async Task A_host_is_reached_through_others()
    {
        await using var far = await SshServer.StartAsync();
        await using var host = far.Host(o => o with { Via = _server.Options with { Name = "second", Via = _server.Options with { Name = "first" } } });
        Assert.Equal(far.User, (await host.RunAsync(new HostCommand("id -un"))).Output.Trim());

        await using var wrong = far.Host(o => o with { Via = _server.Options with { Name = "between", HostKeys = new HostKeyCheck(KnownHosts.Load([], [])) } });
        Assert.Equal("HostKeyUnknown", (await Assert.ThrowsAsync<SealerException>(() => wrong.ConnectAsync())).Id);
    }

    [Fact]
    public async Task The_users_configuration_leads_to_it()
    {
        await File.WriteAllTextAsync(_server["config"], $"""
            Host jump web
                HostName 127.0.0.1
                Port {_server.Port}
                User {_server.User}
                IdentityFile {_server.UserKey}
                IdentityAgent none
                UserKnownHostsFile {_server.KnownHostsFile}
            Host web
                ProxyJump jump
            """);
        await using var hosts = ClusterHosts.Of([new HostTarget("web")], new HostAccess { SshConfigFile = _server["config"] });
        var host = hosts.All[0];
        Assert.Equal("web", host.Name);
        Assert.True((await host.RunAsync(new HostCommand("true"))).Succeeded);
    }

    [Fact]
    public async Task The_cipher_is_one_that_processors_do_themselves()
    {
        using var connection = await SshConnection.OpenAsync(_server.Options, default);
        Assert.Equal("aes128-gcm@openssh.com", connection.Client.ConnectionInfo.CurrentClientEncryption);
    }

    [Theory]
    [InlineData("rsa")]
    [InlineData("ecdsa")]
    [InlineData("ed25519")]
    public async Task A_host_of_which_one_type_of_key_is_known_is_asked_for_that(string type)
    {
        await File.WriteAllTextAsync(_server.KnownHostsFile, $"[127.0.0.1]:{_server.Port} {_server.KeyText(type)}\n");
        await using var host = _server.Host();
        await host.ConnectAsync();
    }

    [Fact]
    public async Task A_hundred_commands_share_one_connection()
    {
        await using var host = _server.Host();
        var results = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => host.RunAsync(new HostCommand($"sleep 0.05; echo {i}"))));
        Assert.Equal(Enumerable.Range(0, 100).Select(i => $"{i}\n"), results.Select(r => r.Output));
        Assert.Single(_server.Log.Split('\n'), l => l.Contains("Accepted", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_large_file_goes_there_and_comes_back()
    {
        await using var host = _server.Host();
        var bytes = RandomNumberGenerator.GetBytes(20_000_003);
        var path = _server["home/large file"];
        await host.PutAsync(new MemoryStream(bytes), path);
        var got = new MemoryStream();
        await host.GetAsync(path, got);
        Assert.Equal(SHA256.HashData(bytes), SHA256.HashData(got.ToArray()));
    }

    [Fact]
    public async Task A_target_that_takes_no_more_ends_the_reading()
    {
        await using var host = _server.Host();
        await Assert.ThrowsAnyAsync<NotSupportedException>(() => host.GetAsync("/dev/zero", new MemoryStream(new byte[10], writable: true))).WaitAsync(TimeSpan.FromMinutes(1));
        Assert.True((await host.RunAsync(new HostCommand("true"))).Succeeded);
    }

    [Fact]
    public async Task A_connection_that_is_gone_is_made_anew()
    {
        await using var host = _server.Host();
        await host.RunAsync(new HostCommand("true"));
        await Assert.ThrowsAsync<SealerException>(() => host.RunAsync(new HostCommand("kill $(ps -o ppid= -p $PPID) $PPID; sleep 30")));
        Assert.True((await host.RunAsync(new HostCommand("true"))).Succeeded);
    }

    [Fact]
    public async Task A_command_is_stopped_when_it_is_cancelled_or_takes_too_long()
    {
        await using var host = _server.Host();
        var file = _server["home/pid"];
        Assert.Equal("HostCommandTimedOut", (await Assert.ThrowsAsync<SealerException>(() => host.RunAsync(
            new HostCommand($"echo $$ > {file}; exec sleep 60") { Timeout = TimeSpan.FromSeconds(2) }))).Id);
        var pid = (await File.ReadAllTextAsync(file)).Trim();
        for (var i = 0; i < 50 && Directory.Exists("/proc/" + pid); i++)
            await Task.Delay(100);
        Assert.False(Directory.Exists("/proc/" + pid));
        using var cancel = new CancellationTokenSource(500);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => host.RunAsync(new HostCommand("sleep 60"), cancel.Token));
        Assert.True((await host.RunAsync(new HostCommand("true"))).Succeeded);
    }

    [Theory]
    [InlineData("NOPASSWD", "USER ALL=(ALL) NOPASSWD: ALL", false)]
    [InlineData("NOPASSWD, though one is given", "USER ALL=(ALL) NOPASSWD: ALL", true)]
    [InlineData("password", "USER ALL=(ALL) ALL", true)]
    [InlineData("requiretty", "Defaults:USER requiretty\nUSER ALL=(ALL) NOPASSWD: ALL", false)]
    [InlineData("requiretty and password", "Defaults:USER requiretty\nUSER ALL=(ALL) ALL", true)]
    public async Task Sudo_runs_commands_as_root_with_their_input_untouched(string what, string rules, bool withPassword)
    {
        await _server.AllowSudoAsync(rules);
        await using var host = _server.Host(o => o with { SudoPassword = withPassword ? Secret.Of(SshServer.UserPassword) : null });
        var bytes = RandomNumberGenerator.GetBytes(300_000);
        var output = new MemoryStream();
        var lines = new LocalHostTests.Collected();
        var result = await host.RunAsync(new HostCommand("id -u >&2; echo \"$TOKEN\" >&2; cat; exit 5")
        {
            Elevated = true,
            Input = new MemoryStream(bytes),
            Output = output,
            Lines = lines,
            Secrets = new Dictionary<string, Secret> { ["TOKEN"] = Secret.Of("t0k3n") },
        });
        Assert.True(result.ExitCode == 5, what);
        Assert.Equal("0\nt0k3n\n", result.Error);
        Assert.Equal(bytes, output.ToArray());
        Assert.DoesNotContain(lines.Lines, l => l.Text.Contains("t0k3n", StringComparison.Ordinal) || l.Text.Contains(SshServer.UserPassword, StringComparison.Ordinal));

        // What any user there sees of it while it runs.
        var seen = await host.RunAsync(new HostCommand("cat /proc/[0-9]*/cmdline | tr '\\0' ' '") { Elevated = true });
        Assert.DoesNotContain(SshServer.UserPassword, seen.Output, StringComparison.Ordinal);
    }

    private sealed class Zeros(long count) : MemoryStream
    {
        private long _left = count;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = (int)Math.Min(buffer.Length, _left);
            _left -= read;
            return ValueTask.FromResult(read);
        }
    }

    private sealed class Unread : MemoryStream
    {
        public TaskCompletionSource End { get; } = new();

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await End.Task.WaitAsync(cancellationToken);
            return 0;
        }
    }
}
