namespace Sealer.Kubernetes;

/// <summary>
/// What differs between the releases of Kubernetes from 1.18 on, in one table: each property is a row, with the source that it was
/// read in (of kubernetes/kubernetes where no other repository is named). Nothing else in Sealer asks for the number of a release.
/// </summary>
public sealed record KubernetesRelease
{
    /// <summary>The oldest release that is known: 1.18.</summary>
    public const int OldestMinor = 18;

    /// <summary>The newest release that was looked into: 1.37.</summary>
    public const int NewestMinor = 37;

    private const string Master = "node-role.kubernetes.io/master";
    private const string ControlPlane = "node-role.kubernetes.io/control-plane";

    private KubernetesRelease(KubernetesVersion version) => Version = version;

    /// <summary>The version that it was asked for.</summary>
    public KubernetesVersion Version { get; }

    /// <summary>It came after <see cref="NewestMinor"/>, and is taken to be like that one.</summary>
    public bool IsNewerThanKnown => Version.IsAtLeast(1, NewestMinor + 1);

    /// <summary>What is known of the release of a version.</summary>
    /// <exception cref="SealerException"><c>KubernetesVersionNotSupported</c>: older than 1.18, or no 1.x.</exception>
    public static KubernetesRelease Of(KubernetesVersion version)
    {
        ArgumentNullException.ThrowIfNull(version);
        return version.Major == 1 && version.Minor >= OldestMinor
            ? new KubernetesRelease(version)
            : throw new SealerException(
                "KubernetesVersionNotSupported", ErrorKind.NotSupported,
                $"Kubernetes {version} is not supported: Sealer knows 1.{OldestMinor} to 1.{NewestMinor}. Use an image with one of these.", version.ToString());
    }

    /// <summary>
    /// The version of the configuration that kubeadm is given. cmd/kubeadm/app/apis/kubeadm/v1beta3/doc.go at v1.22.0 (pull request
    /// 101129), v1beta4 enabled in v1.31.0 (125029); of v1 (cmd/kubeadm/app/apis/kubeadm/v1/doc.go) no release is named yet.
    /// </summary>
    public KubeadmApi KubeadmApi => Since(31) ? KubeadmApi.V1Beta4 : Since(22) ? KubeadmApi.V1Beta3 : KubeadmApi.V1Beta2;

    /// <summary>
    /// The labels that kubeadm gives to control planes. <c>LabelNodeRoleControlPlane</c> beside <c>LabelNodeRoleOldControlPlane</c> in
    /// cmd/kubeadm/app/constants/constants.go at v1.20.2; the old one is gone in v1.24.0 (107533).
    /// </summary>
    public IReadOnlyList<string> ControlPlaneLabels => Since(24) ? [ControlPlane] : Since(20) ? [Master, ControlPlane] : [Master];

    /// <summary>The taints, all <c>NoSchedule</c>, that kubeadm gives to control planes: both in v1.24 only (107533), the new one alone since v1.25.0 (kubernetes/kubeadm 2200).</summary>
    public IReadOnlyList<string> ControlPlaneTaints => Since(25) ? [ControlPlane] : Since(24) ? [Master, ControlPlane] : [Master];

    /// <summary>The kubelet speaks to docker by itself; gone in v1.24.0 (97252), where docker needs cri-dockerd.</summary>
    public bool HasDockershim => !Since(24);

    /// <summary>Sockets are written as URLs, <c>unix:///run/...</c>: kubeadm since v1.24.0 (107295); before, its check asks for an absolute path (kubernetes/kubeadm 928).</summary>
    public bool WritesSocketsAsUrls => Since(24);

    /// <summary>What kubeadm makes of no <c>cgroupDriver</c>: systemd since v1.22.0 (102133, website 28049), before it the kubelet's own <c>cgroupfs</c>; v1.21 does it at init only (99471).</summary>
    public string DefaultCgroupDriver => Since(22) ? "systemd" : "cgroupfs";

