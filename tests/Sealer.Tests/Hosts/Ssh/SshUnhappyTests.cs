using Sealer.Hosts;
using Sealer.Hosts.Configuration;
using Sealer.Hosts.Keys;
using Sealer.Tests.Peers;

namespace Sealer.Tests.Hosts.Ssh;

/// <summary>A real sshd on its bad days: each error names the host and the next step, none tells a secret.</summary>
[Trait("Tier", "parts")]
public sealed class SshUnhappyTests
{
    private const string Wrong = "wr0ng-password";

    [Fact]
    public async Task A_wrong_password_is_refused()
    {
        await using var server = await SshServer.StartAsync();
        await using var host = server.Host(o => o with { KeyFiles = [], Password = Secret.Of(Wrong) });
        await TellsAsync(() => host.ConnectAsync(), "HostAuthenticationFailed", "Give the right password or key");
    }

    [Fact]
    public async Task A_port_where_nobody_listens_is_unreachable()
    {
        await using var server = await SshServer.StartAsync();
        await using var host = server.Host(o => o with { Port = SshServer.FreePort() });
        await TellsAsync(() => host.ConnectAsync(), "HostUnreachable", "Look whether");
    }

    [Fact]
    public async Task A_port_that_never_answers_is_given_up()
    {
        await using var server = await SshServer.StartAsync();
        using var silent = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        silent.Start();
        await using var host = server.Host(o => o with { Port = ((System.Net.IPEndPoint)silent.LocalEndpoint).Port, ConnectTimeout = TimeSpan.FromSeconds(2) });
        await TellsAsync(() => host.ConnectAsync(), "HostUnreachable", "did not answer");
    }

    [Fact]
    public async Task Commands_that_wait_for_one_attempt_to_connect_have_its_outcome()
    {
        await using var server = await SshServer.StartAsync();
        using var silent = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        silent.Start();
        await using var host = server.Host(o => o with { Port = ((System.Net.IPEndPoint)silent.LocalEndpoint).Port, ConnectAttempts = 1 });
        var commands = Enumerable.Range(0, 3).Select(_ => host.ConnectAsync()).ToList();
        (await silent.AcceptSocketAsync()).Dispose();
        foreach (var command in commands)
            await TellsAsync(() => command, "HostUnreachable", "Look");
        Assert.False(silent.Pending());

        // The next one is an attempt of its own.
        var next = host.ConnectAsync();
        (await silent.AcceptSocketAsync()).Dispose();
        await TellsAsync(() => next, "HostUnreachable", "Look");
    }

    [Fact]
    public async Task Unknown_changed_and_revoked_keys_are_refused_and_taken_only_when_asked()
    {
        await using var server = await SshServer.StartAsync();
        var name = $"[127.0.0.1]:{server.Port}";
        await File.WriteAllTextAsync(server.KnownHostsFile, "");
        await using var unknown = server.Host();
        await TellsAsync(() => unknown.ConnectAsync(), "HostKeyUnknown", "ssh-keygen -lf");
        Assert.Equal("", await File.ReadAllTextAsync(server.KnownHostsFile));

        await using var given = server.Host(o => o with { HostKeys = server.Keys(HostKeyPolicy.Ask, FingerprintOf(server, "rsa")) });
        await TellsAsync(() => given.ConnectAsync(), "HostKeyNotAsGiven", "127.0.0.1");
        await using var accepting = server.Host(o => o with { HostKeys = server.Keys(HostKeyPolicy.AcceptNew) });
        await accepting.ConnectAsync();
        Assert.StartsWith(name, await File.ReadAllTextAsync(server.KnownHostsFile), StringComparison.Ordinal);

        await Peer.RunAsync("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", server["former"]);
        await File.WriteAllTextAsync(server.KnownHostsFile, $"{name} {string.Join(' ', File.ReadAllText(server["former.pub"]).Split(' ').Take(2))}\n");
        await using var changed = server.Host(o => o with { HostKeys = server.Keys(HostKeyPolicy.Off) });
        await TellsAsync(() => changed.ConnectAsync(), "HostKeyChanged", "ssh-keygen -R");

        await File.WriteAllTextAsync(server.KnownHostsFile, string.Concat(SshServer.Types.Select(t => $"@revoked * {server.KeyText(t)}\n")));
        await using var revoked = server.Host(o => o with { HostKeys = server.Keys(HostKeyPolicy.AcceptNew) });
        await TellsAsync(() => revoked.ConnectAsync(), "HostKeyRevoked", "revokes");
    }

