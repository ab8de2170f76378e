using Sealer.Clusterfiles;
using Sealer.Clusterfiles.Configs;
using Sealer.Delivery;
using Sealer.Images.Layers;
using Sealer.Kubernetes.Runtimes;
using Sealer.Labs;
using Sealer.Tests.Labs;
using Sealer.Transfer;

namespace Sealer.Tests.Kubernetes.BaseImages;

/// <summary>A base image of a real Kubernetes, and what kubeadm makes of it by hand: the image is whole.</summary>
[Trait("Tier", "lab")]
[Collection(LabCollection.Name)]
public sealed class KubernetesImageTests(KubernetesFixture kubernetes)
{
    private const string Registry = "sea.hub:5000";

    [LinuxFact]
    public async Task A_bare_host_with_the_image_becomes_a_cluster_whose_pods_have_addresses_and_names()
    {
        await using var own = await LabFixture.NewAsync(new LabOptions { Count = 1 });
        var host = own.Hosts[0];
        var rootfs = await DeliverAsync(host);
        await RunAsync(host, $"""
            set -e
            echo '{host.Address} sea.hub' >> /etc/hosts
            bash {rootfs}/scripts/containerd.sh
            cd {rootfs}/scripts
            bash init-registry.sh 5000 {rootfs}/registry sea.hub
            RegistryURL={Registry} bash init-kube.sh
            """);
        foreach (var file in ContainerdHosts.Of(new RuntimeRegistry(Registry, IsInsecure: true, null, null, null), []))
            await RunAsync(host, $"mkdir -p $(dirname {file.Path}) && cat > {file.Path} <<'END'\n{file.Text}END\n");
        Assert.Equal("v1.20.2\n", await RunAsync(host, "kubeadm version -o short"));

        await RunAsync(host, $"""
            cat > /root/kubeadm.yaml <<'END'
            apiVersion: kubeadm.k8s.io/v1beta2
            kind: InitConfiguration
            localAPIEndpoint: (advertiseAddress: {host.Address})
            nodeRegistration: (name: {host.Name}, criSocket: /run/containerd/containerd.sock)
            ---
            apiVersion: kubeadm.k8s.io/v1beta2
            kind: ClusterConfiguration
            kubernetesVersion: v1.20.2
            imageRepository: {Registry}
            networking: (podSubnet: 10.244.0.0/16)
            ---
            apiVersion: kubelet.config.k8s.io/v1beta1
            kind: KubeletConfiguration
            cgroupDriver: cgroupfs
            evictionHard: (memory.available: 50Mi, nodefs.available: 1%, imagefs.available: 1%, nodefs.inodesFree: 1%)
            ---
            apiVersion: kubeproxy.config.k8s.io/v1alpha1
            kind: KubeProxyConfiguration
            conntrack: (maxPerCore: 0)
            END
            kubeadm init --config /root/kubeadm.yaml
            """.Replace('(', '{').Replace(')', '}'));

        const string kubectl = "kubectl --kubeconfig /etc/kubernetes/admin.conf";
        await RunAsync(host, $"{kubectl} apply -f {rootfs}/application/apps/flannel/pod-network.yaml");
        await RunAsync(host, $"{kubectl} wait --for=condition=Ready node --all --timeout=180s");
        await RunAsync(host, $"{kubectl} -n kube-system rollout status deployment/coredns --timeout=180s || ({kubectl} -n kube-system describe pods; exit 1)");

        // The host asks the cluster's DNS at its service's address: kube-proxy, the pods' network and coredns at once.
        var answer = await RunAsync(host, "echo nameserver 10.96.0.10 > /etc/resolv.conf; getent -s hosts:dns ahostsv4 kubernetes.default.svc.cluster.local");
        Assert.StartsWith("10.96.0.1 ", answer, StringComparison.Ordinal);
        Assert.Contains("  kube-system  coredns-", await RunAsync(host, "crictl pods"), StringComparison.Ordinal);
    }

    private async Task<string> DeliverAsync(LabHost host)
    {
        var image = await kubernetes.ImageAsync();
        var text = $"""
            apiVersion: sealer.io/v2
            kind: Cluster
            metadata: (name: real)
            spec:
              image: {KubernetesFixture.Name}
              env: [CgroupDriver=cgroupfs]
              ssh: (user: root, pk: {host.KeyPath})
              hosts:
              - ips: [{host.Address}]
                roles: [master]
                ssh: (hostKeys: ["{host.HostKeyFingerprint}"])
            """.Replace('(', '{').Replace(')', '}');
        var spec = Clusterfile.Read(text).GetSpec();
        var files = await ImageFileSystem.LoadAsync(kubernetes.Store, [.. image.Layers.Select(layer => layer.Descriptor)], default);
        var rendered = await HostContent.RenderAsync(spec, files, image.Extension, spec.Hosts[0]);
        await using var hosts = ClusterHosts.Of(spec, new HostAccess { SshConfigFile = "none" });
        var target = new ContentTarget(hosts[host.Address], spec.RootfsFolder)
        {
            Overrides = [.. rendered.Files.Select(file => new ContentOverride(file.Path, file.Bytes) { Mode = file.Mode })],
        };
        Assert.Null(Assert.Single(await ContentTransfer.RunAsync(new ContentJob(ContentSet.Of(kubernetes.Store, files)), [target])).Error);
        return spec.RootfsFolder;
    }

    private static async Task<string> RunAsync(LabHost host, string script)
    {
        var result = await host.RunAsync(script);
        Assert.True(result.ExitCode == 0, result.Error + result.Output);
        return result.Output;
    }
}
