using System.Net;
using Sealer.Labs;

namespace Sealer.Tests.Labs;

/// <summary>What of a lab is decided by looking at text alone.</summary>
public sealed class LabTextTests
{
    [Fact]
    public void Apt_sources_are_those_of_the_machines_own_release()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["sources.list.d"]);
        File.WriteAllText(folder["sources.list"], "# deb http://no.example bookworm main\ndeb [arch=amd64] http://one.example/debian bookworm main contrib # x\ndeb-src http://one.example/debian bookworm main\ndeb http://old.example bullseye main\n");
        File.WriteAllText(Path.Combine(folder["sources.list.d"], "debian.sources"), "Types: deb\n# URIs: http://no.example\nURIs: http://two.example/debian\nSuites: bookworm bookworm-updates\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n\nEnabled: no\nTypes: deb\nURIs: http://off.example\nSuites: bookworm\nComponents: main\n");
        File.WriteAllText(Path.Combine(folder["sources.list.d"], "vendor.list"), "deb https://vendor.example bookworm stable\n");
        File.WriteAllText(Path.Combine(folder["sources.list.d"], "kept.list.save"), "deb https://kept.example bookworm main\n");

        Assert.Equal(
            [
                "deb [arch=amd64] http://one.example/debian bookworm main contrib",
                "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://two.example/debian bookworm main",
                "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://two.example/debian bookworm-updates main",
            ],
            AptSources.Read(folder.Path, "bookworm"));
    }

    [Fact]
    public void Cgroups_of_version_1_are_a_group_a_hierarchy_and_of_version_2_one()
    {
        var legacy = LabCgroups.Parse(
        [
            "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755",
            "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct",
            "40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,release_agent=/x,name=systemd",
            "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate",
        ]);
        var unified = LabCgroups.Parse(["41 31 0:38 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot"]);

        Assert.Equal(["cpu,cpuacct:cpu,cpuacct", "systemd:none,name=systemd", "unified:-"], legacy.Select(h => $"{h.HostName}:{h.Options}"));
        Assert.Equal(["."], unified.Select(h => h.HostName));
    }

    [Theory]
    [InlineData("\"name\": \"mine\"", "\"name\": \"../../precious\"")]
    [InlineData("\"name\": \"mine\"", "\"name\": \"other\"")]
    [InlineData("\"id\": \"0a1b2c\"", "\"id\": \"../../systemd\"")]
    [InlineData("\"id\": \"0a1b2c\"", "\"id\": \"\"")]
    [InlineData("\"name\": \"mine-1\"", "\"name\": \"../..\"")]
    [InlineData("\"address\": \"10.77.3.11\"", "\"address\": \"here; touch /tmp/x\"")]
    [InlineData("\"user\": \"root\"", "\"user\": \"root; reboot\"")]
    [InlineData("\"subnet\": \"10.77.3.0/24\"", "\"subnet\": \"any\"")]
    [InlineData("\"number\": 1", "\"number\": 12345")]
    [InlineData("\"id\": \"0a1b2c\"", "\"id\": null")]
    [InlineData("\"user\": \"root\"", "\"user\": null")]
    [InlineData("\"subnet\": \"10.77.3.0/24\"", "\"subnet\": \"fd00::/64\"")]
    [InlineData("\"tree\": \"/trees/debian/root\"", "\"tree\": null")]
    [InlineData("\"uplink\": {", "\"uplink\": null, \"x\": {")]
    [InlineData("\"delayMilliseconds\": 0", "\"delayMilliseconds\": 1e300")]
    [InlineData("\"hosts\": [", "\"hosts\": null, \"x\": [")]
    [InlineData("\"hosts\": [", "\"hosts\": [ null,")]
    [InlineData("\"hostKeyFingerprint\": \"\"", "\"hostKeyFingerprint\": null")]
    public void A_record_that_names_what_is_not_its_labs_is_no_record(string before, string after)
    {
        using var home = new TemporaryFolder();
        var folder = home["labs/mine"];
        Directory.CreateDirectory(folder);
        new LabRecord
        {
            Id = "0a1b2c",
            Name = "mine",
            Subnet = "10.77.3.0/24",
            Tree = "/trees/debian/root",
            User = "root",
            Hosts = [new LabHostRecord { Name = "mine-1", Number = 1, Address = "10.77.3.11" }],
        }.Write(folder);
        Assert.Equal("mine", LabRecord.Read(folder)!.Name);
        var file = Path.Combine(folder, LabRecord.FileName);
        var text = File.ReadAllText(file);
        Assert.Contains(before, text, StringComparison.Ordinal);
        File.WriteAllText(file, text.Replace(before, after, StringComparison.Ordinal));
        Assert.Null(LabRecord.Read(folder));
    }

    [Fact]
    public void A_claim_that_cannot_be_acted_on_is_no_claim()
    {
        using var folder = new TemporaryFolder();
        var whole = new LabClaim { Id = "0a1b2c", Folder = "/labs/a", Subnet = "10.77.3.0/24" };
        var claims = new[] { whole, whole with { Id = "../../x" }, whole with { Id = null! }, whole with { Subnet = "any" }, whole with { Folder = "" } };
        for (var i = 0; i < claims.Length; i++)
            File.WriteAllBytes(folder[$"{i}.json"], System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(claims[i], LabJson.Default.LabClaim));
        Assert.Equal([whole], new LabClaims(folder.Path).List());
    }

    [Theory]
    [InlineData("10.77.3.0/24", false, "10.77.3.11", "10.77.3.254", 243)]
    [InlineData("10.77.3.0/28", false, "10.77.3.3", "10.77.3.14", 11)]
    [InlineData("10.77.3.0/24", true, "10.77.3.11", "10.77.3.254", 115)]
    public void Addresses_follow_from_the_network(string network, bool jump, string first, string controller, int room)
    {
        var addresses = LabAddresses.Of(IPNetwork.Parse(network), jump);

        Assert.Equal(first, addresses.Host(1).ToString());
        Assert.Equal(controller, addresses.Controller.ToString());
        Assert.Equal(room, addresses.Room);
        Assert.Equal(jump ? "10.77.3.129" : "10.77.3.1", addresses.Jump.ToString());
    }

    [Fact]
    public void A_link_without_delay_and_loss_is_shaped_and_any_other_emulated()
    {
        Assert.Equal("tbf rate 20000000bit burst 12500 latency 100ms", string.Join(' ', LabLinks.RuleOf(new LinkConditions { Rate = 20_000_000 })));
        Assert.Equal(
            "netem limit 206 delay 25ms loss 0.5% rate 20000000bit",
            string.Join(' ', LabLinks.RuleOf(new LinkConditions { Rate = 20_000_000, Delay = TimeSpan.FromMilliseconds(25), Loss = 0.5 })));
    }

    [Theory]
    [InlineData("Lab")]
    [InlineData("-a")]
    [InlineData("a.b")]
    [InlineData("../a")]
    [InlineData("a b")]
    [InlineData("abcdefghijklmnopqrstuvwxyz1234567")]
    public async Task A_name_that_no_host_could_have_is_refused(string name)
    {
        var error = await Assert.ThrowsAsync<SealerException>(() => ClusterLab.CreateAsync(new LabOptions { Name = name }));
        Assert.Equal("LabNameInvalid", error.Id);
    }

    [Fact]
    public async Task What_no_lab_can_be_is_refused_before_anything_is_made()
    {
        async Task<string> IdOf(LabOptions options) => (await Assert.ThrowsAsync<SealerException>(() => ClusterLab.CreateAsync(options))).Id;

        Assert.Equal("LabCountInvalid", await IdOf(new LabOptions { Count = 0 }));
        Assert.Equal("LabUserInvalid", await IdOf(new LabOptions { User = "a:b" }));
        Assert.Equal("LabSubnetInvalid", await IdOf(new LabOptions { Subnet = IPNetwork.Parse("fd00::/64") }));
        Assert.Equal("LabSubnetInvalid", await IdOf(new LabOptions { Subnet = IPNetwork.Parse("10.0.0.0/28"), Count = 12 }));
        Assert.Equal("LabLinkInvalid", await IdOf(new LabOptions { Link = new LinkConditions { Loss = 101 } }));
        Assert.Equal("LabSubnetInvalid", Assert.Throws<SealerException>(() => LabOptions.ParseSubnet("10.0.0.5/24")).Id);
    }

    [UnprivilegedFact]
    public async Task Who_is_not_root_is_told_to_be()
    {
        var error = await Assert.ThrowsAsync<SealerException>(() => ClusterLab.CreateAsync(new LabOptions()));
        Assert.Equal("LabNeedsRoot", error.Id);
        Assert.Contains("sudo", error.Message, StringComparison.Ordinal);
    }

    [LinuxFact]
    public void What_is_missing_is_named_with_its_package()
    {
        var error = Assert.Throws<SealerException>(() => LabTools.Require(("no-such-program-of-ours", "its-package"), ("sh", "dash")));
        Assert.Equal("LabToolMissing", error.Id);
        Assert.Contains("apt-get install its-package", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("dash", error.Message, StringComparison.Ordinal);
    }
}
