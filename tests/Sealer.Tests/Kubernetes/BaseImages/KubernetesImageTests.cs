using Sealer.Clusterfiles;
using Sealer.Clusterfiles.Configs;
using Sealer.Delivery;
using Sealer.Images.Layers;
using Sealer.Kubernetes.Runtimes;
using Sealer.Labs;
using Sealer.Tests.Labs;
using Sealer.Tests.Peers;
using Sealer.Transfer;

namespace Sealer.Tests.Kubernetes.BaseImages;

/// <summary>A base image of a real Kubernetes, and what kubeadm makes of it by hand: the image is whole.</summary>
[Trait("Tier", "lab")]
[Collection(LabCollection.Name)]
public sealed class KubernetesImageTests(KubernetesFixture kubernetes)
{
    private const string Registry = "sea.hub:5000";
    private const string Socket = "/run/containerd/containerd.sock";
    private const string Kubectl = "kubectl --kubeconfig /etc/kubernetes/admin.conf";

    [LinuxFact]
    public async Task Bare_hosts_with_the_image_become_a_cluster_whose_pods_reach_each_other_by_name()
    {
        await using var own = await LabFixture.NewAsync(new LabOptions { Count = 2 });
        var (first, second) = (own.Hosts[0], own.Hosts[1]);
        var rootfs = await DeliverAsync(own.Hosts);
        await RunAsync(first, $"cd {rootfs}/scripts && bash init-registry.sh 5000 {rootfs}/registry sea.hub");
        await Task.WhenAll(own.Hosts.Select(host => PrepareAsync(host, rootfs, first)));
        Assert.Equal("v1.20.2\n", await RunAsync(first, "kubeadm version -o short"));

        await InitAsync(first, rootfs);
        await JoinAsync(first, second);
        await RunAsync(first, $"{Kubectl} wait --for=condition=Ready node --all --timeout=180s");

        // All of coredns goes to the second host, where it is ready once it has the API of the first; then the first asks it at its
        // service's address: kube-proxy and the pods' network in both directions.
        await RunAsync(first, $"{Kubectl} cordon {first.Name} && {Kubectl} -n kube-system rollout restart deployment/coredns");
        await RunAsync(first, $"{Kubectl} -n kube-system rollout status deployment/coredns --timeout=180s || ({Kubectl} -n kube-system describe pods; exit 1)");
        Assert.Contains("  kube-system  coredns-", await RunAsync(second, "crictl pods"), StringComparison.Ordinal);
        foreach (var host in own.Hosts)
        {
            var answer = await RunAsync(host, "echo nameserver 10.96.0.10 > /etc/resolv.conf; getent -s hosts:dns ahostsv4 kubernetes.default.svc.cluster.local");
            Assert.StartsWith("10.96.0.1 ", answer, StringComparison.Ordinal);
        }
    }

    private async Task<string> DeliverAsync(IReadOnlyList<LabHost> lab)
    {
        var image = await kubernetes.ImageAsync();
        var text = $"""
            apiVersion: sealer.io/v2
            kind: Cluster
            metadata: (name: real)
            spec:
              image: {KubernetesFixture.Name}
              env: [CgroupDriver=cgroupfs]
              ssh: (user: root, pk: {lab[0].KeyPath})
              hosts:
              - ips: [{lab[0].Address}]
                roles: [master]
                ssh: (hostKeys: ["{lab[0].HostKeyFingerprint}"])
              - ips: [{lab[1].Address}]
                roles: [node]
                ssh: (hostKeys: ["{lab[1].HostKeyFingerprint}"])
            """.Replace('(', '{').Replace(')', '}');
        var spec = Clusterfile.Read(text).GetSpec();
        var files = await ImageFileSystem.LoadAsync(kubernetes.Store, [.. image.Layers.Select(layer => layer.Descriptor)], default);
        var content = await HostContent.LoadAsync(spec, files, image.Extension);
        await using var hosts = ClusterHosts.Of(spec, new HostAccess { SshConfigFile = "none" });
        var targets = spec.Hosts.Select(host => new ContentTarget(hosts[host.Address], spec.RootfsFolder)
        {
            Filter = host.IsControlPlane ? ContentFilter.Everything : new ContentFilter(["registry"]),
            Overrides = [.. content.For(host).Files.Select(file => new ContentOverride(file.Path, file.Bytes) { Mode = file.Mode })],
        });
        Assert.All(await ContentTransfer.RunAsync(new ContentJob(ContentSet.Of(kubernetes.Store, files)), [.. targets]), result => Assert.Null(result.Error));
        return spec.RootfsFolder;
    }

    /// <summary>By sealer's contract, and every name of a registry leads to the first host's.</summary>
    private static async Task PrepareAsync(LabHost host, string rootfs, LabHost first)
    {
        await RunAsync(host, $"""
            set -e
            echo '{first.Address} sea.hub' >> /etc/hosts
            bash {rootfs}/scripts/containerd.sh
            cd {rootfs}/scripts
            RegistryURL={Registry} bash init-kube.sh
            """);
        foreach (var file in ContainerdHosts.Of(new RuntimeRegistry(Registry, IsInsecure: true, null, null, null), []))
            await RunAsync(host, $"mkdir -p $(dirname {file.Path}) && cat > {file.Path} <<'END'\n{file.Text}END\n");
    }

    // As a lab host needs it: the groups are made without systemd, the kernel's own settings are the machine's, and so is its disk.
    private static async Task InitAsync(LabHost host, string rootfs)
    {
        await RunAsync(host, $"""
            cat > /root/kubeadm.yaml <<'END'
            apiVersion: kubeadm.k8s.io/v1beta2
            kind: InitConfiguration
            localAPIEndpoint: (advertiseAddress: {host.Address})
            nodeRegistration: (name: {host.Name}, criSocket: {Socket})
            ---
            apiVersion: kubeadm.k8s.io/v1beta2
            kind: ClusterConfiguration
            kubernetesVersion: {RealKubernetes.Version}
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
        await RunAsync(host, $"{Kubectl} apply -f {rootfs}/application/apps/flannel/pod-network.yaml");
    }

    private static async Task JoinAsync(LabHost first, LabHost second)
    {
        var join = await RunAsync(first, "kubeadm token create --print-join-command");
        await RunAsync(second, $"{join.Trim()} --node-name {second.Name} --cri-socket {Socket}");
    }

    private static async Task<string> RunAsync(LabHost host, string script)
    {
        var result = await host.RunAsync(script);
        Assert.True(result.ExitCode == 0, result.Error + result.Output);
        return result.Output;
    }
}
