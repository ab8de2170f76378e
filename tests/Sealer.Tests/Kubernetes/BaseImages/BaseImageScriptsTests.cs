using Sealer.Clusterfiles;
using Sealer.Clusterfiles.Documents;
using Sealer.Delivery;
using Sealer.Events;
using Sealer.Images;
using Sealer.Images.Storage;
using Sealer.Kubernetes;
using Sealer.Kubernetes.BaseImages;
using Sealer.Labs;
using Sealer.Tests.Images;
using Sealer.Tests.Labs;

namespace Sealer.Tests.Kubernetes.BaseImages;

/// <summary>The scripts of a base image on a real host: Debian's containerd, runc and registry in upstream's archives.</summary>
[Trait("Tier", "lab")]
[Collection(LabCollection.Name)]
public sealed class BaseImageScriptsTests : IDisposable
{
    private readonly TemporaryFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [LinuxFact]
    public async Task A_bare_host_gets_runtime_registry_and_kubelet_keeps_them_over_a_restart_and_gives_all_back()
    {
        await using var own = await LabFixture.NewAsync(new LabOptions { Count = 1 });
        var host = own.Hosts[0];
        var rootfs = await DeliverAsync(host);
        var before = await StateAsync(host);

        var prepared = $"set -e; bash {rootfs}/scripts/containerd.sh; cd {rootfs}/scripts; bash init-registry.sh 5001 {rootfs}/registry sea.hub; RegistryURL=sea.hub:5001 bash init-kube.sh";
        await RunAsync(host, prepared);
        Assert.Contains("Server:", await RunAsync(host, "ctr version"), StringComparison.Ordinal);
        Assert.Contains("sandbox_image = \"sea.hub:5000/pause:3.2\"", await RunAsync(host, "cat /etc/containerd/config.toml"), StringComparison.Ordinal);
        Assert.Equal("enabled\nenabled\nenabled\n", await RunAsync(host, "systemctl is-enabled containerd sealer-registry kubelet"));
        Assert.Equal("kubeadmamd64\n", await RunAsync(host, "kubeadm"));

        // Again: what runs goes on running.
        var running = await RunAsync(host, "systemctl show -p MainPID containerd sealer-registry");
        await RunAsync(host, prepared);
        Assert.Equal(running, await RunAsync(host, "systemctl show -p MainPID containerd sealer-registry"));

        // Images are pulled from it, with a password and its authority, and without are not.
        await RunAsync(host, $$"""
            set -e
            mkdir -p {{rootfs}}/certs
            openssl req -x509 -newkey rsa:2048 -nodes -days 9 -subj /CN=sea.hub -addext subjectAltName=DNS:sea.hub -keyout {{rootfs}}/certs/sea.hub.key -out {{rootfs}}/certs/sea.hub.crt 2>/dev/null
            echo 'admin:{{Hash}}' > {{rootfs}}/etc/registry_htpasswd
            echo '127.0.0.1 sea.hub' >> /etc/hosts
            bash {{rootfs}}/scripts/init-registry.sh 5001 {{rootfs}}/registry sea.hub
            mkdir -p /etc/containerd/certs.d/sea.hub:5001
            printf '[host."https://sea.hub:5001"]\nca = "%s"\n' {{rootfs}}/certs/sea.hub.crt > /etc/containerd/certs.d/sea.hub:5001/hosts.toml
            """);
        Assert.Equal("", await RunAsync(host, "ctr content fetch --hosts-dir /etc/containerd/certs.d -u admin:secret sea.hub:5001/kube-proxy:v1.20.2 >/dev/null"));
        Assert.NotEqual(0, (await host.RunAsync("ctr content fetch --hosts-dir /etc/containerd/certs.d sea.hub:5001/kube-proxy:v1.20.2")).ExitCode);

        await host.RebootAsync();
        await RunAsync(host, "bash -c 'for i in $(seq 300); do ctr version >/dev/null 2>&1 && (: < /dev/tcp/127.0.0.1/5001) 2>/dev/null && exit 0; sleep 0.2; done; systemctl --failed; exit 1'");

        await RunAsync(host, $"set -e; for what in kube registry containerd; do bash {rootfs}/scripts/uninstall-$what.sh; done; sed '/sea.hub/d' /etc/hosts > /tmp/h; cat /tmp/h > /etc/hosts; rm /tmp/h");
        Assert.Equal(before, await StateAsync(host));
        // And once more is no harm.
        await RunAsync(host, $"set -e; for what in kube registry containerd; do bash {rootfs}/scripts/uninstall-$what.sh; done");
    }

