using Sealer.Kubernetes;

namespace Sealer.Tests.Kubernetes;

/// <summary>A test a row of the table: what a release says on both sides of where it changes.</summary>
public sealed class KubernetesReleaseTests
{
    private const string Master = "node-role.kubernetes.io/master";
    private const string ControlPlane = "node-role.kubernetes.io/control-plane";

    private static KubernetesRelease Release(string version) => KubernetesRelease.Of(KubernetesVersion.Parse(version));

    [Theory]
    [InlineData("v1.17.9")]
    [InlineData("v2.0.0")]
    [InlineData("v0.21.0")]
    public void Other_releases_are_refused(string version) =>
        Assert.Equal("KubernetesVersionNotSupported", Assert.Throws<SealerException>(() => Release(version)).Id);

    [Fact]
    public void A_release_that_came_later_is_taken_to_be_like_the_newest_and_says_so()
    {
        Assert.True(Release("v1.38.0").IsNewerThanKnown);
        Assert.False(Release("v1.37.9").IsNewerThanKnown);
        Assert.Equal(Release("v1.37.0").Images, Release("v1.38.0").Images);
        Assert.Equal(KubeadmApi.V1Beta4, Release("v1.40.0").KubeadmApi);
    }

    [Theory]
    [InlineData("v1.18.0", KubeadmApi.V1Beta2)]
    [InlineData("v1.21.14", KubeadmApi.V1Beta2)]
    [InlineData("v1.22.0", KubeadmApi.V1Beta3)]
    [InlineData("v1.30.9", KubeadmApi.V1Beta3)]
    [InlineData("v1.31.0", KubeadmApi.V1Beta4)]
    [InlineData("v1.37.1", KubeadmApi.V1Beta4)]
    public void The_version_of_kubeadms_configuration(string version, KubeadmApi api) => Assert.Equal(api, Release(version).KubeadmApi);

    [Theory]
    [InlineData("v1.19.9", new[] { Master })]
    [InlineData("v1.20.0", new[] { Master, ControlPlane })]
    [InlineData("v1.23.9", new[] { Master, ControlPlane })]
    [InlineData("v1.24.0", new[] { ControlPlane })]
    public void The_labels_of_control_planes(string version, string[] labels) => Assert.Equal(labels, Release(version).ControlPlaneLabels);

    [Theory]
    [InlineData("v1.23.9", new[] { Master })]
    [InlineData("v1.24.0", new[] { Master, ControlPlane })]
    [InlineData("v1.25.0", new[] { ControlPlane })]
    public void The_taints_of_control_planes(string version, string[] taints) => Assert.Equal(taints, Release(version).ControlPlaneTaints);

    [Theory]
    [InlineData("v1.23.9", true)]
    [InlineData("v1.24.0", false)]
    public void The_dockershim(string version, bool has) => Assert.Equal(has, Release(version).HasDockershim);

    [Theory]
    [InlineData("v1.20.2", "containerd", "/run/containerd/containerd.sock")]
    [InlineData("v1.23.9", "docker", "/var/run/dockershim.sock")]
    [InlineData("v1.24.0", "containerd", "unix:///run/containerd/containerd.sock")]
    [InlineData("v1.24.0", "docker", "unix:///var/run/cri-dockerd.sock")]
    public void The_form_of_sockets(string version, string runtime, string socket) => Assert.Equal(socket, Release(version).SocketOf(runtime));

    [Fact]
    public void A_socket_of_somebody_elses_gets_the_form_of_the_release()
    {
        Assert.Equal("unix:///run/crio/crio.sock", Release("v1.24.0").Socket("/run/crio/crio.sock"));
        Assert.Equal("/run/crio/crio.sock", Release("v1.20.2").Socket("unix:///run/crio/crio.sock"));
        Assert.Equal("ContainerRuntimeUnknown", Assert.Throws<SealerException>(() => Release("v1.20.2").SocketOf("podman")).Id);
    }

