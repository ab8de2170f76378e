using System.Diagnostics;
using Sealer.Certificates;
using Sealer.Clusterfiles;
using Sealer.Delivery;
using Sealer.Events;
using Sealer.Images;
using Sealer.Images.Building;
using Sealer.Images.Storage;
using Sealer.Labs;
using Sealer.Planning;
using Sealer.Registries;
using Sealer.Tests.Labs;

namespace Sealer.Tests.Delivery.Kubernetes;

/// <summary>Lab hosts and a real Kubernetes that is delivered to them, of an image on the real base image.</summary>
public sealed class LabKubernetes : IAsyncDisposable
{
    private readonly OwnLab _own;
    private readonly TemporaryFolder _folder = new();
    private ClusterImage _image;
    private readonly ImageStore _store;

    private LabKubernetes(OwnLab own, ImageStore store, ClusterImage image) => (_own, _store, _image) = (own, store, image);

    /// <summary>The hosts.</summary>
    public IReadOnlyList<LabHost> Hosts => _own.Hosts;

    /// <summary>What was told while plans were carried out.</summary>
    public List<string> Told { get; } = [];

    /// <summary>Where the controller keeps journals; another one is another controller.</summary>
    public SealerHome Home { get; set; } = null!;

    /// <summary>How a registry that is there already is talked to.</summary>
    public RegistryOptions Registries { get; set; } = new();

    /// <summary>Makes hosts and an image.</summary>
    /// <param name="kubernetes">The base image.</param>
    /// <param name="options">The hosts.</param>
    public static async Task<LabKubernetes> CreateAsync(KubernetesFixture kubernetes, LabOptions options)
    {
        var image = await kubernetes.ImageAsync();
        var own = await LabFixture.NewAsync(options);
        var made = new LabKubernetes(own, kubernetes.Store, image);
        made.Home = new SealerHome(made._folder["home"]);
        return made;
    }

    /// <summary>From here on another image is delivered, one that is built on the base image.</summary>
    /// <param name="kubefile">Its instructions.</param>
    /// <param name="files">The files of its context.</param>
    /// <param name="archives">Where container images come from.</param>
    public async Task BuildAsync(string kubefile, IReadOnlyDictionary<string, string> files, params string[] archives)
    {
        using var context = new TemporaryFolder();
        foreach (var (path, text) in files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(context[path])!);
            await File.WriteAllTextAsync(context[path], text);
        }

