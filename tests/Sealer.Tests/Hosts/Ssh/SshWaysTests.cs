using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using Sealer.Delivery;
using Sealer.Delivery.Copying;
using Sealer.Hosts;
using Sealer.Hosts.Keys;
using Sealer.Hosts.Ssh;
using Sealer.Tests.Peers;

namespace Sealer.Tests.Hosts.Ssh;

/// <summary>Less usual ways to a real sshd, and over it.</summary>
[Trait("Tier", "parts")]
[SupportedOSPlatform("linux")]
public sealed class SshWaysTests
{
    [Fact]
    public async Task An_ipv6_address_is_reached_and_known()
    {
        await using var server = await SshServer.StartAsync("ListenAddress ::1");
        await File.WriteAllTextAsync(server.KnownHostsFile, $"[::1]:{server.Port} {server.KeyText("ed25519")}\n");
        await using var host = server.Host(o => o with { Address = "::1" });
        Assert.Equal(server.User, (await host.RunAsync(new HostCommand("id -un"))).Output.Trim());
        await using var jump = server.Host(o => o with { Address = "::1", Via = server.Options with { Address = "::1" } });
        Assert.True((await jump.RunAsync(new HostCommand("true"))).Succeeded);
    }

    [Fact]
    public async Task What_is_on_its_way_to_a_host_is_not_limited_to_what_SSH_NET_thinks_enough()
    {
        await using var server = await SshServer.StartAsync();
        using var connection = await SshConnection.OpenAsync(server.Options, default);
        var isLocked = new byte[4];
        // SO_BUF_LOCK; an older kernel does not know it, and gives what is asked for, up to a limit of its own.
        try
        {
            connection.Socket!.GetRawSocketOption(1, 72, isLocked);
            Assert.Equal(0, BitConverter.ToInt32(isLocked));
        }
        catch (SocketException)
        {
            Assert.True(connection.Socket!.SendBufferSize > 300_000);
        }
    }

