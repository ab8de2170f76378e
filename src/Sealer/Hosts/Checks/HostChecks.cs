using System.IO.Enumeration;
using static Sealer.Hosts.Checks.HostCheckSeverity;

namespace Sealer.Hosts.Checks;

/// <summary>All checks of hosts.</summary>
public static class HostChecks
{
    /// <summary>The name of the one that fails where a host cannot be asked at all.</summary>
    public const string ReachableName = "Reachable";

    /// <summary>Every check, in the order of results.</summary>
    public static IReadOnlyList<HostCheck> All { get; } =
    [
        new(ReachableName, Error, "The host answers over SSH and tells about itself.", _ => CheckOutcome.Pass("It answers.")),
        new("Sudo", Error, "The user is root, or may do work as root.", SystemChecks.Sudo),
        new("SshServer", Note, "sshd allows several sessions and forwarding.", SystemChecks.SshServer) { NeedsRoot = true },
        new("HostName", Error, "Its name is one that a node can have (a label of RFC 1123).", MachineChecks.HostName),
        new("HostNameUnique", Error, "No other host has its name.", MachineChecks.HostNameUnique),
        new("HostNameResolves", Warning, "Its name can be looked up on the host itself.", MachineChecks.HostNameResolves),
        new("ProductUuid", Error, "No other host has its firmware's UUID.", MachineChecks.ProductUuid) { NeedsRoot = true },
        new("MachineId", Error, "No other host has its /etc/machine-id.", MachineChecks.MachineId),
        new("MacAddress", Error, "No other host has its hardware address.", MachineChecks.MacAddress),
        new("Architecture", Error, "There is an image for its architecture.", MachineChecks.Architecture),
        new("Kernel", Error, "Its kernel is new enough.", SystemChecks.Kernel),
        new("Systemd", Error, "systemd has started it.", SystemChecks.Systemd),
        new("Cpu", Error, "It has enough processors.", MachineChecks.Cpu),
        new("Memory", Error, "It has enough memory.", MachineChecks.Memory),
        new("DiskSpace", Error, "Each mount has room for what comes to lie there.", DiskChecks.Space),
        new("Inodes", Error, "The file system can have enough files.", DiskChecks.Inodes),
        new("MountOptions", Error, "Folders can be written, and programs run from them.", DiskChecks.MountOptions),
        new("FileSystem", Error, "File systems are ones that runtime and etcd work on.", DiskChecks.FileSystem),
        new("EtcdDisk", Warning, "etcd's disk takes small writes fast enough.", DiskChecks.EtcdDisk) { NeedsRoot = true },
        new("ClockSkew", Error, "Its clock agrees with this controller's and the other hosts'.", MachineChecks.ClockSkew),
        new("TimeService", Warning, "Something keeps its clock.", MachineChecks.TimeService),
        new("TimeZone", Note, "Its time zone is that of the others.", MachineChecks.TimeZone),
        new("Swap", Error, "It does not swap.", SystemChecks.Swap),
        new("SeLinux", Warning, "SELinux does not enforce.", SystemChecks.SeLinux),
        new("AppArmor", Error, "Where AppArmor is on, its parser is there.", SystemChecks.AppArmor),
        new("Cgroups", Error, "The cgroup controllers that kubelet needs are on.", SystemChecks.Cgroups),
        new("KernelModules", Error, "overlay, br_netfilter and nf_conntrack are there.", SystemChecks.KernelModules),
        new("Ipvs", Warning, "ip_vs is there.", SystemChecks.Ipvs),
        new("IpForward", Warning, "The kernel passes on packets.", SystemChecks.IpForward),
        new("BridgeNetfilter", Warning, "iptables sees what bridges carry.", SystemChecks.BridgeNetfilter),
        new("Inotify", Warning, "Enough files can be watched.", SystemChecks.Inotify),
        new("OpenFiles", Warning, "Services may open enough files.", SystemChecks.OpenFiles),
        new("Tools", Error, "The programs that a delivery uses are there.", SystemChecks.Tools),
        new("KubernetesTools", Warning, "The programs that kubeadm, kubelet and kube-proxy use are there.", SystemChecks.KubernetesTools),
        new("Address", Error, "Its address is on one of its interfaces.", NetworkChecks.Address),
        new("DefaultRoute", Error, "It has a default route.", NetworkChecks.DefaultRoute),
        new("NetworkOverlap", Error, "The networks of pods and services meet nothing of its own.", NetworkChecks.Overlap),
        new("Ports", Error, "Nothing listens on the ports of its roles.", NetworkChecks.Ports),
        new("Firewall", Warning, "Its own firewall lets in what must come in.", NetworkChecks.FirewallOpen) { NeedsRoot = true },
        new("PacketForwarding", Warning, "iptables passes on what is not for the host.", NetworkChecks.PacketForwarding) { NeedsRoot = true },
        new("Dns", Warning, "Its name servers answer and are not the host itself.", NetworkChecks.Dns),
        new("Proxy", Warning, "No proxy stands between the hosts.", NetworkChecks.Proxy),
        new("Reachability", Error, "The hosts connect to each other on the ports of their roles.", PeerChecks.Reachability) { IsBetweenHosts = true },
        new("Mtu", Error, "Full packets arrive from host to host.", PeerChecks.Mtu) { IsBetweenHosts = true },
        new("ExistingKubernetes", Error, "No Kubernetes is there already.", LeftoverChecks.ExistingKubernetes),
        new("ExistingEtcd", Error, "No etcd has data there already.", LeftoverChecks.ExistingEtcd) { NeedsRoot = true },
        new("ExistingRuntime", Warning, "No container runtime runs there already.", LeftoverChecks.ExistingRuntime),
        new("ExistingCni", Error, "No pod network is there already.", LeftoverChecks.ExistingCni),
        new("ExistingCluster", Error, "No other cluster was delivered to it.", LeftoverChecks.ExistingCluster),
    ];

    /// <summary>The checks that some names stand for, in the order of <see cref="All"/>.</summary>
    /// <param name="names">Names, regardless of case, with wildcards; none for all.</param>
    /// <exception cref="SealerException"><c>HostCheckUnknown</c>: a name that no check has.</exception>
    public static IReadOnlyList<HostCheck> Select(IReadOnlyList<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        foreach (var name in names.Where(name => !All.Any(check => Matches(name, check.Name))))
            throw Unknown(name, All.Select(check => check.Name));
        return names.Count == 0 ? All : [.. All.Where(check => names.Any(name => Matches(name, check.Name)))];
    }

    /// <summary>Whether what did not pass is no matter to the user.</summary>
    internal static Func<string, HostCheckSeverity, bool> Ignoring(IReadOnlyList<string> names)
    {
        var severities = Enum.GetNames<HostCheckSeverity>();
        foreach (var name in names.Where(name => !All.Any(check => Matches(name, check.Name)) && !severities.Any(s => Matches(name, s))))
            throw Unknown(name, All.Select(check => check.Name).Concat(severities));
        return (check, severity) => names.Any(name => Matches(name, check) || Matches(name, severity.ToString()));
    }

    private static bool Matches(string pattern, string name) => FileSystemName.MatchesSimpleExpression(pattern, name);

    private static SealerException Unknown(string name, IEnumerable<string> known) => new(
        "HostCheckUnknown", ErrorKind.InvalidInput,
        $"There is no check '{name}'{(Spelling.DidYouMean(name, known) is { Length: > 0 } near ? near : ".")} The checks are {string.Join(", ", All.Select(check => check.Name))}.", name);
}