        _image = await new ClusterImageBuilder(_store, _ => throw new NotSupportedException(), null).BuildAsync(
            new BuildOptions
            {
                ContextFolder = context.Path,
                KubefileText = $"FROM {KubernetesFixture.Name}\n{kubefile}\n",
                Tags = [ImageReference.Parse($"lab-{Guid.NewGuid():n}:v1")],
                ImageArchives = archives,
                Pull = PullPolicy.Never,
            },
            default);
    }

    /// <summary>A cluster of the first hosts.</summary>
    /// <param name="planes">How many control planes.</param>
    /// <param name="workers">How many workers, of the hosts at the end.</param>
    /// <param name="more">More of the Clusterfile's <c>spec</c>, two spaces in, and documents behind it.</param>
    public Cluster Cluster(int planes, int workers, string more = "") => Cluster(Hosts.Take(planes), Hosts.TakeLast(workers), more);

    /// <summary>A cluster of some hosts.</summary>
    public Cluster Cluster(IEnumerable<LabHost> planes, IEnumerable<LabHost> workers, string more = "")
    {
        var way = (Hosts[0].SudoPassword is { } sudo ? $"\n    sudoPasswd: {sudo.Reveal()}" : "")
            + (Hosts[0].ProxyJump is { } jump ? $"\n    proxyJump: '{jump}'\n    jumpHostKeys: ['{Hosts[0].JumpHostKeyFingerprint}']" : "");
        var node = workers.ToList() is { Count: > 0 } some ? $"  - {{ips: [{string.Join(", ", some.Select(host => host.Address))}], roles: [node]}}\n" : "";
        return new Cluster(Clusterfile.Read($"""
            apiVersion: sealer.io/v2
            kind: Cluster
            metadata: {'{'} name: sky {'}'}
            spec:
              image: {_image.Name}
              env: [CgroupDriver=cgroupfs, SITE_PASSWORD=hunter2-lab]
              ssh:
                user: {Hosts[0].User}
                pk: {Hosts[0].KeyPath}
                hostKeys: [{string.Join(", ", Hosts.Select(host => $"'{host.HostKeyFingerprint}'"))}]{way}
              hosts:
              - {'{'}ips: [{string.Join(", ", planes.Select(host => host.Address))}], roles: [master]{'}'}
            {node}{more}
            """ + Kubelet).GetSpec());
    }

    // What a host that is no machine of its own needs to be told.
    private const string Kubelet = """

        ---
        apiVersion: kubelet.config.k8s.io/v1beta1
        kind: KubeletConfiguration
        failSwapOn: false
        fileCheckFrequency: 1s
        evictionHard: {memory.available: "50Mi", nodefs.available: "1%", imagefs.available: "1%", nodefs.inodesFree: "1%"}
        imageGCHighThresholdPercent: 100
        ---
        apiVersion: kubeproxy.config.k8s.io/v1alpha1
        kind: KubeProxyConfiguration
        conntrack: {maxPerCore: 0}
        """;

    /// <summary>Makes a plan of how hosts are, as another controller each time.</summary>
    public async Task<Plan> PlanAsync(Cluster cluster)
    {
        await using var hosts = ClusterHosts.Of(cluster.Spec, new HostAccess { SshConfigFile = "none" });
        return await (await DeliveryAsync(cluster, hosts)).PlanAsync();
    }

    /// <summary>Makes a plan and carries it out.</summary>
    public async Task<PlanResult> ApplyAsync(Cluster cluster, DeliveryOptions? options = null)
    {
        await using var hosts = ClusterHosts.Of(cluster.Spec, new HostAccess { SshConfigFile = "none" });
        var delivery = await DeliveryAsync(cluster, hosts, options);
        return await delivery.CarryOutAsync(await delivery.PlanAsync());
    }

    /// <summary>How the cluster would be taken away.</summary>
    public async Task<Plan> PlanRemovalAsync(Cluster cluster)
    {
        await using var hosts = ClusterHosts.Of(cluster.Spec, new HostAccess { SshConfigFile = "none" });
        return await Removal(cluster, hosts).PlanAsync();
    }

    /// <summary>Takes the cluster away, without its image.</summary>
    public async Task<PlanResult> RemoveAsync(Cluster cluster)
    {
        await using var hosts = ClusterHosts.Of(cluster.Spec, new HostAccess { SshConfigFile = "none", ConnectTimeout = TimeSpan.FromSeconds(5) });
        var delivery = Removal(cluster, hosts);
        return await delivery.CarryOutAsync(await delivery.PlanAsync());
    }

    /// <summary>Changes certificates only, by a controller that has no image.</summary>
    public async Task<PlanResult> RenewAsync(Cluster cluster, CertificateRenewal renewal)
    {
        await using var hosts = ClusterHosts.Of(cluster.Spec, new HostAccess { SshConfigFile = "none" });
        var delivery = new ClusterDelivery(cluster, address => hosts[address], null, Home, new DeliveryOptions { Renewal = renewal }, new Listener(Told), hosts.Other);
        var result = await delivery.CarryOutAsync(await delivery.PlanAsync());
        Assert.True(result.Succeeded, TellOf(result));
        return result;
    }

    /// <summary>A delivery in a process of its own, to be killed.</summary>
    public Process Controller(Cluster cluster)
    {
        var file = _folder["Clusterfile"];
        Clusterfile.WriteFile(file, cluster.Spec, new ClusterfileWriteOptions { Secrets = SecretWriting.Reveal });
        return Process.Start(new ProcessStartInfo("dotnet", [typeof(LabKubernetes).Assembly.Location, "deliver-kubernetes", file, _store.Folder, _image.Name, Home.Folder]))!;
    }

    /// <summary>What such a process does.</summary>
    public static async Task<int> DeliverAsync(string file, string folder, string name, string home)
    {
        var cluster = new Cluster(Clusterfile.ReadFile(file).GetSpec());
        var store = ImageStore.Open(folder);
        var reference = ImageReference.Parse(name);
        var image = await ClusterImages.LoadAsync(store, reference, (await store.ResolveAsync(reference, default))!, default);
        await using var hosts = ClusterHosts.Of(cluster.Spec, new HostAccess { SshConfigFile = "none" });
        var delivery = new ClusterDelivery(cluster, address => hosts[address], await ImageContent.LoadAsync(cluster.Spec, store, image), new SealerHome(home));
        return (await delivery.CarryOutAsync(await delivery.PlanAsync())).Succeeded ? 0 : 1;
    }

    /// <summary>Makes a plan and carries it out, all of it.</summary>
    public async Task<PlanResult> ApplyFullyAsync(Cluster cluster)
    {
        var result = await ApplyAsync(cluster);
        Assert.True(result.Succeeded, TellOf(result));
        return result;
    }

    /// <summary>Runs on a host as root; what it printed.</summary>
    public static async Task<string> RunAsync(LabHost host, string script)
    {
        var result = await host.RunAsync(script);
        Assert.True(result.Succeeded, $"{host.Name}: {script}\n{result.Output}\n{result.Error}");
        return result.Output;
    }

    /// <summary>Asks the API on a control plane.</summary>
    /// <remarks>Its own <c>wait --all --timeout</c> is for each of them, one after the other.</remarks>
    public static Task<string> KubectlAsync(LabHost plane, string words) => RunAsync(plane, $"timeout 200 kubectl --kubeconfig /etc/kubernetes/admin.conf {words}");

    /// <summary>What came of each step.</summary>
    public static string TellOf(PlanResult result) => string.Join('\n', result.Steps.Select(step => $"{step.Status} {step.Duration.TotalSeconds:0.0} s {step} {step.Message}"));

    public async ValueTask DisposeAsync()
    {
        await _own.DisposeAsync();
        _folder.Dispose();
    }

    private ClusterDelivery Removal(Cluster cluster, ClusterHosts hosts) =>
        new(cluster, address => hosts[address], content: null, Home, new DeliveryOptions { Removes = true }, new Listener(Told));

    private async Task<ClusterDelivery> DeliveryAsync(Cluster cluster, ClusterHosts hosts, DeliveryOptions? options = null) => new(
        cluster, address => hosts[address], await ImageContent.LoadAsync(cluster.Spec, _store, _image, new ImageContentOptions { Registries = Registries }), Home, options, new Listener(Told), hosts.Other);

    private sealed class Listener(List<string> told) : IProgress<SealerEvent>
    {
        public void Report(SealerEvent value)
        {
            if (value is WarningEvent or DetailEvent)
            {
                lock (told)
                    told.Add($"{value}");
            }
        }
    }
}
