using System.Net;
using System.Runtime.Versioning;
using Sealer.Clusterfiles;

namespace Sealer.Tests.Clusterfiles;

public sealed class ClusterfileEditTests : IDisposable
{
    private const string Head = "# ours\napiVersion: sealer.io/v2\nkind: Cluster\nmetadata:\n  name: c # the name\nspec:\n";
    private const string Hosts = "  hosts:\n    - ips: [10.0.0.1]\n      roles: [master]\n";
    private static readonly IPAddress Address = IPAddress.Parse("10.0.0.5");

    private readonly TemporaryFolder _folder = new();

    private string File => _folder["Clusterfile"];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(Head + Hosts, Head + "  hostAliases:\n  - ip: \"10.0.0.5\"\n    hostnames: [\"a\", \"b\"]\n" + Hosts)]
    [InlineData(
        Head + "  hostAliases:\n  # theirs\n    - ip: 10.0.0.9\n      hostnames: [x]\n" + Hosts,
        Head + "  hostAliases:\n  # theirs\n    - ip: \"10.0.0.5\"\n      hostnames: [\"a\", \"b\"]\n    - ip: 10.0.0.9\n      hostnames: [x]\n" + Hosts)]
    public void Names_are_added_and_the_rest_stays_as_it_is(string before, string after)
    {
        System.IO.File.WriteAllText(File, before);
        Assert.True(ClusterfileEdit.AddHostAlias(File, Address, ["a", "b"]));
        Assert.Equal(after, System.IO.File.ReadAllText(File));
        Assert.False(ClusterfileEdit.AddHostAlias(File, Address, ["b", "a"]));
        Assert.Equal(after, System.IO.File.ReadAllText(File));
        System.IO.File.WriteAllText(File, before.Replace("\n", "\r\n", StringComparison.Ordinal));
        Assert.True(ClusterfileEdit.AddHostAlias(File, Address, ["a", "b"]));
        Assert.Equal(after.Replace("\n", "\r\n", StringComparison.Ordinal), System.IO.File.ReadAllText(File));
    }

    [LinuxFact]
    [Trait("Tier", "parts")]
    [SupportedOSPlatform("linux")]
    public void A_file_stays_its_owners_and_as_it_was_for_others()
    {
        System.IO.File.WriteAllText(File, Head + Hosts);
        System.IO.File.SetUnixFileMode(File, (UnixFileMode)0b110_110_000);
        Assert.True(Posix.TryGive(File, 4_321, 4_322));
        Assert.True(ClusterfileEdit.AddHostAlias(File, Address, ["a"]));
        var state = Posix.Stat(File)!.Value;
        Assert.Equal((4_321u, 4_322u, 0b110_110_000), (state.Uid, state.Gid, state.Mode));
    }

    [Theory]
    [InlineData("  hostAliases: []\n")]
    [InlineData("  hostAliases: [{ip: 10.0.0.9, hostnames: [x]}]\n")]
    public void What_cannot_be_added_to_is_told_and_stays(string aliases)
    {
        System.IO.File.WriteAllText(File, Head + aliases + Hosts);
        Assert.Equal("ClusterfileNotEdited", Assert.Throws<SealerException>(() => ClusterfileEdit.AddHostAlias(File, Address, ["a"])).Id);
        Assert.Equal(Head + aliases + Hosts, System.IO.File.ReadAllText(File));
        Assert.Single(Directory.GetFileSystemEntries(_folder.Path));
    }
}
