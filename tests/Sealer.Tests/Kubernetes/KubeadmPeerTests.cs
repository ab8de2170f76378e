using System.Runtime.Versioning;
using Sealer.Certificates;
using Sealer.Kubernetes;
using Sealer.Kubernetes.Kubeadm;
using Sealer.Tests.Peers;

namespace Sealer.Tests.Kubernetes;

/// <summary>Our documents in the hands of a real kubeadm, of 1.20: it reads them strictly, and tells what it understood.</summary>
[Trait("Tier", "parts")]
[SupportedOSPlatform("linux")]
public sealed class KubeadmPeerTests : IDisposable
{
    private const string Everything = """
        ---
        apiVersion: kubeadm.k8s.io/v1beta4
        kind: ClusterConfiguration
        clusterName: sky
        apiServer: {extraArgs: [{name: v, value: "3"}], certSANs: [api.example.com]}
        etcd: {local: {dataDir: /srv/etcd, extraArgs: [{name: quota-backend-bytes, value: "8589934592"}]}}
        ---
        apiVersion: kubeadm.k8s.io/v1beta4
        kind: InitConfiguration
        timeouts: {controlPlaneComponentHealthCheck: 6m0s}
        nodeRegistration: {kubeletExtraArgs: [{name: v, value: "4"}]}
        ---
        apiVersion: kubeadm.k8s.io/v1beta4
        kind: JoinConfiguration
        timeouts: {discovery: 3m0s}
        ---
        apiVersion: kubelet.config.k8s.io/v1beta1
        kind: KubeletConfiguration
        maxPods: 200
        ---
        apiVersion: kubeproxy.config.k8s.io/v1alpha1
        kind: KubeProxyConfiguration
        conntrack: {maxPerCore: 0}
        """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [LinuxFact]
    public async Task Kubeadm_understands_every_word_of_the_file_for_init()
    {
        var told = await MigrateAsync(KubeadmTesting.Make("v1.20.2", Everything, change: settings => settings with { HasAuditPolicy = true }).Init());
        foreach (var part in new[]
        {
            "advertiseAddress: 10.0.0.1", "name: node-1", "criSocket: /run/containerd/containerd.sock", "node-ip: 10.0.0.1", "clusterName: sky", "- api.example.com", "- 10.103.97.2",
            "controlPlaneEndpoint: apiserver.cluster.local:6443", "imageRepository: sea.hub:5000", "timeoutForControlPlane: 6m0s", "cluster-signing-duration: 876000h0m0s",
            "podSubnet: 100.64.0.0/10", "serviceSubnet: 10.96.0.0/22", "dataDir: /srv/etcd", "quota-backend-bytes: \"8589934592\"", "audit-policy-file", "kubernetesVersion: v1.20.2",
        })
        {
            Assert.Contains(part, told, StringComparison.Ordinal);
        }
    }

    [LinuxFact]
    public async Task Kubeadm_understands_every_word_of_the_files_for_join()
    {
        var settings = KubeadmTesting.Settings("v1.20.2", Everything);
        var made = KubeadmConfiguration.Create(settings);
        var plane = await MigrateAsync(made.Join(settings.Node("10.0.0.2"), KubeadmTesting.Join));
        Assert.Contains("advertiseAddress: 10.0.0.2", plane, StringComparison.Ordinal);
        Assert.Contains("timeout: 3m0s", plane, StringComparison.Ordinal);
        var worker = await MigrateAsync(made.Join(settings.Node("10.0.0.9"), KubeadmTesting.Join));
        Assert.DoesNotContain("controlPlane:", worker, StringComparison.Ordinal);
        Assert.Contains("token: abcdef.0123456789abcdef", worker, StringComparison.Ordinal);
        Assert.Contains("- sha256:aaaa", worker, StringComparison.Ordinal);
    }