    [Theory]
    [InlineData("127.0.0.1", true)]
    [InlineData("elsewhere", false)]
    public async Task A_key_that_an_authority_signed_is_known(string principal, bool trusted)
    {
        await using var server = await SshServer.StartAsync("HostCertificate FOLDER/ed25519-cert.pub", prepare: async folder =>
        {
            await Peer.RunAsync("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder["ca"]);
            await Peer.RunAsync("ssh-keygen", "-q", "-s", folder["ca"], "-h", "-I", "test", "-n", principal, "-V", "-1h:+1h", folder["ed25519.pub"]);
        });
        await File.WriteAllTextAsync(server.KnownHostsFile, $"@cert-authority [127.0.0.1]:* {string.Join(' ', File.ReadAllText(server["ca.pub"]).Split(' ').Take(2))}\n");
        await using var host = server.Host(o => o with { HostKeys = server.Keys() });
        if (trusted)
            await host.ConnectAsync();
        else
            await TellsAsync(() => host.ConnectAsync(), "HostKeyUnknown", "127.0.0.1");
    }

    [Fact]
    public async Task Sudo_that_is_refused_says_why()
    {
        await using var server = await SshServer.StartAsync();
        var command = new HostCommand("id") { Elevated = true, Input = new MemoryStream(new byte[100_000]) };
        await using var without = server.Host();
        await using var wrong = server.Host(o => o with { SudoPassword = Secret.Of(Wrong) });
        await using var right = server.Host(o => o with { SudoPassword = Secret.Of(SshServer.UserPassword) });
        await TellsAsync(() => right.RunAsync(command), "SudoRefused", "sudoers");
        await server.AllowSudoAsync("USER ALL=(ALL) ALL");
        await TellsAsync(() => without.RunAsync(command), "SudoPasswordRequired", "NOPASSWD");
        await TellsAsync(() => wrong.RunAsync(command), "SudoPasswordWrong", "Give the right one");
    }

    [Theory]
    [InlineData("/bin/bash")]
    [InlineData("/bin/dash")]
    [InlineData("/bin/tcsh")]
    [InlineData("/usr/bin/fish")]
    public async Task Noisy_start_files_and_other_shells_change_nothing(string shell)
    {
        await using var server = await SshServer.StartAsync("Banner FOLDER/banner\nPrintMotd yes", shell);
        await File.WriteAllTextAsync(server["banner"], "WELCOME ##vso[x]\n");
        const string Noise = "echo '##vso[noise]'; echo noisy\n";
        foreach (var file in new[] { ".bashrc", ".tcshrc", ".cshrc", ".profile" })
            await File.WriteAllTextAsync(Path.Combine(server.Home, file), Noise);
        Directory.CreateDirectory(Path.Combine(server.Home, ".config/fish"));
        await File.WriteAllTextAsync(Path.Combine(server.Home, ".config/fish/config.fish"), Noise);
        await server.AllowSudoAsync("USER ALL=(ALL) NOPASSWD: ALL");
        await using var host = server.Host();
        const string Script = "x='a b'; for i in 1 2; do echo \"$x!$i\"; done; printf '%s\\n' '\\n' \"it's\" `echo y` 2>&1\necho 'end;#'";
        foreach (var elevated in new[] { false, true })
        {
            var result = await host.RunAsync(new HostCommand(Script) { Elevated = elevated });
            Assert.Equal(("a b!1\na b!2\n\\n\nit's\ny\nend;#\n", ""), (result.Output, result.Error));
        }
    }

    [Fact]
    public async Task A_login_shell_that_runs_nothing_is_told()
    {
        await using var server = await SshServer.StartAsync(shell: "/usr/sbin/nologin");
        await using var host = server.Host();
        await TellsAsync(() => host.RunAsync(new HostCommand("true")), "HostShellUnusable", "login shell");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Fewer_sessions_than_wanted_only_take_longer(int sessions)
    {
        await using var server = await SshServer.StartAsync($"MaxSessions {sessions}");
        await using var host = server.Host();
        var results = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => host.RunAsync(new HostCommand($"sleep 0.1; echo {i}"))));
        Assert.Equal(Enumerable.Range(0, 12).Select(i => $"{i}\n"), results.Select(r => r.Output));
    }

