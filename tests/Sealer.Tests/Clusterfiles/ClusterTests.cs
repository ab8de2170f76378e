using Sealer.Clusterfiles;

namespace Sealer.Tests.Clusterfiles;

public sealed class ClusterTests
{
    private static Cluster Read(string text) => new(Clusterfile.Read(text).GetSpec(), "/x/Clusterfile");

    [Fact]
    public void The_digest_stands_for_what_is_desired_not_for_how_it_is_written()
    {
        var small = Read(ClusterfileReadTests.Small);

        Assert.Equal(small.ClusterfileDigest, Read("# a comment\r\n" + ClusterfileReadTests.Small.ReplaceLineEndings("\r\n")).ClusterfileDigest);
        Assert.NotEqual(small.ClusterfileDigest, Read(ClusterfileReadTests.Small.Replace("spec:", "spec:\n  env: [ A=b ]", StringComparison.Ordinal)).ClusterfileDigest);
    }

    [Fact]
    public void A_new_password_leaves_the_digest_as_it_is_and_no_password_can_be_guessed_from_it()
    {
        var spec = Clusterfile.Read(ClusterfileReadTests.Small).GetSpec();
        Cluster With(string password) => new(spec.WithSsh(ssh => ssh with { Password = Secret.Of(password) }));

        Assert.Equal(With("hunter22").ClusterfileDigest, With("hunter23").ClusterfileDigest);
    }

    [Fact]
    public void A_copy_with_another_spec_has_another_digest()
    {
        var cluster = Read(ClusterfileReadTests.Small);
        var before = cluster.ClusterfileDigest;

        var changed = cluster with { Spec = cluster.Spec with { Image = "other:v2" } };

        Assert.NotEqual(before, changed.ClusterfileDigest);
        Assert.Null(changed.Status);
        Assert.Equal(cluster.Name, changed.Name);
    }
}
