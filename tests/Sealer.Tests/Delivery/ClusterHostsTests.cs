using System.Net;
using Sealer.Clusterfiles.Documents;
using Sealer.Delivery;
using Sealer.Hosts;
using Sealer.Hosts.Configuration;
using Sealer.Hosts.Local;
using Sealer.Hosts.Ssh;
using Reached = Sealer.Clusterfiles.Documents.SshSettings;

namespace Sealer.Tests.Delivery;

/// <summary>How what is given, what a Clusterfile says and what ssh_config says come together.</summary>
public sealed class ClusterHostsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_cluster_says_who_logs_in_and_ssh_config_the_rest()
    {
        var way = Way(
            new Reached { Port = 2222, SudoPassword = Secret.Of("sud0") },
            config: "Host 10.0.0.1\n  User nobody\n  HostKeyAlias first\n  IdentityFile /keys/mine\n  ConnectTimeout 7\n  ServerAliveInterval 3\n  ServerAliveCountMax 4\n");
        Assert.Equal(("root", 2222, "first"), (way.User, way.Port, way.HostKeyAlias));
        Assert.Equal(["/keys/mine"], way.DefaultKeyFiles);
        Assert.Equal((7d, 3d, 4), (way.ConnectTimeout.TotalSeconds, way.KeepAlive.TotalSeconds, way.KeepAliveCount));
        Assert.Equal("sud0", way.SudoPassword?.Reveal());
    }

    [Fact]
    public void What_is_given_wins()
    {
        var settings = new Reached { User = "file", Port = 1, Password = Secret.Of("old"), PrivateKeyPath = "/file", ProxyJump = "file" };
        var way = Way(settings, new HostAccess { User = "given", Port = 2, Password = Secret.Of("new"), KeyFile = "/given", ProxyJump = "none", HostKeys = HostKeyPolicy.AcceptNew });
        Assert.Equal(("given", 2, "new", "new"), (way.User, way.Port, way.Password?.Reveal(), way.SudoPassword?.Reveal()));
        Assert.Equal(["/given"], way.KeyFiles);
        Assert.Null(way.Via);
        Assert.Equal(HostKeyPolicy.AcceptNew, way.HostKeys.Policy);
    }

    [Fact]
    public void A_key_that_is_named_is_the_only_one_that_is_shown()
    {
        var way = Way(new Reached { PrivateKeyPath = "~/mine", Password = Secret.Of("both") }, config: "IdentityFile /keys/other\n");
        Assert.Equal([Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), "mine")], way.KeyFiles);
        Assert.True(way.IdentitiesOnly);
        Assert.Empty(way.DefaultKeyFiles);
        Assert.False(way.PasswordFirst);
        Assert.True(Way(new Reached { Password = Secret.Of("alone") }).PasswordFirst);
    }

    [Fact]
    public void A_host_on_the_way_is_shown_the_key_and_never_the_password()
    {
        var way = Way(new Reached { ProxyJump = "one@10.9.0.1:2200, ten.example.com", Password = Secret.Of("secret"), PrivateKeyPath = "/key" });
        var second = way.Via!;
        var first = second.Via!;
        Assert.Equal(("10.9.0.1", 2200, "one"), (first.Address, first.Port, first.User));
        Assert.Equal("ten.example.com", second.Address);
        Assert.Null(first.Via);
        Assert.Equal(["/key"], second.KeyFiles);
        Assert.Null(first.Password);
        Assert.Null(second.Password);
        Assert.Null(second.SudoPassword);
    }

    [Fact]
    public void A_host_on_the_way_that_is_of_the_cluster_keeps_its_own_settings()
    {
        var cluster = Cluster(new Reached { ProxyJump = "root@10.0.0.2" }, new Reached { Password = Secret.Of("of two"), HostKeyFingerprints = [Print] });
        var ways = new HostWays([.. cluster.Hosts.Select(HostTarget.Of)], Access());
        var via = ways.To(HostTarget.Of(cluster.Hosts[0])).Via!;
        Assert.Equal("of two", via.Password?.Reveal());
        Assert.Equal([Print], via.HostKeys.Fingerprints);
    }

    [Fact]
    public void Fingerprints_of_a_file_are_checked_and_those_that_are_given_are_written_down_too()
    {
        Assert.Equal([Print], Way(new Reached { HostKeyFingerprints = [Print] }).HostKeys.Fingerprints);
        Assert.False(Way(new Reached { HostKeyFingerprints = [Print] }).HostKeys.WritesVouched);
        Assert.True(Way(new Reached(), new HostAccess { HostKeyFingerprints = [Print] }).HostKeys.WritesVouched);
    }

    [Fact]
    public async Task One_host_without_a_way_fails_alone()
    {
        await using var hosts = ClusterHosts.Of([new HostTarget("10.0.0.1") { ProxyJump = "a b;c" }, new HostTarget("127.0.0.1") { Name = "here" }], Access() with { LocalDirectly = true });
        var failed = await hosts.ForEachAsync(hosts.All, (host, ct) => host.RunAsync(new HostCommand("true"), ct));
        var (host, error) = Assert.Single(failed);
        Assert.Equal(("10.0.0.1", "ProxyJumpInvalid"), (host.Name, Assert.IsType<SealerException>(error).Id));
        Assert.Equal("here", hosts[IPAddress.Loopback].Name);
        Assert.Equal("HostNotInCluster", Assert.Throws<SealerException>(() => hosts[IPAddress.Parse("10.0.0.99")]).Id);
    }

    [Fact]
    public async Task This_machine_is_worked_on_directly_only_where_that_was_asked_for()
    {
        await using var asked = ClusterHosts.Of([new HostTarget("127.0.0.1"), new HostTarget("10.0.0.1")], Access() with { LocalDirectly = true });
        Assert.IsType<LocalHost>(asked.All[0]);
        Assert.IsType<SshHost>(asked.All[1]);
        await using var not = ClusterHosts.Of([new HostTarget("127.0.0.1")], Access());
        Assert.IsType<SshHost>(not.All[0]);
    }

    [Fact]
    public async Task No_more_hosts_are_worked_on_at_once_than_allowed()
    {
        var targets = Enumerable.Range(1, 20).Select(i => new HostTarget($"127.0.0.{i}")).ToList();
        await using var hosts = ClusterHosts.Of(targets, Access() with { LocalDirectly = true, ThrottleLimit = 3 });
        var (now, most) = (0, 0);
        var three = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var failed = await hosts.ForEachAsync(hosts.All, async (_, ct) =>
        {
            var mine = Interlocked.Increment(ref now);
            lock (targets)
                most = Math.Max(most, mine);
            // As many as are allowed are there before the first one leaves.
            if (mine == 3)
                three.TrySetResult();
            await three.Task.WaitAsync(TimeSpan.FromMinutes(1), ct);
            await Task.Delay(20, ct);
            Interlocked.Decrement(ref now);
        });
        Assert.Empty(failed);
        Assert.Equal(3, most);
    }

    private static string Print => "SHA256:" + new string('a', 43);

    private static HostAccess Access() => new() { SshConfigFile = "none" };

    private static ClusterSpec Cluster(params Reached[] settings) => new()
    {
        Name = "c",
        Hosts = [.. settings.Select((s, i) => new HostSpec { Address = IPAddress.Parse($"10.0.0.{i + 1}"), Ssh = s })],
    };

    private SshHostOptions Way(Reached settings, HostAccess? access = null, string? config = null)
    {
        File.WriteAllText(_folder["config"], config ?? "");
        access = (access ?? new HostAccess()) with { SshConfigFile = _folder["config"] };
        var target = access.Over(HostTarget.Of(Cluster(settings).Hosts[0]));
        return new HostWays([target], access).To(target);
    }
}
