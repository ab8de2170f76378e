using Sealer.Images;

namespace Sealer.Kubernetes.BaseImages;

/// <summary>A file that upstream publishes.</summary>
/// <param name="Address">Where, without <c>https://</c>.</param>
/// <param name="Target">Its place in the image.</param>
/// <param name="Mode">Its permission bits there, octal.</param>
/// <param name="Checksums">The address of the list that has its SHA-256; null where <paramref name="Known"/> says it.</param>
/// <param name="Known">Its digest, where upstream publishes none; null elsewhere.</param>
internal sealed record ReleaseFile(string Address, string Target, string Mode, string? Checksums, Digest? Known = null)
{
    private const string GitHub = "github.com";

    private const string Program = "755";
    private const string Data = "644";

    /// <summary>Its name at its address.</summary>
    public string Name => Address[(Address.LastIndexOf('/') + 1)..];

    /// <summary>What lies in the image as it comes.</summary>
    public static IReadOnlyList<ReleaseFile> Of(KubernetesVersion kubernetes, BaseImageVersions versions, string architecture) =>
    [
        .. new[] { "kubeadm", "kubelet", "kubectl" }.Select(name =>
            WithOwnSum($"dl.k8s.io/release/{kubernetes}/bin/linux/{architecture}/{name}", $"bin/{name}", ".sha256", Program)),
        WithOwnSum($"{GitHub}/containerd/containerd/releases/download/v{versions.Containerd}/containerd-{versions.Containerd}-linux-{architecture}.tar.gz", "cri/containerd.tar.gz", ".sha256sum", Data),
        new($"{GitHub}/opencontainers/runc/releases/download/v{versions.Runc}/runc.{architecture}", "cri/runc", Program, $"{GitHub}/opencontainers/runc/releases/download/v{versions.Runc}/runc.sha256sum"),
        WithOwnSum($"{GitHub}/kubernetes-sigs/cri-tools/releases/download/v{versions.Crictl}/crictl-v{versions.Crictl}-linux-{architecture}.tar.gz", "cri/crictl.tar.gz", ".sha256", Data),
        WithOwnSum($"{GitHub}/containernetworking/plugins/releases/download/v{versions.CniPlugins}/cni-plugins-linux-{architecture}-v{versions.CniPlugins}.tgz", "cri/cni-plugins.tgz", ".sha256", Data),
        WithOwnSum($"{GitHub}/distribution/distribution/releases/download/v{versions.Registry}/registry_{versions.Registry}_linux_{architecture}.tar.gz", "cri/registry.tar.gz", ".sha256", Data),
    ];

    /// <summary>Helm's archive, of which the program alone comes into the image.</summary>
    public static ReleaseFile Helm(BaseImageVersions versions, string architecture) =>
        WithOwnSum($"get.helm.sh/helm-v{versions.Helm}-linux-{architecture}.tar.gz", "bin/helm", ".sha256sum", Program);

    /// <summary>
    /// The manifest of a network. Upstream publishes no digests of these; they are those of the files at the tags in their
    /// repositories, from which they are served.
    /// </summary>
    /// <exception cref="SealerException"><c>NetworkNotSupported</c>: none is known for that version of Kubernetes.</exception>
    public static ReleaseFile? Manifest(BaseImageNetwork network, KubernetesVersion kubernetes) => network switch
    {
        BaseImageNetwork.Calico when kubernetes.IsAtLeast(1, 27) => Raw("projectcalico/calico/v3.31.7/manifests/calico.yaml", "sha256:d6d8a489a4ed8e5b8efd8b339047b496ca657b55ee2e3618e791507b0a853e8d"),
        BaseImageNetwork.Calico when kubernetes.IsAtLeast(1, 21) => Raw("projectcalico/calico/v3.25.2/manifests/calico.yaml", "sha256:67244318479625fc58bbd01653cf2b397ee0227d0cd143f2f4d55c7a96ce0945"),
        BaseImageNetwork.Calico => throw new SealerException(
            "NetworkNotSupported", ErrorKind.NotSupported,
            $"No manifest of Calico is known for Kubernetes {kubernetes}. Take -Network Flannel, or give a manifest of your own with -NetworkManifest.", kubernetes.ToString()),
        BaseImageNetwork.Flannel => Raw("flannel-io/flannel/v0.26.7/Documentation/kube-flannel.yml", "sha256:d3f539ef073032bdbd2d32900719400e0050a8ae1d00a9fef75d9d0f079c7d54"),
        _ => null,
    };

    private static ReleaseFile Raw(string address, string digest) => new($"raw.githubusercontent.com/{address}", "", Data, null, Digest.Parse(digest));

    private static ReleaseFile WithOwnSum(string address, string target, string ending, string mode) => new(address, target, mode, address + ending);
}
