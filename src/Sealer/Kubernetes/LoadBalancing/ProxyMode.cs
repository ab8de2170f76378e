namespace Sealer.Kubernetes.LoadBalancing;

/// <summary>How kube-proxy does its work.</summary>
public static class ProxyMode
{
    /// <summary>sealer's choice; needs the kernel's ipvs.</summary>
    public const string Ipvs = "ipvs";

    /// <summary>On every kernel.</summary>
    public const string Iptables = "iptables";

    /// <summary>
    /// ipvs where every host's kernel has it and the release does not warn of it yet, else iptables: one mode is all hosts' own.
    /// </summary>
    /// <param name="release">The release.</param>
    /// <param name="haveIpvs">Of each host whether its kernel has ipvs.</param>
    public static string Choose(KubernetesRelease release, IEnumerable<bool> haveIpvs)
    {
        ArgumentNullException.ThrowIfNull(release);
        ArgumentNullException.ThrowIfNull(haveIpvs);
        return !release.ProxyDeprecatesIpvs && haveIpvs.All(has => has) ? Ipvs : Iptables;
    }
}