    /// <summary>The kubelet does not start on cgroup v1 unless <c>failCgroupV1</c> is false: v1.35.0 (134298).</summary>
    public bool FailsOnCgroupV1 => Since(35);

    /// <summary>The administrator's kubeconfig has lesser rights, and <c>super-admin.conf</c> all of them: v1.29.0 (121305).</summary>
    public bool HasSuperAdmin => Since(29);

    /// <summary>A control plane that joins is a learner of etcd first: kubeadm's <c>EtcdLearnerMode</c>, on since v1.29.0 (120228).</summary>
    public bool EtcdMembersLearnFirst => Since(29);

    /// <summary>The kubelet of a control plane speaks to the API server beside it: kubeadm's <c>ControlPlaneKubeletLocalMode</c>, on since v1.33.0 (129956).</summary>
    public bool ControlPlaneKubeletsStayLocal => Since(33);

    /// <summary>The controller manager's argument for how long it signs certificates: new in v1.19.0 (91154), the old one is gone in v1.25.0 (108476).</summary>
    public string SigningDurationArgument => Since(19) ? "cluster-signing-duration" : "experimental-cluster-signing-duration";

    /// <summary>The kubelet is told the pause image: <c>--pod-infra-container-image</c>, gone in v1.35.0 (133778, 133779); since then the runtime's configuration alone counts.</summary>
    public bool TellsKubeletThePauseImage => !Since(35);

    /// <summary>Two families of addresses need the gate <c>IPv6DualStack</c>: pkg/features/kube_features.go at v1.20.2 (alpha); on in v1.21.0, and unknown to kubeadm since v1.24.0 (106648).</summary>
    public bool DualStackNeedsGate => !Since(21);

    /// <summary>The gates that sealer switches on and that are not on by themselves yet: <c>TTLAfterFinished</c> until v1.21.0 (98678), <c>EphemeralContainers</c> until v1.23.0 (enhancements 2892).</summary>
    public IReadOnlyList<string> SealerGates => Since(23) ? [] : Since(21) ? ["EphemeralContainers"] : ["EphemeralContainers", "TTLAfterFinished"];

    /// <summary>kubectl's word for letting go of pods with <c>emptyDir</c>: staging/src/k8s.io/kubectl/pkg/cmd/drain/drain.go at v1.20.2.</summary>
    public string DrainEmptyDirArgument => Since(20) ? "--delete-emptydir-data" : "--delete-local-data";

    /// <summary>Where Kubernetes' own images are: <c>DefaultImageRepository</c> of cmd/kubeadm/app/apis/kubeadm at v1.25.0.</summary>
    public string UpstreamRepository => Since(25) ? "registry.k8s.io" : "k8s.gcr.io";

    /// <summary>The name of CoreDNS' image in Kubernetes' own repository: <c>CoreDNSImageName</c> of cmd/kubeadm/app/constants/constants.go at v1.21.0.</summary>
    public string CoreDnsRepository => Since(21) ? "coredns/coredns" : "coredns";

    /// <summary>
    /// In any other repository kubeadm asks for <c>coredns/coredns</c> too: in v1.21.0 and v1.21.1 only, before and after it asks for
    /// <c>coredns</c> unless <c>dns.imageRepository</c> says otherwise (102502, 102506).
    /// </summary>
    public bool CoreDnsFolderIsImplied => Version is { Minor: 21, Patch: < 2 };

    /// <summary>By how many minor versions a kubelet may be behind: 3 since v1.28.0, before it 2 (website, version skew policy).</summary>
    public int OldestKubeletBehind => Since(28) ? 3 : 2;

    /// <summary>A pod's <c>securityContext.seccompProfile</c> is known: staging/src/k8s.io/api/core/v1/types.go at v1.19.0.</summary>
    public bool HasSeccompProfile => Since(19);

    /// <summary>kube-proxy warns of its mode <c>ipvs</c>, which later releases give up: v1.35.0 (134539; enhancements 5495).</summary>
    public bool ProxyDeprecatesIpvs => Since(35);

