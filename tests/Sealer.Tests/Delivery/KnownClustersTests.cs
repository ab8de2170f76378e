using Sealer.Clusterfiles;
using Sealer.Delivery;

namespace Sealer.Tests.Delivery;

public sealed class KnownClustersTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private SealerHome Home => new(_folder["home"]);

    private static KnownCluster Cluster(HostAccess? access = null) => KnownCluster.Of(
        Clusterfile.Read(TestCluster.Text("  ssh: {user: ops, passwd: hunter2-ssh, pk: ~/.ssh/id, port: 2222}\n  env: [DB_PASSWORD=hunter2-db]")).GetSpec(), access);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_cluster_is_found_again_by_its_name_with_the_ways_that_were_taken_and_no_secret()
    {
        Assert.Empty(KnownClusters.Names(Home));
        var kept = Cluster(new HostAccess { KeyFile = "/keys/mine", Password = Secret.Of("hunter2-given"), SshConfigFile = "none" });
        KnownClusters.Keep(Home, kept);
        KnownClusters.Keep(Home, kept);
        Assert.Equal([kept.Name], KnownClusters.Names(Home));
        var found = KnownClusters.Find(Home, kept.Name);
        Assert.Equal(kept.ControlPlanes.Select(way => way.Address), found.Targets.Select(target => target.Address));
        Assert.All(found.Targets, target => Assert.Equal(("ops", 2222, "/keys/mine", null), (target.User, target.Port, target.KeyFile, target.Password)));
        Assert.Equal(("/keys/mine", "none", null), (found.Access.KeyFile, found.Access.SshConfigFile, found.Access.User));
        var path = Path.Combine(Home.Clusters, kept.Name, "cluster.json");
        Assert.DoesNotContain("hunter2", File.ReadAllText(path), StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        KnownClusters.Forget(Home, kept.Name);
        Assert.Empty(KnownClusters.Names(Home));
    }

    [Theory]
    [InlineData("{\"version\":2,\"name\":\"NAME\",\"controlPlanes\":[{\"address\":\"10.0.0.1\"}]}", "a newer Sealer wrote")]
    [InlineData("{\"version\":1,\"name\":\"other\",\"controlPlanes\":[{\"address\":\"10.0.0.1\"}]}", "no control planes of that cluster")]
    [InlineData("{\"version\":1,\"name\":\"NAME\",\"controlPlanes\":[null]}", "no control planes of that cluster")]
    [InlineData("{\"version\":1", "JSON")]
    public void What_cannot_be_read_is_refused_with_a_reason(string text, string reason)
    {
        var kept = Cluster();
        KnownClusters.Keep(Home, kept);
        File.WriteAllText(Path.Combine(Home.Clusters, kept.Name, "cluster.json"), text.Replace("NAME", kept.Name, StringComparison.Ordinal));
        var error = Assert.Throws<SealerException>(() => KnownClusters.Find(Home, kept.Name));
        Assert.Equal("KnownClusterUnreadable", error.Id);
        Assert.Contains(reason, error.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void A_name_that_nobody_knows_is_told_with_those_that_are_known()
    {
        var kept = Cluster();
        KnownClusters.Keep(Home, kept);
        var error = Assert.Throws<SealerException>(() => KnownClusters.Find(Home, "../" + kept.Name));
        Assert.Equal("ClusterNotKnown", error.Id);
        Assert.Contains($"it knows {kept.Name}", error.Message, StringComparison.Ordinal);
    }
}
