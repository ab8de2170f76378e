using System.Net;
using Sealer.Clusterfiles;
using Sealer.Delivery;
using Sealer.Events;
using Sealer.Hosts;

namespace Sealer.Tests.Delivery;

/// <summary>A cluster of folders: two control planes and two workers, unless told otherwise.</summary>
internal sealed class TestCluster
{
    public const string Rootfs = "/var/lib/sealer/data/skyline/rootfs";

    private static readonly Dictionary<string, string> Image = new()
    {
        ["etc/skyline.conf"] = "answer = 42\n",
        ["etc/skyline.service"] = "[Unit]\nDescription=Skyline\n",
        ["scripts/init.sh"] = "echo init\n",
    };

    private readonly string _folder;

    public TestCluster(string folder, string more = "", string hosts = "", IReadOnlyDictionary<string, string>? files = null, string env = "")
    {
        _folder = folder;
        Cluster = new Cluster(Clusterfile.Read(Text(more, hosts, env)).GetSpec());
        Hosts = Cluster.Spec.Hosts.ToDictionary(
            host => host.Address.ToString(), host => new FolderHost(host.Address.ToString(), Path.Combine(folder, host.Address.ToString())));
        Content = new FolderContent(Rootfs, files ?? Image);
    }

    public Cluster Cluster { get; }

    public Dictionary<string, FolderHost> Hosts { get; }

    public FolderContent Content { get; init; }

    public SealerHome Home => new(Path.Combine(_folder, "home"));

    public FolderHost First => Hosts.Values.First();

    public ClusterLockOptions Lock { get; init; } = new();

    public static string Text(string more, string hosts = "", string env = "") => $$"""
        apiVersion: sealer.io/v2
        kind: Cluster
        metadata: { name: skyline }
        spec:
          image: skyline:v1
          {{env}}
          hostAliases:
          - ip: 10.0.0.9
            hostnames: [registry.example.com, cache.example.com]
          hosts:
        {{(hosts.Length > 0 ? hosts : """
          - ips: [10.0.0.1, 10.0.0.2]
            roles: [master]
          - ips: [10.0.0.3, 10.0.0.4]
            roles: [node]
        """)}}
        {{more}}
        """;

    /// <summary>A plugin that notes each run in a file of its host.</summary>
    public static string Plugin(string name, string action, string script = ":", string scope = "master|node") => $"""
        ---
        apiVersion: sealer.io/v1
        kind: Plugin
        metadata: {'{'} name: {name} {'}'}
        spec:
          type: SHELL
          action: {action}
          scope: {scope}
          data: |
            echo {name} $HostIP >> $ROOT/runs
            {script}

        """;

    public ClusterDelivery Delivery(IProgress<SealerEvent>? events = null, DeliveryOptions? options = null, Func<IPAddress, IHost>? hosts = null) =>
        new(Cluster, hosts ?? (address => Hosts[address.ToString()]), Content, Home, (options ?? new DeliveryOptions { PluginTimeout = TimeSpan.FromMinutes(2) }) with { Lock = options?.Lock ?? Lock }, events);
}
