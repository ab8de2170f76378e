using System.Security.Cryptography;
using Sealer.Delivery;
using Sealer.Delivery.Copying;
using Sealer.Hosts;
using Sealer.Hosts.Facts;
using Sealer.Hosts.Ssh;
using Sealer.Labs;
using Sealer.Tests.Labs;

namespace Sealer.Tests.Delivery;

/// <summary>Hosts of a lab: their bad days, each with its own story, and the same again afterwards.</summary>
[Trait("Tier", "lab")]
[Collection(LabCollection.Name)]
public sealed class LabHostsTests(LabFixture fixture)
{
    [Fact]
    public async Task All_hosts_tell_of_themselves_and_one_that_is_off_stops_nobody()
    {
        var lab = await fixture.SharedAsync();
        await using var hosts = Of(lab.Hosts);
        var cut = lab.Hosts[1];
        await cut.CutOffAsync();
        try
        {
            var names = new List<string>();
            var failed = await hosts.ForEachAsync(hosts.All, async (host, ct) =>
            {
                var facts = await HostFactsReader.GatherAsync(host, elevated: true, ct);
                lock (names)
                    names.Add(facts.HostName);
            });
            var (host, error) = Assert.Single(failed);
            Assert.Equal((cut.Name, "HostUnreachable"), (host.Name, Assert.IsType<SealerException>(error).Id));
            Assert.Contains(cut.Address.ToString(), error.Message, StringComparison.Ordinal);
            // Nobody answers for it; that it is asked again would cost as long once more.
            await using var once = new SshHost(((SshHost)hosts.All[1]).Options with { ConnectAttempts = int.MaxValue });
            await Assert.ThrowsAsync<SealerException>(() => once.ConnectAsync());
            Assert.Equal(lab.Hosts.Where(h => h != cut).Select(h => h.Name).Order(), names.Order());
        }
        finally
        {
            await cut.ReconnectAsync();
        }

        Assert.Empty(await hosts.ForEachAsync(hosts.All, (host, ct) => host.RunAsync(new HostCommand("true"), ct)));
    }

    [Fact]
    public async Task A_copy_that_was_cut_off_goes_on_when_the_host_is_back()
    {
        var lab = await fixture.SharedAsync();
        var cut = lab.Hosts[2];
        using var folder = new TemporaryFolder();
        var bytes = RandomNumberGenerator.GetBytes(60_000_000);
        await File.WriteAllBytesAsync(folder["large"], bytes);
        await File.WriteAllTextAsync(folder["config"], "ServerAliveInterval 1\nServerAliveCountMax 2\n");
        await using var hosts = ClusterHosts.Of([Target(cut)], new HostAccess { SshConfigFile = folder["config"], ConnectTimeout = TimeSpan.FromSeconds(10) });
        var items = await LocalItems.ReadAsync([folder["large"]]);
        var pulled = 0;
        var options = new CopyOptions
        {
            Attempts = 1,
            Progress = new Immediate(done =>
            {
                if (done > 20_000_000 && Interlocked.Exchange(ref pulled, 1) == 0)
                    cut.CutOffAsync().GetAwaiter().GetResult();
            }),
        };
        try
        {
            var error = await Assert.ThrowsAsync<SealerException>(() => HostCopy.SendAsync(hosts.All[0], items, "/srv/copied/", options)).WaitAsync(TimeSpan.FromMinutes(2));
            Assert.Equal("HostConnectionLost", error.Id);
        }
        finally
        {
            await cut.ReconnectAsync();
        }

        Assert.Equal("", (await cut.RunAsync("ls /srv/copied")).Output);
        var sent = await HostCopy.SendAsync(hosts.All[0], items, "/srv/copied/");
        Assert.InRange(sent.Bytes, 1, bytes.Length - 1);
        Assert.StartsWith(Convert.ToHexString(SHA256.HashData(bytes)).ToLowerInvariant(), (await cut.RunAsync("sha256sum /srv/copied/large; rm -r /srv/copied")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_jump_host_and_a_user_with_sudo_are_ways_like_others()
    {
        await using var own = await LabFixture.NewAsync(new LabOptions { User = "deploy", JumpHost = true });
        await using var hosts = Of(own.Hosts);
        Assert.Equal("deploy\n", (await hosts.All[0].RunAsync(new HostCommand("id -un"))).Output);
        Assert.Equal("root\n", (await hosts.All[0].RunAsync(new HostCommand("id -un") { Elevated = true })).Output);
        Assert.True(await HostsFile.ChangeAsync(hosts.All[0], text => HostsFile.Add(text, own.Hosts[0].Address, ["reg"])));
        Assert.EndsWith($"{own.Hosts[0].Address} reg {HostsLine.Mark}\n", (await own.Hosts[0].RunAsync("cat /etc/hosts")).Output, StringComparison.Ordinal);
        await own.Hosts[0].RebootAsync();
        Assert.Equal("deploy\n", (await hosts.All[0].RunAsync(new HostCommand("id -un"))).Output);
    }

    private static ClusterHosts Of(IReadOnlyList<LabHost> hosts) =>
        ClusterHosts.Of([.. hosts.Select(Target)], new HostAccess { SshConfigFile = "none", ConnectTimeout = TimeSpan.FromSeconds(5) });

    private static HostTarget Target(LabHost host) => new(host.Address.ToString())
    {
        Name = host.Name,
        User = host.User,
        Port = host.Port,
        KeyFile = host.KeyPath,
        SudoPassword = host.SudoPassword,
        ProxyJump = host.ProxyJump,
        HostKeyFingerprints = [host.HostKeyFingerprint],
        JumpHostKeyFingerprints = host.JumpHostKeyFingerprint is { } jump ? [jump] : [],
    };

    private sealed class Immediate(Action<long> action) : IProgress<(long Done, long Total)>
    {
        public void Report((long Done, long Total) value) => action(value.Done);
    }
}
