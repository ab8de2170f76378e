using System.Net;
using Sealer.Certificates;
using Sealer.Clusterfiles.Documents;
using Sealer.Kubernetes.LoadBalancing;

namespace Sealer.Kubernetes.Runtimes;

/// <summary>The names of the local registry's certificate.</summary>
public static class RegistryNames
{
    /// <summary>What the certificate is made from; null where the registry has none: it is insecure, or somebody else's.</summary>
    /// <param name="spec">The cluster.</param>
    /// <param name="environment">The cluster's variables.</param>
    /// <param name="standsInFor">Domains whose names docker asks under, for which it stands in.</param>
    public static RegistryCertificateSpec? CertificateOf(ClusterSpec spec, IReadOnlyDictionary<string, string> environment, IEnumerable<string> standsInFor)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(standsInFor);
        if (spec.Registry.Local is not { IsInsecure: false } local)
            return null;
        return new RegistryCertificateSpec
        {
            Domain = local.Domain,
            Folder = $"{spec.RootfsFolder}/certs",
            Sans =
            [
                .. local.CertificateHostNames
                    .Concat(local.CertificateAddresses.Select(address => address.ToString()))
                    .Concat(standsInFor)
                    .Append("localhost")
                    .Append(IPAddress.Loopback.ToString())
                    .Append(IPAddress.IPv6Loopback.ToString())
                    .Append(ApiBalancing.VirtualAddress(spec.AddressFamily, environment).ToString())
                    .Concat(spec.ControlPlanes.Select(host => host.Address.ToString()))
                    .Distinct(StringComparer.Ordinal),
            ],
        };
    }
}