    [Theory]
    [InlineData("v1.21.9", "cgroupfs")]
    [InlineData("v1.22.0", "systemd")]
    public void Kubeadms_cgroup_driver(string version, string driver) => Assert.Equal(driver, Release(version).DefaultCgroupDriver);

    [Theory]
    [InlineData("v1.34.9", false)]
    [InlineData("v1.35.0", true)]
    public void Kubelets_on_cgroup_v1(string version, bool fails) => Assert.Equal(fails, Release(version).FailsOnCgroupV1);

    [Theory]
    [InlineData("v1.28.9", false)]
    [InlineData("v1.29.0", true)]
    public void The_super_admins_kubeconfig(string version, bool has) => Assert.Equal(has, Release(version).HasSuperAdmin);

    [Theory]
    [InlineData("v1.28.9", false)]
    [InlineData("v1.29.0", true)]
    public void Learners_of_etcd(string version, bool learns) => Assert.Equal(learns, Release(version).EtcdMembersLearnFirst);

    [Theory]
    [InlineData("v1.32.9", false)]
    [InlineData("v1.33.0", true)]
    public void The_api_server_that_a_control_planes_kubelet_asks(string version, bool local) => Assert.Equal(local, Release(version).ControlPlaneKubeletsStayLocal);

    [Theory]
    [InlineData("v1.18.20", "experimental-cluster-signing-duration")]
    [InlineData("v1.19.0", "cluster-signing-duration")]
    public void The_argument_for_how_long_certificates_are_signed(string version, string name) => Assert.Equal(name, Release(version).SigningDurationArgument);

    [Theory]
    [InlineData("v1.34.9", true)]
    [InlineData("v1.35.0", false)]
    public void Who_is_told_the_pause_image(string version, bool tells) => Assert.Equal(tells, Release(version).TellsKubeletThePauseImage);

    [Theory]
    [InlineData("v1.20.2", true)]
    [InlineData("v1.21.0", false)]
    public void The_gate_of_two_families(string version, bool needs) => Assert.Equal(needs, Release(version).DualStackNeedsGate);

    [Theory]
    [InlineData("v1.20.2", "EphemeralContainers,TTLAfterFinished")]
    [InlineData("v1.21.0", "EphemeralContainers")]
    [InlineData("v1.23.0", "")]
    public void The_gates_that_sealer_switches_on(string version, string gates) => Assert.Equal(gates, string.Join(',', Release(version).SealerGates));

    [Theory]
    [InlineData("v1.19.9", "--delete-local-data")]
    [InlineData("v1.20.0", "--delete-emptydir-data")]
    public void Draining_pods_with_data(string version, string argument) => Assert.Equal(argument, Release(version).DrainEmptyDirArgument);

    [Theory]
    [InlineData("v1.24.9", "k8s.gcr.io")]
    [InlineData("v1.25.0", "registry.k8s.io")]
    public void Upstreams_repository(string version, string repository) => Assert.Equal(repository, Release(version).UpstreamRepository);

    [Theory]
    [InlineData("v1.20.2", "coredns", false)]
    [InlineData("v1.21.0", "coredns/coredns", true)]
    [InlineData("v1.21.1", "coredns/coredns", true)]
    [InlineData("v1.21.2", "coredns/coredns", false)]
    [InlineData("v1.22.0", "coredns/coredns", false)]
    public void The_name_of_coredns(string version, string name, bool isImplied)
    {
        Assert.Equal(name, Release(version).CoreDnsRepository);
        Assert.Equal(isImplied, Release(version).CoreDnsFolderIsImplied);
    }

    [Theory]
    [InlineData("v1.27.9", 2)]
    [InlineData("v1.28.0", 3)]
    public void How_far_kubelets_may_be_behind(string version, int minors) => Assert.Equal(minors, Release(version).OldestKubeletBehind);

    [Theory]
    [InlineData("v1.18.0", false)]
    [InlineData("v1.19.0", true)]
    public void The_seccomp_profile_of_pods(string version, bool has) => Assert.Equal(has, Release(version).HasSeccompProfile);

