using System.Net;
using Sealer.Hosts.Checks;
using Sealer.Hosts.Keys;
using Sealer.Hosts.Ssh;
using Sealer.Labs;
using Sealer.Tests.Labs;

namespace Sealer.Tests.Hosts.Checks;

/// <summary>Every check on real hosts: one thing is broken, that check sees it and no other does, and after its remedy all is as before.</summary>
[Trait("Tier", "lab")]
public sealed class HostChecksLabTests(HostChecksLabTests.Hosts hosts) : IClassFixture<HostChecksLabTests.Hosts>
{
    private static readonly HostRequirements Needs = new()
    {
        Cluster = "skyline",
        Architectures = ["amd64", "arm64"],
        // A lab runs on whatever its machine has; what is asked of hosts is little, but asked.
        EtcdBytes = 1 << 20,
        DiskMargin = 1 << 20,
        RootfsBytes = 50 << 20,
        ContainerImageBytes = 50 << 20,
        PodNetworks = [IPNetwork.Parse("10.244.0.0/16")],
        ServiceNetworks = [IPNetwork.Parse("10.96.0.0/12")],
    };

    // Broken in tests of their own.
    private static readonly string[] Elsewhere = ["Reachable", "Sudo"];

    public static TheoryData<int, string> Broken
    {
        get
        {
            var data = new TheoryData<int, string>();
            for (var i = 0; i < BrokenHost.All.Count; i++)
                data.Add(i, BrokenHost.All[i].Check);
            return data;
        }
    }

    [Fact]
    public void Every_check_is_broken_by_some_test() =>
        Assert.Equal(HostChecks.All.Select(c => c.Name).Order(), BrokenHost.All.Select(b => b.Check).Concat(Elsewhere).Distinct().Order());

    [Theory]
    [MemberData(nameof(Broken))]
    public async Task What_is_broken_is_seen_by_its_check_alone_and_passes_after_the_remedy(int number, string check)
    {
        var broken = BrokenHost.All[number];
        var before = await hosts.BeforeAsync();
        var mended = false;
        try
        {
            await hosts.OnAsync(1, broken.Break);
            if (broken.Others is not null)
                await hosts.OnAsync(0, broken.Others);
            var found = await hosts.FindingsAsync();
            var added = found.Where(r => !before.Contains(Key(r))).ToList();
            Assert.True(added.Count > 0, $"Nobody saw it: {hosts.Said(check)}");
            Assert.All(added, r => Assert.True(r.Check == check, $"{r}: {r.Message}"));
            Assert.Subset(found.Select(Key).ToHashSet(), before.ToHashSet());
            var mine = added.Single(r => r.Host == hosts.Lab.Hosts[1].Name);
            Assert.False(string.IsNullOrEmpty(mine.Remedy));
            Assert.Equal(broken.Mend is null, mine.RemedyCommand is not null);

            await hosts.OnAsync(1, mine.RemedyCommand ?? broken.Mend!);
            mended = true;
            // Where two share something, it is enough that one of them changes.
            Assert.Equal(before.Order(), (await hosts.FindingsAsync()).Select(Key).Order());
        }
        finally
        {
            if (!mended && broken.Mend is not null)
                await hosts.Lab.Hosts[1].RunAsync(hosts.Filled(broken.Mend));
            if (broken.Clean is not null)
                await hosts.Lab.Hosts[1].RunAsync(hosts.Filled(broken.Clean));
            if (broken.OthersClean is not null)
                await hosts.Lab.Hosts[0].RunAsync(hosts.Filled(broken.OthersClean));
        }
    }

    [Fact]
    public async Task A_host_that_is_cut_off_is_one_failed_result_and_the_others_go_on()
    {
        var before = await hosts.BeforeAsync();
        await hosts.Lab.Hosts[1].CutOffAsync();
        try
        {
            var found = await hosts.FindingsAsync(TimeSpan.FromSeconds(5));
            var added = Assert.Single(found, r => !before.Contains(Key(r)));
            Assert.Equal((hosts.Lab.Hosts[1].Name, "Reachable", HostCheckStatus.Failed), (added.Host, added.Check, added.Status));
            Assert.Single(found, r => r.Host == hosts.Lab.Hosts[1].Name);
        }
        finally
        {
            await hosts.Lab.Hosts[1].ReconnectAsync();
        }

        Assert.Equal(before.Order(), (await hosts.FindingsAsync()).Select(Key).Order());
    }

