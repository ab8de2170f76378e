using System.IO.Enumeration;
using Sealer.Hosts.Checks;

namespace Sealer.Delivery.Checks;

/// <summary>Something that is looked at in a cluster that runs.</summary>
/// <param name="Name">Its name; it is ignored and chosen by it.</param>
/// <param name="Severity">How much it matters.</param>
/// <param name="Summary">What it looks at, one sentence.</param>
public sealed record ClusterCheck(string Name, HostCheckSeverity Severity, string Summary)
{
    internal const string Reachable = "Reachable";
    internal const string Api = "Api";
    internal const string NodeReady = "NodeReady";
    internal const string ApiServer = "ApiServer";
    internal const string ApiBalancer = "ApiBalancer";
    internal const string Etcd = "Etcd";
    internal const string ControlPlanePods = "ControlPlanePods";
    internal const string SystemPods = "SystemPods";
    internal const string ClusterDns = "ClusterDns";
    internal const string PodNetwork = "PodNetwork";
    internal const string NodePairs = "NodePairs";
    internal const string RegistryPull = "RegistryPull";
    internal const string Certificates = "Certificates";
    internal const string Clock = "Clock";

    /// <summary>Every check, in the order of results.</summary>
    public static IReadOnlyList<ClusterCheck> All { get; } =
    [
        new(Reachable, HostCheckSeverity.Error, "The host answers over SSH."),
        new(Api, HostCheckSeverity.Error, "The cluster's API answers on a control plane at least."),
        new(NodeReady, HostCheckSeverity.Error, "The host is a node of the cluster, and ready."),
        new(ApiServer, HostCheckSeverity.Error, "The control plane's own API server is ready."),
        new(ApiBalancer, HostCheckSeverity.Error, "The API answers where the host's kubelet goes to: through its balancer or the virtual address."),
        new(Etcd, HostCheckSeverity.Error, "The control plane's member of etcd is healthy."),
        new(ControlPlanePods, HostCheckSeverity.Error, "API server, controller manager, scheduler and etcd of the control plane run as pods that are ready."),
        new(SystemPods, HostCheckSeverity.Error, "Pods of kube-system on the host are ready."),
        new(ClusterDns, HostCheckSeverity.Error, "The cluster's DNS answers on the host, by its service address."),
        new(PodNetwork, HostCheckSeverity.Error, "The host reaches the pods of the cluster's DNS, on whatever node they are."),
        new(NodePairs, HostCheckSeverity.Error, "The host connects to the kubelet of every other, and to every API server."),
        new(RegistryPull, HostCheckSeverity.Error, "The host's container runtime pulls an image from the cluster's registry."),
        new(Certificates, HostCheckSeverity.Error, "Certificates on the host last, and nothing is wrong with them."),
        new(Clock, HostCheckSeverity.Error, "The host's clock agrees with the others' and with this machine's."),
    ];

    /// <summary>The checks that some names stand for.</summary>
    /// <param name="names">Names, regardless of case, with wildcards; none for all.</param>
    /// <exception cref="SealerException"><c>ClusterCheckUnknown</c>: a name that no check has.</exception>
    public static IReadOnlyList<ClusterCheck> Select(IReadOnlyList<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        foreach (var name in names)
        {
            if (!All.Any(check => check.IsMeant(name)))
                throw new SealerException("ClusterCheckUnknown", ErrorKind.InvalidInput, $"There is no check '{name}'.{(Spelling.Nearest(name, All.Select(check => check.Name)) is { } near ? $" Did you mean {near}?" : "")} There are {string.Join(", ", All.Select(check => check.Name))}.", name);
        }

        return names.Count == 0 ? All : [.. All.Where(check => names.Any(check.IsMeant))];
    }

    internal bool IsMeant(string name) => FileSystemName.MatchesSimpleExpression(name, Name, ignoreCase: true);

    /// <summary>Its name.</summary>
    public override string ToString() => Name;
}