    /// <summary>
    /// <c>PauseVersion</c>, <c>DefaultEtcdVersion</c> and <c>CoreDNSVersion</c> of cmd/kubeadm/app/constants/constants.go at the release's
    /// first patch; 1.20 read in the source of v1.20.2, the others compared with what <c>kubeadm config images list</c> printed.
    /// </summary>
    public KubernetesImageTags Images => Math.Min(Version.Minor, NewestMinor) switch
    {
        18 => new("3.2", "3.4.3-0", "1.6.7"),
        19 => new("3.2", "3.4.9-1", "1.7.0"),
        20 => new("3.2", "3.4.13-0", "1.7.0"),
        21 => new("3.4.1", "3.4.13-0", "v1.8.0"),
        22 => new("3.5", "3.5.0-0", "v1.8.4"),
        23 => new("3.6", "3.5.1-0", "v1.8.6"),
        24 => new("3.7", "3.5.3-0", "v1.8.6"),
        25 => new("3.8", "3.5.4-0", "v1.9.3"),
        26 => new("3.9", "3.5.6-0", "v1.9.3"),
        27 => new("3.9", "3.5.7-0", "v1.10.1"),
        28 => new("3.9", "3.5.9-0", "v1.10.1"),
        29 => new("3.9", "3.5.10-0", "v1.11.1"),
        30 => new("3.9", "3.5.12-0", "v1.11.1"),
        31 => new("3.10", "3.5.15-0", "v1.11.1"),
        32 => new("3.10", "3.5.16-0", "v1.11.3"),
        33 => new("3.10", "3.5.21-0", "v1.12.0"),
        34 => new("3.10.1", "3.6.4-0", "v1.12.1"),
        35 => new("3.10.1", "3.6.6-0", "v1.13.1"),
        36 => new("3.10.2", "3.6.8-0", "v1.14.2"),
        _ => new("3.10.2", "3.7.0-0", "v1.14.6"),
    };

    /// <summary>All images that kubeadm asks for from Kubernetes' own repository, by full name.</summary>
    public IReadOnlyList<string> UpstreamImages =>
    [
        .. new[] { "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy" }.Select(name => $"{UpstreamRepository}/{name}:{Version}"),
        $"{UpstreamRepository}/pause:{Images.Pause}",
        $"{UpstreamRepository}/etcd:{Images.Etcd}",
        $"{UpstreamRepository}/{CoreDnsRepository}:{Images.CoreDns}",
    ];

    /// <summary>How kubeadm is told a runtime's socket.</summary>
    /// <param name="runtime"><c>containerd</c> or <c>docker</c>, whose dockershim had one of its own.</param>
    /// <exception cref="SealerException"><c>ContainerRuntimeUnknown</c>.</exception>
    public string SocketOf(string runtime) => runtime switch
    {
        "containerd" => Socket("/run/containerd/containerd.sock"),
        // DefaultDockerCRISocket of cmd/kubeadm/app/constants/constants_unix.go at v1.20.2, CRISocketDocker at v1.24.0.
        "docker" => Socket(HasDockershim ? "/var/run/dockershim.sock" : "/var/run/cri-dockerd.sock"),
        _ => throw new SealerException(
            "ContainerRuntimeUnknown", ErrorKind.NotSupported,
            $"Nothing is known of the socket of the container runtime '{runtime}'. Write its path to /etc/sealerio/cri/socket-path on the hosts, or criSocket into the InitConfiguration and the JoinConfiguration of the Clusterfile.", runtime),
    };

    /// <summary>A socket's path in the form that this release wants it in.</summary>
    public string Socket(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        const string scheme = "unix://";
        var bare = path.StartsWith(scheme, StringComparison.Ordinal) ? path[scheme.Length..] : path;
        return WritesSocketsAsUrls ? scheme + bare : bare;
    }

    private bool Since(int minor) => Version.IsAtLeast(1, minor);
}