    [Fact]
    public async Task No_session_at_all_is_told()
    {
        await using var server = await SshServer.StartAsync("MaxSessions 0");
        await using var host = server.Host();
        await TellsAsync(() => host.RunAsync(new HostCommand("true")), "HostRefusedChannel", "MaxSessions");
    }

    [Fact]
    public async Task A_host_that_is_cut_off_while_a_command_runs_is_given_up()
    {
        await using var server = await SshServer.StartAsync();
        await using var host = server.Host(o => o with { KeepAlive = TimeSpan.FromSeconds(1), ConnectTimeout = TimeSpan.FromSeconds(3) });
        var file = Path.Combine(server.Home, "begun");
        var running = host.RunAsync(new HostCommand($"touch {file}; exec sleep 300"));
        while (!File.Exists(file))
            await Task.Delay(50);
        await server.FreezeAsync();
        await TellsAsync(() => running, "HostConnectionLost", "run this again");
    }

    [Fact]
    public async Task A_long_silent_command_is_not_given_up()
    {
        await using var server = await SshServer.StartAsync("MaxSessions 1");
        await using var host = server.Host(o => o with { KeepAlive = TimeSpan.FromMilliseconds(300) });
        Assert.Equal("done\n", (await host.RunAsync(new HostCommand("sleep 3; echo done"))).Output);
    }

    [Fact]
    public async Task A_server_that_dies_in_mid_copy_leaves_nothing_under_the_name()
    {
        await using var server = await SshServer.StartAsync();
        await using var host = server.Host();
        var path = Path.Combine(server.Home, "file");
        using var content = new Endless(() => server.Kill());
        await TellsAsync(() => host.PutAsync(content, path), "HostConnectionLost", "run this again");
        Assert.False(File.Exists(path));
    }

    [Fact]
    public async Task Content_that_breaks_off_here_is_never_put_in_its_place()
    {
        await using var server = await SshServer.StartAsync();
        await using var host = server.Host();
        var path = Path.Combine(server.Home, "file");
        using var content = new Endless(() => throw new IOException("gone", new InvalidOperationException()));
        await Assert.ThrowsAsync<IOException>(() => host.PutAsync(content, path));
        Assert.False(File.Exists(path));
    }

    private static string FingerprintOf(SshServer server, string type) => HostKey.TryParse(server.KeyText(type).Split(' ')[0], server.KeyText(type).Split(' ')[1])!.Fingerprint;

    private static async Task TellsAsync(Func<Task> act, string id, string nextStep)
    {
        var error = await Assert.ThrowsAsync<SealerException>(act).WaitAsync(TimeSpan.FromMinutes(1));
        Assert.True(error.Id == id, error.ToString());
        Assert.True(error.Message.Contains("server", StringComparison.Ordinal) || error.Message.Contains("127.0.0.1", StringComparison.Ordinal), error.Message);
        Assert.Contains(nextStep, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Wrong, error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(SshServer.UserPassword, error.ToString(), StringComparison.Ordinal);
    }

    /// <summary>Zeros without end, until something happens after 40 MB.</summary>
    private sealed class Endless(Action happens) : MemoryStream
    {
        private long _count;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_count < 40_000_000 && (_count += buffer.Length) >= 40_000_000)
                happens();
            buffer.Span.Clear();
            return ValueTask.FromResult(buffer.Length);
        }
    }
}