    [Fact]
    public async Task A_user_who_may_not_use_sudo_is_seen_by_its_check_alone()
    {
        await using var own = await LabFixture.NewAsync(new LabOptions { Count = 1, User = "ops" });
        var host = own.Hosts[0];
        await using var ssh = Hosts.Open(host, host.SudoPassword);
        var preflight = new PreflightHost(ssh, ["node"], Needs) { Address = host.Address };
        var before = (await HostPreflight.RunAsync([preflight])).Where(Hosts.IsFinding).Select(Key).ToList();
        (await host.RunAsync("gpasswd -d ops sudo")).Require("take sudo away");
        await using var again = Hosts.Open(host, host.SudoPassword);
        var found = (await HostPreflight.RunAsync([preflight with { Host = again }])).Where(Hosts.IsFinding).ToList();
        var added = Assert.Single(found, r => !before.Contains(Key(r)));
        Assert.Equal(("Sudo", HostCheckStatus.Failed), (added.Check, added.Status));
        (await host.RunAsync("gpasswd -a ops sudo")).Require("give sudo again");
        await using var mended = Hosts.Open(host, host.SudoPassword);
        Assert.Equal(before, (await HostPreflight.RunAsync([preflight with { Host = mended }])).Where(Hosts.IsFinding).Select(Key));
    }

    [Fact]
    public async Task Nothing_stays_on_a_host_that_was_looked_at()
    {
        var host = hosts.Lab.Hosts[1];
        const string State = "ps -eo comm,args --no-headers | grep -E 'socket-activate|sealer-preflight|dev/tcp' | grep -v grep; ss -Hltn | sort; find /var/lib /tmp /etc /root -newer /run/mark -type f | sort";
        await host.RunAsync("touch /run/mark");
        var before = (await host.RunAsync(State)).Output;
        await hosts.FindingsAsync();
        Assert.Equal(before, (await host.RunAsync(State)).Output);
    }

    private static string Key(HostCheckResult result) => $"{result.Host} {result.Check} {result.Status}";

    /// <summary>Three hosts of a lab, two of them control planes.</summary>
    public sealed class Hosts : IAsyncLifetime
    {
        private OwnLab? _own;
        private IReadOnlyList<string>? _before;
        private IReadOnlyList<HostCheckResult> _last = [];

        public ClusterLab Lab => _own!.Lab;

        public static bool IsFinding(HostCheckResult result) => result.Status is not (HostCheckStatus.Passed or HostCheckStatus.Skipped);

        public static SshHost Open(LabHost host, Secret? sudo = null, TimeSpan? patience = null) => new(new SshHostOptions
        {
            Address = host.Address.ToString(),
            Name = host.Name,
            User = host.User,
            KeyFiles = [host.KeyPath],
            HostKeys = new HostKeyCheck(KnownHosts.Load([host.KnownHostsPath], [])),
            SudoPassword = sudo,
            ConnectTimeout = patience ?? TimeSpan.FromSeconds(30),
        });

        public async Task InitializeAsync()
        {
            _own = await LabFixture.NewAsync(new LabOptions { Count = 3 });
            foreach (var host in Lab.Hosts)
                (await host.RunAsync(BrokenHost.Prepare)).Require("be prepared");
        }

        public Task DisposeAsync() => _own?.DisposeAsync().AsTask() ?? Task.CompletedTask;

        /// <summary>What does not pass on hosts that nobody broke.</summary>
        public async Task<IReadOnlyList<string>> BeforeAsync() => _before ??= [.. (await FindingsAsync()).Select(Key)];

        public async Task<IReadOnlyList<HostCheckResult>> FindingsAsync(TimeSpan? patience = null)
        {
            var opened = Lab.Hosts.Select(h => Open(h, patience: patience)).ToList();
            try
            {
                var results = await HostPreflight.RunAsync([.. Lab.Hosts.Select((h, i) => new PreflightHost(opened[i], [i < 2 ? "master" : "node"], Needs) { Address = h.Address })]);
                _last = results;
                return [.. results.Where(IsFinding)];
            }
            finally
            {
                foreach (var host in opened)
                    await host.DisposeAsync();
            }
        }

        /// <summary>What a check said of the second host when it was looked at last.</summary>
        public string Said(string check) => _last.Single(r => r.Host == Lab.Hosts[1].Name && r.Check == check) is var said ? $"{said.Status}: {said.Message}" : "";

        public string Filled(string script) => script
            .Replace("FIRST", Lab.Hosts[0].Address.ToString(), StringComparison.Ordinal)
            .Replace("SECOND", Lab.Hosts[1].Address.ToString(), StringComparison.Ordinal)
            .Replace("THIRD", Lab.Hosts[2].Address.ToString(), StringComparison.Ordinal);

        public async Task OnAsync(int host, string script) => (await Lab.Hosts[host].RunAsync(Filled(script))).Require($"run {script}");
    }
}
