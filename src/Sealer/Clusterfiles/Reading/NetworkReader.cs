using System.Net;
using Sealer.Clusterfiles.Documents;
using Sealer.Yaml;

namespace Sealer.Clusterfiles.Reading;

/// <summary>Reads the variables that speak of networks.</summary>
internal static class NetworkReader
{
    /// <summary>The variable with the services' networks.</summary>
    public const string ServiceNetworks = "SvcCIDR";

    /// <summary>The variable with the pods' networks.</summary>
    public const string PodNetworks = "PodCIDR";

    private const string CertificateNames = "CertSANs";

    private const int KubernetesIndex = 1;
    private const int DnsIndex = 10;

    /// <summary>All variables that are looked at here.</summary>
    public static IReadOnlySet<string> Names { get; } = new HashSet<string>(StringComparer.Ordinal)
    {
        ServiceNetworks, PodNetworks, CertificateNames, "IPvsVIPv4", "IPvsVIPv6", "IPv6DualStack", "UseIPasNodeName", "CgroupDriver",
    };

    /// <summary>Networks with commas between, one or two, of different families.</summary>
    public static List<IPNetwork>? Parse(string text, out string reason)
    {
        reason = "";
        var result = new List<IPNetwork>();
        foreach (var part in text.Trim('"', '\'').Split(',', StringSplitOptions.TrimEntries))
        {
            if (Addresses.ParseNetwork(part) is not { } network)
            {
                reason = $"{Quoting.Quote(part)} is not a network; write 10.96.0.0/22, or two families as 10.96.0.0/22,fd00::/112";
                return null;
            }

            result.Add(network);
        }

        if (result.Count <= 2 && result.Select(network => network.BaseAddress.AddressFamily).Distinct().Count() == result.Count)
            return result;
        reason = "give one network, or one of each family";
        return null;
    }

    /// <summary>The services' networks with the addresses that are computed of the first.</summary>
    public static (List<IPNetwork> Networks, IPAddress Kubernetes, IPAddress Dns)? Services(string text, out string reason)
    {
        if (Parse(text, out reason) is not { } networks)
            return null;
        if (Addresses.At(networks[0], KubernetesIndex) is { } kubernetes && Addresses.At(networks[0], DnsIndex) is { } dns)
            return (networks, kubernetes, dns);
        reason = $"the network {networks[0]} is too small: DNS is its tenth address";
        return null;
    }

    // Host names, also with *. in front, and addresses, with commas between; sealer's own documentation has them with ';' too.
    private static string WhyNotNames(string text) =>
        text.Trim('"', '\'').Split([',', ';'], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Where(name => !Reading.Names.IsHostName(name.StartsWith("*.", StringComparison.Ordinal) ? name[2..] : name) && Addresses.Parse(name) is null)
            .Select(name => $"{Quoting.Quote(name)} is neither a host's name nor an address")
            .FirstOrDefault("");

    public static ClusterNetwork Read(IEnumerable<(EnvironmentVariable Variable, YamlNode Node)> environment, ReadContext context)
    {
        var result = new ClusterNetwork();
        var isDualStack = false;
        foreach (var (variable, node) in environment)
        {
            var reason = "";
            switch (variable.Name)
            {
                case ServiceNetworks when variable.Value.Length > 0:
                    if (Services(variable.Value, out reason) is { } services)
                        result = result with { ServiceNetworks = services.Networks, KubernetesServiceAddress = services.Kubernetes, DnsServiceAddress = services.Dns };
                    break;
                case PodNetworks when variable.Value.Length > 0:
                    if (Parse(variable.Value, out reason) is { } pods)
                        result = result with { PodNetworks = pods };
                    break;
                case "IPvsVIPv4" or "IPvsVIPv6":
                    if (Addresses.Parse(variable.Value) is not { } address || address.ToString().Contains(':', StringComparison.Ordinal) != (variable.Name == "IPvsVIPv6"))
                        reason = $"{Quoting.Quote(variable.Value)} is not an address of that family";
                    break;
                case "IPv6DualStack" or "UseIPasNodeName":
                    // sealer takes everything but true for false, and a slip would go unseen.
                    if (variable.Value is not ("true" or "false" or ""))
                        reason = $"{Quoting.Quote(variable.Value)} is neither true nor false";
                    isDualStack |= variable is { Name: "IPv6DualStack", Value: "true" };
                    break;
                case CertificateNames:
                    reason = WhyNotNames(variable.Value);
                    break;
                case "CgroupDriver" when variable.Value is not ("systemd" or "cgroupfs"):
                    reason = $"{Quoting.Quote(variable.Value)} is not a driver{Quoting.DidYouMean(variable.Value, ["systemd", "cgroupfs"])}; there are systemd and cgroupfs";
                    break;
                default:
                    break;
            }

            if (reason.Length > 0)
                context.Error(node, $"{variable.Name}: {reason}");
        }

        if (result.PodNetworks.Count > 0 && result.ServiceNetworks.Count > 0
            && result.PodNetworks[0].BaseAddress.AddressFamily != result.ServiceNetworks[0].BaseAddress.AddressFamily)
        {
            var node = environment.First(entry => entry.Variable.Name == PodNetworks).Node;
            context.Error(node, $"{PodNetworks} and {ServiceNetworks} begin with networks of different families; write them in the same order");
        }

        return result with { IsDualStack = isDualStack || result.PodNetworks.Count > 1 || result.ServiceNetworks.Count > 1 };
    }
}
