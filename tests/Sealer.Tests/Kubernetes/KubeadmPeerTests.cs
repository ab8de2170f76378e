using System.Runtime.Versioning;
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