    [LinuxFact]
    public async Task Kubeadm_asks_for_the_images_that_the_table_says()
    {
        var path = await WriteAsync(KubeadmTesting.Make("v1.20.2").Init());
        var told = await Peer.RunAsync(await RealKubernetes.KubeadmAsync(), "config", "images", "list", "--config", path);
        var images = told.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line.StartsWith("sea.hub:5000/", StringComparison.Ordinal)).Select(line => line.Trim());
        var release = KubernetesRelease.Of(KubernetesVersion.Parse("v1.20.2"));
        Assert.Equal(release.UpstreamImages.Select(image => image.Replace(release.UpstreamRepository, "sea.hub:5000", StringComparison.Ordinal)), images);
    }

    [LinuxFact]
    public async Task Kubeadm_takes_the_certificates_that_are_made_for_its_file_and_writes_the_pods_it_says()
    {
        var settings = KubeadmTesting.Settings("v1.20.2", Everything);
        var made = KubeadmConfiguration.Create(settings);
        var now = DateTimeOffset.UtcNow;
        var none = new CertificateFileSet();
        var decisions = CertificateComparison.Compare(ClusterCertificates.Of(made.Certificates(settings.Node("10.0.0.1"))), CertificateReader.Read(none, now), new CertificatePolicy(), now);
        foreach (var file in CertificateIssuer.Make(decisions, none, new CertificatePolicy { Algorithm = KeyAlgorithm.EcdsaP256 }, now))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_folder[file.Path[1..]])!);
            await File.WriteAllBytesAsync(_folder[file.Path[1..]], file.Content.ToArray());
        }

        await File.WriteAllTextAsync(_folder["etc/kubeadm.yaml"], made.Init().Text);
        var told = await Peer.RunAsync(
            "unshare", "--mount", "sh", "-c", "mount --bind \"$0\" /etc && for p in 'certs all' 'kubeconfig all' 'control-plane all' 'etcd local'; do \"$1\" init phase $p --config /etc/kubeadm.yaml 2>&1 || exit 1; done",
            _folder["etc"], await RealKubernetes.KubeadmAsync());
        Assert.DoesNotContain("Generating", told, StringComparison.Ordinal);
        Assert.DoesNotContain("Writing", told, StringComparison.Ordinal);
        Assert.Equal(4, told.Split("Using existing kubeconfig file").Length - 1);
        var server = await File.ReadAllTextAsync(_folder["etc/kubernetes/manifests/kube-apiserver.yaml"]);
        foreach (var part in new[] { "--v=3", "--advertise-address=10.0.0.1", "--service-cluster-ip-range=10.96.0.0/22", "--enable-aggregator-routing=true", "image: sea.hub:5000/kube-apiserver:v1.20.2" })
            Assert.Contains(part, server, StringComparison.Ordinal);
        Assert.Contains("--cluster-signing-duration=876000h0m0s", await File.ReadAllTextAsync(_folder["etc/kubernetes/manifests/kube-controller-manager.yaml"]), StringComparison.Ordinal);
        Assert.Contains("--quota-backend-bytes=8589934592", await File.ReadAllTextAsync(_folder["etc/kubernetes/manifests/etcd.yaml"]), StringComparison.Ordinal);
    }

    private async Task<string> MigrateAsync(KubeadmFile file)
    {
        var path = await WriteAsync(file);
        var result = await Peer.RunAsync("sh", "-c", "\"$0\" config migrate --old-config \"$1\" --new-config \"$1.new\" 2>&1; cat \"$1.new\"", await RealKubernetes.KubeadmAsync(), path);
        // It warns of what it does not know, and goes on.
        Assert.DoesNotContain("error unmarshaling", result, StringComparison.Ordinal);
        Assert.DoesNotContain("unknown", result, StringComparison.Ordinal);
        return result;
    }

    private async Task<string> WriteAsync(KubeadmFile file)
    {
        var path = _folder[$"kubeadm-{Guid.NewGuid():n}.yaml"];
        await File.WriteAllTextAsync(path, file.Text);
        return path;
    }
}