    [Theory]
    [InlineData("v1.34.0", false)]
    [InlineData("v1.35.0", true)]
    public void Kube_proxys_ipvs(string version, bool deprecated) => Assert.Equal(deprecated, Release(version).ProxyDeprecatesIpvs);

    [Theory]
    [InlineData("v1.18.0", "3.2", "3.4.3-0", "1.6.7")]
    [InlineData("v1.19.0", "3.2", "3.4.9-1", "1.7.0")]
    [InlineData("v1.20.2", "3.2", "3.4.13-0", "1.7.0")]
    [InlineData("v1.21.0", "3.4.1", "3.4.13-0", "v1.8.0")]
    [InlineData("v1.22.0", "3.5", "3.5.0-0", "v1.8.4")]
    [InlineData("v1.23.0", "3.6", "3.5.1-0", "v1.8.6")]
    [InlineData("v1.24.0", "3.7", "3.5.3-0", "v1.8.6")]
    [InlineData("v1.25.0", "3.8", "3.5.4-0", "v1.9.3")]
    [InlineData("v1.26.0", "3.9", "3.5.6-0", "v1.9.3")]
    [InlineData("v1.27.0", "3.9", "3.5.7-0", "v1.10.1")]
    [InlineData("v1.28.0", "3.9", "3.5.9-0", "v1.10.1")]
    [InlineData("v1.29.0", "3.9", "3.5.10-0", "v1.11.1")]
    [InlineData("v1.30.0", "3.9", "3.5.12-0", "v1.11.1")]
    [InlineData("v1.31.0", "3.10", "3.5.15-0", "v1.11.1")]
    [InlineData("v1.32.0", "3.10", "3.5.16-0", "v1.11.3")]
    [InlineData("v1.33.0", "3.10", "3.5.21-0", "v1.12.0")]
    [InlineData("v1.34.0", "3.10.1", "3.6.4-0", "v1.12.1")]
    [InlineData("v1.35.0", "3.10.1", "3.6.6-0", "v1.13.1")]
    [InlineData("v1.36.0", "3.10.2", "3.6.8-0", "v1.14.2")]
    [InlineData("v1.37.0", "3.10.2", "3.7.0-0", "v1.14.6")]
    public void The_tags_of_what_kubernetes_needs(string version, string pause, string etcd, string coreDns)
    {
        Assert.Equal(new KubernetesImageTags(pause, etcd, coreDns), Release(version).Images);
        Assert.Contains($"kube-apiserver:{version}", Release(version).UpstreamImages[0], StringComparison.Ordinal);
        Assert.Equal(7, Release(version).UpstreamImages.Count);
    }

    [Theory]
    [InlineData("kube-apiserver", "insecure-port", "v1.23.0", "v1.24.0")]
    [InlineData("kube-controller-manager", "port", "v1.23.0", "v1.24.0")]
    [InlineData("kube-controller-manager", "experimental-cluster-signing-duration", "v1.24.0", "v1.25.0")]
    [InlineData("kube-controller-manager", "register-retry-count", "v1.24.0", "v1.25.0")]
    [InlineData("kubelet", "network-plugin", "v1.23.0", "v1.24.0")]
    [InlineData("kubelet", "container-runtime", "v1.26.0", "v1.27.0")]
    [InlineData("kubelet", "pod-infra-container-image", "v1.34.0", "v1.35.0")]
    [InlineData("kube-scheduler", "logtostderr", "v1.25.0", "v1.26.0")]
    public void Arguments_that_were_taken_away(string component, string name, string knows, string refuses)
    {
        Assert.Null(KubernetesFlags.Find(KubernetesVersion.Parse(knows), component, name));
        Assert.NotNull(KubernetesFlags.Find(KubernetesVersion.Parse(refuses), component, name));
        Assert.NotEmpty(KubernetesFlags.Find(KubernetesVersion.Parse(refuses), component, name)!.Instead);
    }

    [Fact]
    public void An_argument_of_one_component_is_none_of_another() =>
        Assert.Null(KubernetesFlags.Find(KubernetesVersion.Parse("v1.30.0"), "etcd", "port"));
}
