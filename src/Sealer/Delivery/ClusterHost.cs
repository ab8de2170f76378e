using Sealer.Hosts.Facts;

namespace Sealer.Delivery;

/// <summary>A host as it is: what it says of itself, and how it is reached. Piped on, it is reached the same way.</summary>
/// <param name="target">How it is reached.</param>
/// <param name="facts">What it says of itself.</param>
public sealed class ClusterHost(HostTarget target, HostFacts facts)
{
    // Images, containers and etcd lie below it.
    private const string DataFolder = "/var/lib";

    /// <summary>How it is reached.</summary>
    public HostTarget Target { get; } = target;

    /// <summary>All that it says of itself.</summary>
    public HostFacts Facts { get; } = facts;

    /// <summary>Its name: as it was given, else what it calls itself.</summary>
    public string Name => PlainText.Of(Target.Name ?? Facts.HostName);

    /// <summary>Name or address it was reached by.</summary>
    public string Address => Target.Address;

    /// <summary>Port of its sshd.</summary>
    public int? Port => Target.Port;

    /// <summary>The user there.</summary>
    public string? User => Target.User;

    /// <summary>The private key that was given for it.</summary>
    public string? KeyPath => Target.KeyFile;

    /// <summary>The way there, where one was given.</summary>
    public string? ProxyJump => Target.ProxyJump;

    /// <summary>Its roles in the cluster.</summary>
    public IReadOnlyList<string> Role => Target.Roles;

    /// <summary>As <c>Debian GNU/Linux 12 (bookworm)</c>.</summary>
    public string OperatingSystem => PlainText.Of(Facts.DistributionName ?? Facts.DistributionId ?? "");

    /// <summary>As uname -r.</summary>
    public string Kernel => PlainText.Of(Facts.Kernel);

    /// <summary>As in platforms of images: <c>amd64</c>, <c>arm64</c>.</summary>
    public string Architecture => PlainText.Of(Facts.Architecture);

    /// <summary>How many processors it has to run on.</summary>
    public int Cpus => Facts.Cpus;

    /// <summary>Bytes of memory in all.</summary>
    public long Memory => Facts.Memory;

    /// <summary>Bytes that are free where images and containers lie (/var/lib).</summary>
    public long DiskFree => Facts.Disks
        .Where(d => d.Mount == "/" || DataFolder == d.Mount || DataFolder.StartsWith(d.Mount + "/", StringComparison.Ordinal))
        .MaxBy(d => d.Mount.Length)?.Available ?? 0;

    /// <summary>
    /// What it is of a Kubernetes cluster already: <c>control plane</c>, <c>worker</c>, <c>leftovers</c> or <c>none</c>, with the
    /// kubelet's version where there is one.
    /// </summary>
    public string Kubernetes
    {
        get
        {
            var there = Facts.Kubernetes;
            var what = there.IsControlPlane ? "control plane" : there.IsMember ? "worker" : there.IsAnything ? "leftovers" : there.KubeletVersion is null ? "none" : "kubelet";
            return PlainText.Of(there.KubeletVersion is null ? what : $"{what} {there.KubeletVersion}");
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
