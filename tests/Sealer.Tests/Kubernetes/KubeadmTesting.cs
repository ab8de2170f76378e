using System.Net;
using Sealer.Clusterfiles;
using Sealer.Kubernetes;
using Sealer.Kubernetes.Kubeadm;

namespace Sealer.Tests.Kubernetes;

/// <summary>Clusterfiles and what kubeadm's documents become of them.</summary>
internal static class KubeadmTesting
{
    private const string Head = """
        apiVersion: sealer.io/v2
        kind: Cluster
        metadata: {name: t}
        spec:
          image: registry.example.com/kube:v1

        """;

    public static readonly KubeadmJoin Join = new(Secret.Of("abcdef.0123456789abcdef"), ["sha256:" + new string('a', 64)], "10.0.0.1:6443");

    private const string Hosts = """
          hosts:
          - {ips: [10.0.0.1, 10.0.0.2], roles: [master]}
          - {ips: [10.0.0.9], roles: [node]}

        """;

    public static KubeadmSettings Settings(string version, string documents = "", string env = "", string hosts = Hosts, string image = "", Func<KubeadmSettings, KubeadmSettings>? change = null)
    {
        var text = Head + (env.Length > 0 ? $"  env: [{env}]\n" : "") + hosts.TrimEnd() + "\n" + documents;
        var spec = Clusterfile.Read(text).GetSpec();
        var settings = new KubeadmSettings
        {
            Spec = spec,
            Version = KubernetesVersion.Parse(version),
            Nodes = [.. spec.Hosts.Select((host, i) => new KubeadmNode { Address = host.Address, HostName = $"Node-{i + 1}", IsControlPlane = host.IsControlPlane })],
            Environment = ClusterEnvironment.OfCluster(spec),
            ImageDocuments = KubeadmText.Read(image, "etc/kubeadm.yml"),
        };
        return change is null ? settings : change(settings);
    }

    public static KubeadmConfiguration Make(string version, string documents = "", string env = "", string hosts = Hosts, string image = "", Func<KubeadmSettings, KubeadmSettings>? change = null) =>
        KubeadmConfiguration.Create(Settings(version, documents, env, hosts, image, change));

    public static string Init(string version, string documents = "", string env = "", string hosts = Hosts, string image = "", Func<KubeadmSettings, KubeadmSettings>? change = null) =>
        Make(version, documents, env, hosts, image, change).Init().Text;

    public static KubeadmNode Node(this KubeadmSettings settings, string address) => settings.Nodes.Single(node => node.Address.Equals(IPAddress.Parse(address)));
}