    // htpasswd -nbB admin secret
    private const string Hash = "$2y$05$AcBd6WuaYHkDnBgOa9DKl.j3W425O/SGeKT6SUnyHuy9.3Iktz6Je";

    /// <summary>What a host has installed: files, links and units outside of what every start writes anew.</summary>
    private static Task<string> StateAsync(LabHost host) => RunAsync(host, """
        find /etc /usr /opt /var/lib -xdev \( -path /var/lib/sealer/data -o -path /var/lib/systemd -o -path /etc/.pwd.lock -o -path /etc/machine-id \) -prune -o \( -type f -o -type l \) -print | LC_ALL=C sort
        systemctl list-unit-files --no-legend --state=enabled | sort
        """);

    private static async Task<string> RunAsync(LabHost host, string script)
    {
        var result = await host.RunAsync(script);
        Assert.True(result.ExitCode == 0, result.Error + result.Output);
        return result.Output;
    }

    private async Task<string> DeliverAsync(LabHost host)
    {
        const string version = "v1.20.2";
        var kubernetes = KubernetesVersion.Parse(version);
        var releases = new ReleaseFolder(_temp["mirror"], version);
        releases.Put(releases.Files["cri/containerd.tar.gz"], ReleaseFolder.Pack(Programs("bin/", "/usr/bin/containerd", "/usr/bin/containerd-shim-runc-v2", "/usr/bin/ctr")));
        releases.Put(releases.Files["cri/registry.tar.gz"], ReleaseFolder.Pack(("registry", await File.ReadAllBytesAsync("/usr/bin/docker-registry"))));
        releases.Put(releases.Files["cri/runc"], await File.ReadAllBytesAsync("/usr/sbin/runc"));
        var images = new MemoryImages();
        foreach (var name in KubernetesRelease.Of(kubernetes).UpstreamImages.Append("docker.io/sealerio/lvscare:v1.1.3-beta.8").Append("docker.io/library/haproxy:3.0-alpine"))
            images.Names[ImageReference.Parse(name).ToString()] = images.AddImage(null, layers: name);
        var store = ImageStore.Open(_temp["store"]);
        var image = await new BaseImageBuilder(store) { Registries = _ => images }.BuildAsync(
            new BaseImageOptions
            {
                Kubernetes = kubernetes,
                Tag = ImageReference.Parse("kubernetes:v1.20.2"),
                Source = _temp["mirror"],
                Platforms = [Platform.Parse("linux/amd64")],
                Network = BaseImageNetwork.None,
            },
            default);

        var text = $"""
            apiVersion: sealer.io/v2
            kind: Cluster
            metadata: (name: base)
            spec:
              image: kubernetes:v1.20.2
              ssh: (user: root, pk: {host.KeyPath})
              hosts:
              - ips: [{host.Address}]
                roles: [master]
                ssh: (hostKeys: ["{host.HostKeyFingerprint}"])
            """.Replace('(', '{').Replace(')', '}');
        var cluster = new Cluster(Clusterfile.Read(text).GetSpec());
        await using var hosts = ClusterHosts.Of(cluster.Spec, new HostAccess { SshConfigFile = "none" });
        var content = await ImageContent.LoadAsync(cluster.Spec, store, image);
        var delivery = new ClusterDelivery(cluster, address => hosts[address], new FilesAlone(content), new SealerHome(_temp["home"]));
        var result = await delivery.CarryOutAsync(await delivery.PlanAsync());
        Assert.True(result.Succeeded, string.Join('\n', result.Steps.Select(step => step.Message)));
        return cluster.Spec.RootfsFolder;
    }

    /// <summary>An image of which only the files are brought: its scripts are run by hand here.</summary>
    private sealed class FilesAlone(IPlanContent content) : IPlanContent
    {
        public string Image => content.Image;

        public string ImageDigest => content.ImageDigest;

        public ImageExtension? Extension => content.Extension;

        public IReadOnlyList<PluginSpec> Plugins => content.Plugins;

        public IReadOnlyList<string> Notes => content.Notes;

        public Task<IReadOnlyDictionary<string, ContentAnswer>> InspectAsync(IReadOnlyList<ContentHost> hosts, CancellationToken cancellationToken) =>
            content.InspectAsync(hosts, cancellationToken);

        public Task<IReadOnlyDictionary<string, Exception>> DeliverAsync(IReadOnlyList<StepRun> runs, IProgress<SealerEvent>? events, CancellationToken cancellationToken) =>
            content.DeliverAsync(runs, events, cancellationToken);
    }

    private static (string Name, byte[] Content)[] Programs(string folder, params string[] paths) =>
        [.. paths.Select(path => (folder + Path.GetFileName(path), File.ReadAllBytes(path)))];
}
