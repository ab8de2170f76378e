using System.Net;

namespace Sealer.Hosts.Facts;

/// <summary>What a host is and has, gathered in one round trip.</summary>
public sealed record HostFacts
{
    /// <summary>The host's name in our plans.</summary>
    public required string Host { get; init; }

    /// <summary>What it calls itself.</summary>
    public required string HostName { get; init; }

    /// <summary>Its machine: from the firmware, which only root reads; null elsewhere.</summary>
    public string? ProductUuid { get; init; }

    /// <summary>/etc/machine-id; null where there is none.</summary>
    public string? MachineId { get; init; }

    /// <summary>As in os-release: <c>debian</c>.</summary>
    public string? DistributionId { get; init; }

    /// <summary>As in os-release: <c>12</c>.</summary>
    public string? DistributionVersion { get; init; }

    /// <summary>As in os-release: <c>Debian GNU/Linux 12 (bookworm)</c>.</summary>
    public string? DistributionName { get; init; }

    /// <summary>As uname -r: <c>6.1.0-18-amd64</c>.</summary>
    public required string Kernel { get; init; }

    /// <summary>As in platforms of images: <c>amd64</c>, <c>arm64</c>; as uname -m where that is neither.</summary>
    public required string Architecture { get; init; }

    /// <summary>The user that gathered is root.</summary>
    public bool IsRoot { get; init; }

    /// <summary>How many there are to run on.</summary>
    public int Cpus { get; init; }

    /// <summary>Bytes in all.</summary>
    public long Memory { get; init; }

    /// <summary>Bytes that programs can still have.</summary>
    public long MemoryAvailable { get; init; }

    /// <summary>Bytes of swap in use or free; 0 where it is off.</summary>
    public long Swap { get; init; }

    /// <summary>Mounted file systems that hold files.</summary>
    public IReadOnlyList<HostDisk> Disks { get; init => field = Listed.Of(value); } = [];

    /// <summary>Addresses that others may reach, and those of loopback.</summary>
    public IReadOnlyList<HostAddress> Addresses { get; init => field = Listed.Of(value); } = [];

    /// <summary>The interface of the default route; null where there is none.</summary>
    public string? DefaultInterface { get; init; }

    /// <summary>How far its clock is before ours; what it lags behind is negative.</summary>
    public TimeSpan ClockSkew { get; init; }

    /// <summary>How wrong <see cref="ClockSkew"/> may be: half the round trip and the second that clocks are read to.</summary>
    public TimeSpan ClockUncertainty { get; init; }

    /// <summary>Programs that were looked for, by name; those found with their path.</summary>
    public IReadOnlyDictionary<string, string> Tools { get; init; } = new Dictionary<string, string>();

    /// <summary>TCP ports that something listens on, ascending.</summary>
    public IReadOnlyList<int> ListeningPorts { get; init => field = Listed.Of(value); } = [];

    /// <summary>Kernel modules that matter, by name.</summary>
    public IReadOnlyDictionary<string, KernelModuleState> Modules { get; init; } = new Dictionary<string, KernelModuleState>();

    /// <summary>Kernel settings that matter, by name with dots; those that do not exist are missing.</summary>
    public IReadOnlyDictionary<string, string> Sysctls { get; init; } = new Dictionary<string, string>();

    /// <summary>True where ipvs is loaded, or can be.</summary>
    public bool HasIpvs => Modules.TryGetValue("ip_vs", out var v) && v != KernelModuleState.Missing
        && Modules.TryGetValue("ip_vs_rr", out var rr) && rr != KernelModuleState.Missing;

    /// <summary>1 or 2.</summary>
    public int CgroupVersion { get; init; }

    /// <summary>It was started by systemd.</summary>
    public bool HasSystemd { get; init; }

    /// <summary>SELinux: <c>enforcing</c>, <c>permissive</c>, or null where it is off.</summary>
    public string? SeLinux { get; init; }

    /// <summary>AppArmor is on.</summary>
    public bool HasAppArmor { get; init; }

    /// <summary>What is there of Kubernetes and its runtimes.</summary>
    public required ExistingKubernetes Kubernetes { get; init; }
}

/// <summary>A mounted file system.</summary>
/// <param name="Mount">Where.</param>
/// <param name="Device">What.</param>
/// <param name="Type">As in /proc/mounts; empty where that does not say.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Available">Bytes that users can still have.</param>
/// <param name="NoExec">Programs there are not run.</param>
/// <param name="ReadOnly">Nothing can be written.</param>
public sealed record HostDisk(string Mount, string Device, string Type, long Size, long Available, bool NoExec, bool ReadOnly);

/// <summary>An address of a host.</summary>
/// <param name="Interface">As <c>eth0</c>.</param>
/// <param name="Address">IPv4 or IPv6.</param>
/// <param name="PrefixLength">Bits of its network.</param>
public sealed record HostAddress(string Interface, IPAddress Address, int PrefixLength);

/// <summary>Whether the kernel has a module.</summary>
public enum KernelModuleState
{
    /// <summary>No.</summary>
    Missing,

    /// <summary>It can be loaded.</summary>
    Available,

    /// <summary>It is loaded, or built in.</summary>
    Loaded,
}

/// <summary>What a host has of Kubernetes already.</summary>
/// <param name="KubeletVersion">As <c>v1.28.3</c>; null where there is no kubelet.</param>
/// <param name="IsControlPlane">/etc/kubernetes/admin.conf is there.</param>
/// <param name="IsMember">/etc/kubernetes/kubelet.conf is there.</param>
/// <param name="HasEtcdData">/var/lib/etcd holds a member.</param>
/// <param name="RuntimeSockets">Sockets of container runtimes.</param>
/// <param name="SealerClusters">Names of clusters under /var/lib/sealer/data.</param>
public sealed record ExistingKubernetes(
    string? KubeletVersion, bool IsControlPlane, bool IsMember, bool HasEtcdData,
    IReadOnlyList<string> RuntimeSockets, IReadOnlyList<string> SealerClusters)
{
    /// <summary>Sockets of container runtimes.</summary>
    public IReadOnlyList<string> RuntimeSockets { get; init => field = Listed.Of(value); } = Listed.Of(RuntimeSockets);

    /// <summary>Names of clusters under /var/lib/sealer/data.</summary>
    public IReadOnlyList<string> SealerClusters { get; init => field = Listed.Of(value); } = Listed.Of(SealerClusters);

    /// <summary>Something is there that a new cluster would meet.</summary>
    public bool IsAnything => IsControlPlane || IsMember || HasEtcdData || SealerClusters.Count > 0;
}
