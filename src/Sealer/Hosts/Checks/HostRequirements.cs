using System.Net;

namespace Sealer.Hosts.Checks;

/// <summary>What is asked of a host. Everything has the value that Kubernetes itself asks for.</summary>
public sealed record HostRequirements
{
    /// <summary>Bytes of a mebibyte.</summary>
    private const long MiB = 1L << 20;

    /// <summary>The cluster that is to be; what a host has of it already is no leftover. Null where none is known.</summary>
    public string? Cluster { get; init; }

    /// <summary>Architectures that there is an image for, as <c>amd64</c>; empty for any.</summary>
    public IReadOnlyList<string> Architectures { get; init; } = [];

    /// <summary>Where clusters lie on hosts.</summary>
    public string DataRoot { get; init; } = "/var/lib/sealer/data";

    /// <summary>Bytes that come to the host under <see cref="DataRoot"/>.</summary>
    public long RootfsBytes { get; init; }

    /// <summary>Files that come to the host under <see cref="DataRoot"/>.</summary>
    public long RootfsFiles { get; init; }

    /// <summary>Bytes of container images as a registry keeps them, which the host comes to hold under <see cref="RuntimeRoot"/> in the end.</summary>
    public long ContainerImageBytes { get; init; }

    /// <summary>Where the container runtime keeps images.</summary>
    public string RuntimeRoot { get; init; } = "/var/lib/containerd";

    /// <summary>Where etcd keeps its data, on control planes.</summary>
    public string EtcdRoot { get; init; } = "/var/lib/etcd";

    /// <summary>Bytes that etcd may come to hold: its own quota, unless told otherwise.</summary>
    public long EtcdBytes { get; init; } = 2048 * MiB;

    /// <summary>Bytes that must be left on each of the mounts.</summary>
    public long DiskMargin { get; init; } = 1024 * MiB;

    /// <summary>Processors; null for kubeadm's two on control planes and one elsewhere.</summary>
    public int? Cpus { get; init; }

    /// <summary>Bytes of memory; null for kubeadm's 1700 MiB on control planes and 700 MiB elsewhere.</summary>
    public long? Memory { get; init; }

    /// <summary>Networks of pods.</summary>
    public IReadOnlyList<IPNetwork> PodNetworks { get; init; } = [];

    /// <summary>Networks of services.</summary>
    public IReadOnlyList<IPNetwork> ServiceNetworks { get; init; } = [];

    /// <summary>Port of the API server.</summary>
    public int ApiPort { get; init; } = 6443;

    /// <summary>Port of the registry that the host serves; null where it serves none.</summary>
    public int? RegistryPort { get; init; }

    /// <summary>How far clocks may be apart. Certificates that are made on one machine must be valid on the next.</summary>
    public TimeSpan MaxClockSkew { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The oldest kernel that Kubernetes runs on.</summary>
    public Version MinimumKernel { get; init; } = new(3, 10);

    internal int CpusFor(bool controlPlane) => Cpus ?? (controlPlane ? 2 : 1);

    internal long MemoryFor(bool controlPlane) => Memory ?? (controlPlane ? 1700 * MiB : 700 * MiB);
}
