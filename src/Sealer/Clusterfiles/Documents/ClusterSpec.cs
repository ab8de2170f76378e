using System.Net.Sockets;

namespace Sealer.Clusterfiles.Documents;

/// <summary>A cluster as it should be: all that a Clusterfile says, checked and with defaults filled in.</summary>
public sealed record ClusterSpec
{
    /// <summary>Where clusters lie on hosts unless told otherwise.</summary>
    public const string DefaultDataRoot = "/var/lib/sealer/data";

    /// <summary>The cluster's name; part of paths.</summary>
    public required string Name { get; init; }

    /// <summary>Annotations of the document.</summary>
    public IReadOnlyDictionary<string, string> Annotations { get; init; } = new Dictionary<string, string>();

    /// <summary>The cluster image's name as it is written, or null where it is given elsewhere.</summary>
    public string? Image { get; init; }

    /// <summary>The user's variables, each name once; those that Sealer computes are not among them (<see cref="ClusterEnvironment"/>).</summary>
    public IReadOnlyList<EnvironmentVariable> Environment { get; init => field = Listed.Of(value); } = [];

    /// <summary>Shell commands that are run on the cluster instead of the image's; null: the image's.</summary>
    public IReadOnlyList<string>? Commands { get; init => field = Listed.Of(value); }

    /// <summary>What is launched, in this order; null: what the image says; empty: nothing.</summary>
    public IReadOnlyList<string>? ApplicationNames { get; init => field = Listed.Of(value); }

    /// <summary>All hosts, in the order of the file; each address once, all of one family.</summary>
    public IReadOnlyList<HostSpec> Hosts { get; init => field = Listed.Of(value); } = [];

    /// <summary>How hosts are reached that say nothing of their own.</summary>
    public SshSettings Ssh { get; init; } = new();

    /// <summary><c>docker</c>, <c>containerd</c> or the name of a script of the image; null: what the image says.</summary>
    public string? ContainerRuntime { get; init; }

    /// <summary>Lines more in every host's <c>/etc/hosts</c>.</summary>
    public IReadOnlyList<HostAlias> HostAliases { get; init => field = Listed.Of(value); } = [];

    /// <summary>Where nodes fetch images.</summary>
    public RegistrySpec Registry { get; init; } = new(new LocalRegistrySpec(), null);

    /// <summary>Where clusters lie on hosts, an absolute path.</summary>
    public string DataRoot { get; init; } = DefaultDataRoot;

    /// <summary>The networks.</summary>
    public ClusterNetwork Network { get; init; } = new();

    /// <summary>Files of the rootfs to write, in order.</summary>
    public IReadOnlyList<ConfigSpec> Configs { get; init => field = Listed.Of(value); } = [];

    /// <summary>Scripts of phases.</summary>
    public IReadOnlyList<PluginSpec> Plugins { get; init => field = Listed.Of(value); } = [];

    /// <summary>Applications' settings, or null.</summary>
    public ApplicationSpec? Application { get; init; }

    /// <summary>Configurations of kubeadm, kubelet and kube-proxy, one of a kind.</summary>
    public IReadOnlyList<KubeadmDocument> KubeadmDocuments { get; init => field = Listed.Of(value); } = [];

    /// <summary>The folder of this cluster on hosts.</summary>
    public string Folder => $"{DataRoot}/{Name}";

    /// <summary>The folder of the cluster image's files on hosts.</summary>
    public string RootfsFolder => $"{Folder}/rootfs";

    /// <summary>Hosts with the role <c>master</c>, in order; the first is where the cluster is made.</summary>
    public IEnumerable<HostSpec> ControlPlanes => Hosts.Where(host => host.IsControlPlane);

    /// <summary>All other hosts.</summary>
    public IEnumerable<HostSpec> Workers => Hosts.Where(host => !host.IsControlPlane);

    /// <summary>The same cluster with other ways to reach all hosts: a credential that is given instead of the file's.</summary>
    /// <param name="change">What becomes of each host's settings, and of the cluster's own.</param>
    public ClusterSpec WithSsh(Func<SshSettings, SshSettings> change)
    {
        ArgumentNullException.ThrowIfNull(change);
        return this with { Ssh = change(Ssh), Hosts = [.. Hosts.Select(host => host with { Ssh = change(host.Ssh) })] };
    }

    /// <summary>Its name and how many hosts it has.</summary>
    public override string ToString() => $"{Name}: {Hosts.Count} host{(Hosts.Count == 1 ? "" : "s")}";

    /// <summary>The hosts' family of addresses.</summary>
    public AddressFamily AddressFamily => Hosts.Count > 0 ? Hosts[0].Address.AddressFamily : AddressFamily.InterNetwork;
}