    [LinuxFact]
    public async Task What_a_host_that_is_cut_off_does_not_take_is_no_sign_of_its_life()
    {
        await using var server = await SshServer.StartAsync();
        using var connection = await SshConnection.OpenAsync(server.Options with { KeepAlive = TimeSpan.FromSeconds(7), KeepAliveCount = 2 }, default);
        var timeout = new byte[4];
        // TCP_USER_TIMEOUT, in milliseconds.
        connection.Socket!.GetRawSocketOption(6, 18, timeout);
        Assert.Equal(14_000, BitConverter.ToInt32(timeout));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_certificate_opens_it_beside_the_key_or_named(bool beside)
    {
        await using var server = await SshServer.StartAsync("TrustedUserCAKeys FOLDER/user_ca.pub", prepare: folder =>
            Peer.RunAsync("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder["user_ca"]));
        await File.WriteAllTextAsync(server["authorized_keys"], "");
        await using (var without = server.Host())
            Assert.Equal("HostAuthenticationFailed", (await Assert.ThrowsAsync<SealerException>(() => without.ConnectAsync())).Id);
        await Peer.RunAsync("ssh-keygen", "-q", "-s", server["user_ca"], "-I", "test", "-n", server.User, "-V", "-1h:+1h", server.UserKey + ".pub");
        var certificate = server.UserKey + "-cert.pub";
        if (!beside)
        {
            File.Move(certificate, server["named.pub"]);
            await Peer.RunAsync("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", server["other"]);
            await Peer.RunAsync("ssh-keygen", "-q", "-s", server["user_ca"], "-I", "other", "-n", server.User, server["other.pub"]);
        }

        await using var host = server.Host(o => o with { CertificateFiles = beside ? [] : [server["other-cert.pub"], server["named.pub"]] });
        Assert.True((await host.RunAsync(new HostCommand("true"))).Succeeded);
    }

    [Fact]
    public async Task The_way_through_a_host_is_shut_to_other_users_of_this_machine()
    {
        await using var server = await SshServer.StartAsync();
        await using var host = server.Host(o => o with { Via = server.Options });
        await host.ConnectAsync();
        using var stranger = new System.Net.Sockets.TcpClient();
        await stranger.ConnectAsync(System.Net.IPAddress.Loopback, Assert.Single(host.Tunnels));
        // sshd would say its name.
        Assert.Equal(0, await stranger.GetStream().ReadAsync(new byte[100]));
        Assert.True((await host.RunAsync(new HostCommand("true"))).Succeeded);
    }

    [Fact]
    public async Task A_server_that_turns_us_away_once_is_asked_again_and_one_that_refuses_is_not()
    {
        await using var server = await SshServer.StartAsync();
        using var busy = new BusyOnce(server.Port);
        await File.WriteAllTextAsync(server.KnownHostsFile, $"[127.0.0.1]:{busy.Port} {server.KeyText("ed25519")}\n");
        await using (var host = server.Host(o => o with { Port = busy.Port }))
            Assert.True((await host.RunAsync(new HostCommand("true"))).Succeeded);
        Assert.Equal(2, busy.Connections);

        await using var wrong = server.Host(o => o with { Port = busy.Port, KeyFiles = [], Password = Secret.Of("wrong-one") });
        Assert.Equal("HostAuthenticationFailed", (await Assert.ThrowsAsync<SealerException>(() => wrong.ConnectAsync())).Id);
        Assert.Equal(3, busy.Connections);
    }

    [Fact]
    public async Task A_large_file_is_asked_for_in_parts_and_none_before_the_last_was_taken()
    {
        // SSH.NET keeps in memory what nobody has taken yet, and tells the host to go on.
        const long Part = 32L << 20;
        await using var server = await SshServer.StartAsync("LogLevel VERBOSE");
        await using var host = server.Host();
        var path = Path.Combine(server.Home, "large");
        await Peer.RunAsync("truncate", "-s", "1G", path);
        int Asked() => server.Log.Split('\n').Count(l => l.Contains("Starting session: command", StringComparison.Ordinal));
        var early = 0;
        await using var taking = new Taking(count => early += Asked() > (count / Part) + 1 ? 1 : 0);
        await host.GetAsync(path, taking);
        Assert.Equal((1L << 30, 0), (taking.Count, early));
        while (Asked() < 1 << 5)
            await Task.Delay(50);
    }

    [Fact]
    public async Task A_file_that_changes_between_two_parts_is_not_taken_for_one()
    {
        await using var server = await SshServer.StartAsync();
        await using var host = server.Host();
        var path = Path.Combine(server.Home, "large");
        await Peer.RunAsync("truncate", "-s", "70M", path);
        var error = await Assert.ThrowsAsync<SealerException>(() => host.GetAsync(
            path, Stream.Null, new HostFileOptions { Progress = new Immediate(_ => File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch)) }));
        Assert.Equal("HostFileChanged", error.Id);
        await host.GetAsync(path, Stream.Null);
    }

    [Fact]
    public async Task A_script_runs_where_tmp_is_noexec_and_leaves_nothing()
    {
        await using var server = await SshServer.StartAsync();
        var tmp = server["tmp"];
        Directory.CreateDirectory(tmp);
        await Peer.RunAsync("mount", "-t", "tmpfs", "-o", "noexec,mode=1777", "tmpfs", tmp);
        try
        {
            await using var host = server.Host();
            var script = "\uFEFF#!/bin/bash -e\r\n[[ $0 == */tune.sh ]] && echo \"$1|$2|$TOKEN\"\r\nexit 3\r\n";
            var result = await host.RunAsync(HostScript.Command("tune.sh", System.Text.Encoding.UTF8.GetBytes(script), "a b", "it's") with
            {
                Variables = new Dictionary<string, string> { ["TMPDIR"] = tmp },
                Secrets = new Dictionary<string, Secret> { ["TOKEN"] = Secret.Of("t0k3n") },
            });
            Assert.Equal(("a b|it's|t0k3n\n", 3), (result.Output, result.ExitCode));
            Assert.Empty(Directory.GetFileSystemEntries(tmp));
        }
        finally
        {
            await Peer.RunAsync("umount", "-l", tmp);
        }
    }

    [Fact]
    public async Task A_copy_whose_session_is_killed_goes_on_where_it_was()
    {
        await using var server = await SshServer.StartAsync();
        await using var host = server.Host();
        var bytes = RandomNumberGenerator.GetBytes(60_000_000);
        await File.WriteAllBytesAsync(server["large"], bytes);
        var kill = 0;
        var sent = await HostCopy.SendAsync(host, await LocalItems.ReadAsync([server["large"]]), Path.Combine(server.Home, "there") + "/", new CopyOptions
        {
            Progress = new Immediate<(long Done, long Total)>(p =>
            {
                if (p.Done > 30_000_000 && Interlocked.Exchange(ref kill, 1) == 0)
                    server.CutAsync().GetAwaiter().GetResult();
            }),
        });
        Assert.Equal(1, kill);
        Assert.InRange(sent.Bytes, 1, bytes.Length - 1);
        Assert.Equal(SHA256.HashData(bytes), SHA256.HashData(await File.ReadAllBytesAsync(Path.Combine(server.Home, "there", "large"))));
    }

    [Fact]
    public async Task An_unknown_host_is_told_how_to_make_known_and_is_known_then()
    {
        await using var server = await SshServer.StartAsync();
        await File.WriteAllTextAsync(server.KnownHostsFile, "");
        await File.WriteAllTextAsync(server["config"], $"UserKnownHostsFile {server.KnownHostsFile}\nGlobalKnownHostsFile none\nIdentityAgent none\n");
        var access = new HostAccess { SshConfigFile = server["config"], User = server.User, KeyFile = server.UserKey, Port = server.Port };
        var told = await ConnectAsync(access);
        Assert.Equal("HostKeyUnknown", told?.Id);
        var print = HostKey.TryParse("ssh-ed25519", server.KeyText("ed25519").Split(' ')[1])!.Fingerprint;
        Assert.Contains($"Get-ClusterHost -Address '[127.0.0.1]:{server.Port}' -HostKey SHA256:", told!.Message, StringComparison.Ordinal);

        // Even where the login fails then.
        var all = SshServer.Types.Select(t => server.KeyText(t).Split(' ')).Select(k => HostKey.TryParse(k[0], k[1])!.Fingerprint).ToList();
        Assert.Contains(print, all);
        Assert.Equal("HostAuthenticationFailed", (await ConnectAsync(access with { HostKeyFingerprints = all, User = "no-such-user" }))?.Id);
        Assert.Null(await ConnectAsync(access));

        static async Task<SealerException?> ConnectAsync(HostAccess access)
        {
            await using var hosts = ClusterHosts.Of([new HostTarget("127.0.0.1")], access);
            var failed = await hosts.ForEachAsync(hosts.All, (host, ct) => host.RunAsync(new HostCommand("true"), ct));
            return failed.Count == 0 ? null : Assert.IsType<SealerException>(failed[0].Error);
        }
    }

    [Fact]
    public async Task A_secret_that_the_host_repeats_is_in_no_error()
    {
        await using var server = await SshServer.StartAsync();
        await using var host = server.Host();
        var result = await host.RunAsync(new HostCommand("echo \"$TOKEN ##vso[x]\" >&2; exit 9") { Secrets = new Dictionary<string, Secret> { ["TOKEN"] = Secret.Of("hunter2222") } });
        Assert.Equal("*** # #vso[x]\n", result.ShownError);
        var error = Assert.Throws<SealerException>(() => result.Require("try"));
        Assert.Contains("exit code 9", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter", error.Message, StringComparison.Ordinal);
    }

    private sealed class Immediate(Action<long> action) : IProgress<long>
    {
        public void Report(long value) => action(value);
    }

    private sealed class Immediate<T>(Action<T> action) : IProgress<T>
    {
        public void Report(T value) => action(value);
    }

    private sealed class Taking(Action<long> taken) : MemoryStream
    {
        private long _next;

        public long Count { get; private set; }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (Count >= _next)
            {
                taken(Count);
                _next += 8 << 20;
            }

            Count += buffer.Length;
            return ValueTask.CompletedTask;
        }
    }

    /// <summary>Leads to a port, except the first who comes.</summary>
    private sealed class BusyOnce : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private int _connections;

        public BusyOnce(int port)
        {
            _listener.Start();
            _ = Task.Run(() => ServeAsync(port));
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public int Connections => _connections;

        public void Dispose() => _listener.Dispose();

        private async Task ServeAsync(int port)
        {
            while (true)
            {
                TcpClient client;
                try
                {
                    client = await _listener.AcceptTcpClientAsync();
                }
                catch (Exception e) when (e is SocketException or ObjectDisposedException)
                {
                    return;
                }

                if (Interlocked.Increment(ref _connections) == 1)
                    client.Close();
                else
                    _ = Task.Run(() => LeadAsync(client, port));
            }
        }

        private static async Task LeadAsync(TcpClient client, int port)
        {
            using var server = new TcpClient();
            using (client)
            {
                await server.ConnectAsync(IPAddress.Loopback, port);
                await Task.WhenAny(client.GetStream().CopyToAsync(server.GetStream()), server.GetStream().CopyToAsync(client.GetStream()));
            }
        }
    }
}
