using System.Net;

namespace Sealer.Hosts.Checks;

/// <summary>What checks want to know beyond the facts.</summary>
internal sealed record HostConditions
{
    /// <summary>The folders that will be written to.</summary>
    public IReadOnlyDictionary<string, HostPlace> Places { get; init; } = new Dictionary<string, HostPlace>();

    /// <summary>Files of swap and its devices.</summary>
    public IReadOnlyList<string> Swaps { get; init; } = [];

    /// <summary>As <c>+0200</c>; null where it is not told.</summary>
    public string? ZoneOffset { get; init; }

    /// <summary>As <c>CEST</c>.</summary>
    public string? ZoneName { get; init; }

    /// <summary>What its own name resolves to; null where it does not.</summary>
    public IPAddress? OwnNameAddress { get; init; }

    /// <summary>Name servers of /etc/resolv.conf, or null where that cannot be read.</summary>
    public IReadOnlyList<string>? NameServers { get; init; }

    /// <summary>Name servers that systemd-resolved asks.</summary>
    public IReadOnlyList<string> UpstreamNameServers { get; init; } = [];

    /// <summary>Name servers that answered; null where none was asked.</summary>
    public IReadOnlyList<string>? AnsweringNameServers { get; init; }

    /// <summary>Routes but those by default, with their interfaces.</summary>
    public IReadOnlyList<(IPNetwork Network, string Interface)> Routes { get; init; } = [];

    /// <summary>There is a default route.</summary>
    public bool HasDefaultRoute { get; init; }

    /// <summary>Interfaces by name.</summary>
    public IReadOnlyDictionary<string, HostLink> Links { get; init; } = new Dictionary<string, HostLink>();

    /// <summary>Programs that listen, by port, as <c>sshd (pid 12)</c>.</summary>
    public IReadOnlyDictionary<int, string> Listeners { get; init; } = new Dictionary<int, string>();

    /// <summary>Services of systemd that run, of those that were asked for.</summary>
    public IReadOnlySet<string> ActiveServices { get; init; } = new HashSet<string>();

    /// <summary>How many files services may open, or null.</summary>
    public long? OpenFiles { get; init; }

    /// <summary>Where proxies are set.</summary>
    public IReadOnlyList<string> Proxies { get; init; } = [];

    /// <summary>What is not reached through a proxy.</summary>
    public IReadOnlyList<string> ProxyExceptions { get; init; } = [];

    /// <summary>Ports that firewalld lets in; null where there is none.</summary>
    public string? FirewalldPorts { get; init; }

    /// <summary>What ufw says of itself.</summary>
    public IReadOnlyList<string> Ufw { get; init; } = [];

    /// <summary>Rules of the chains INPUT and FORWARD.</summary>
    public IReadOnlyList<string> Iptables { get; init; } = [];

    /// <summary>Chains of nftables that drop by default, each a line <c>policy FAMILY TABLE CHAIN</c> and then its text.</summary>
    public IReadOnlyList<string> Nftables { get; init; } = [];

    /// <summary>Controllers of cgroups that are on.</summary>
    public IReadOnlySet<string> Controllers { get; init; } = new HashSet<string>();

    /// <summary>Programs that are there, of those that were asked for.</summary>
    public IReadOnlySet<string> Tools { get; init; } = new HashSet<string>();

    /// <summary>Files of a Kubernetes.</summary>
    public IReadOnlyList<string> KubernetesFiles { get; init; } = [];

    /// <summary>Configurations of pod networks.</summary>
    public IReadOnlyList<string> CniFiles { get; init; } = [];

    /// <summary>Folders with data of clusters.</summary>
    public IReadOnlyList<string> StateFolders { get; init; } = [];

    /// <summary>Settings of sshd by name in lower case.</summary>
    public IReadOnlyDictionary<string, string> Sshd { get; init; } = new Dictionary<string, string>();

    /// <summary>How long a small write takes to be on etcd's disk; null where it was not measured.</summary>
    public TimeSpan? SyncedWrite { get; init; }
}

/// <summary>Where a folder lies, or would.</summary>
/// <param name="Mount">The mount.</param>
/// <param name="Device">What is mounted.</param>
/// <param name="Type">The file system's type; empty where that is not told.</param>
/// <param name="Options">The mount's options.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Available">Bytes free.</param>
/// <param name="FreeFiles">How many files it can still have; null where it knows no limit.</param>
/// <param name="IsWritable">The user can write there.</param>
/// <param name="HasNoFileTypes">An XFS without ftype, on which no overlay works.</param>
internal sealed record HostPlace(
    string Mount, string Device, string Type, IReadOnlyList<string> Options, long Size, long Available, long? FreeFiles, bool IsWritable, bool HasNoFileTypes);

/// <summary>A network interface.</summary>
/// <param name="Mtu">Bytes of its largest packet.</param>
/// <param name="Mac">Its hardware address; null where it has none.</param>
internal sealed record HostLink(int Mtu, string? Mac);
