using Sealer.Kubernetes;

namespace Sealer.Tests.Kubernetes;

public sealed class KubernetesVersionTests
{
    [Theory]
    [InlineData("v1.20.2", "v1.20.2")]
    [InlineData("1.20.2", "v1.20.2")]
    [InlineData("v1.36.0-rc.1", "v1.36.0-rc.1")]
    [InlineData("v1.28.3+rke2r1", "v1.28.3+rke2r1")]
    public void A_version_is_read_and_written(string text, string written) => Assert.Equal(written, KubernetesVersion.Parse(text).ToString());

    [Theory]
    [InlineData("")]
    [InlineData("v1.20")]
    [InlineData("latest")]
    [InlineData("v1.20.2.3")]
    [InlineData("v1.20.x")]
    [InlineData("v1.20.2\n")]
    [InlineData("v99999999999.1.1")]
    public void What_is_no_version_is_refused_with_an_example(string text)
    {
        Assert.Null(KubernetesVersion.TryParse(text));
        var error = Assert.Throws<SealerException>(() => KubernetesVersion.Parse(text));
        Assert.Equal("InvalidKubernetesVersion", error.Id);
        Assert.Contains("v1.20.2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Versions_are_compared_number_by_number_and_a_pre_release_comes_before_its_release()
    {
        string[] ordered = ["v1.9.0", "v1.15.0", "v1.23.0", "v1.36.0-alpha.1", "v1.36.0-alpha.2", "v1.36.0-alpha.10", "v1.36.0-beta.0", "v1.36.0-rc.1", "v1.36.0", "v1.36.1", "v1.100.0", "v2.0.0"];
        var versions = ordered.Select(KubernetesVersion.Parse).ToList();
        Assert.Equal(versions, versions.AsEnumerable().Reverse().Order());
        Assert.True(versions[0] < versions[1] && versions[1] > versions[0] && versions[0] <= versions[0] && versions[0] >= versions[0]);
    }

    [Fact]
    public void A_pre_release_belongs_to_its_release() => Assert.True(KubernetesVersion.Parse("v1.24.0-rc.0").IsAtLeast(1, 24));

    [Theory]
    [InlineData("v1.27.0", "v1.25.9", true)]
    [InlineData("v1.27.0", "v1.24.0", false)]
    [InlineData("v1.28.0", "v1.25.0", true)]
    [InlineData("v1.28.0", "v1.24.0", false)]
    [InlineData("v1.28.0", "v1.29.0", false)]
    [InlineData("v1.28.0", "v1.28.9", true)]
    public void A_kubelet_may_be_behind_its_api_server_and_never_before_it(string server, string kubelet, bool works) =>
        Assert.Equal(works, KubernetesSkew.WhyNotKubelet(KubernetesVersion.Parse(server), KubernetesVersion.Parse(kubelet)) is null);

    [Theory]
    [InlineData("v1.28.1", "v1.28.9", true)]
    [InlineData("v1.28.1", "v1.27.9", true)]
    [InlineData("v1.28.1", "v1.26.0", false)]
    [InlineData("v1.28.1", "v1.29.0", false)]
    public void Kubeadm_handles_its_own_minor_version_and_the_one_before(string kubeadm, string cluster, bool works) =>
        Assert.Equal(works, KubernetesSkew.WhyNotKubeadm(KubernetesVersion.Parse(kubeadm), KubernetesVersion.Parse(cluster)) is null);

    [Theory]
    [InlineData("v1.20.2", "v1.20.2", null)]
    [InlineData("v1.20.2", "v1.20.15", null)]
    [InlineData("v1.20.2", "v1.21.0", null)]
    [InlineData("v1.20.2", "v1.22.0", "1.21")]
    [InlineData("v1.20.2", "v1.20.1", "older")]
    [InlineData("v1.20.2", "v1.20.2-rc.0", "older")]
    public void An_upgrade_goes_one_minor_version_at_a_time_and_never_back(string from, string to, string? told)
    {
        var why = KubernetesSkew.WhyNotUpgrade(KubernetesVersion.Parse(from), KubernetesVersion.Parse(to));
        if (told is null)
            Assert.Null(why);
        else
            Assert.Contains(told, why, StringComparison.Ordinal);
    }
}
