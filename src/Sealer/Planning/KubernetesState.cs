namespace Sealer.Planning;

/// <summary>What a host has of the cluster's Kubernetes.</summary>
public sealed record KubernetesState
{
    /// <summary>What is kept of the image's scripts that were run, by record.</summary>
    public IReadOnlyDictionary<string, string> Records { get; init; } = new Dictionary<string, string>();

    /// <summary>Digests of files that are compared, by path.</summary>
    public IReadOnlyDictionary<string, string> Files { get; init; } = new Dictionary<string, string>();

    /// <summary>Units of systemd that run.</summary>
    public IReadOnlyList<string> ActiveUnits { get; init => field = Listed.Of(value); } = [];

    /// <summary>The kubelet has its settings and its kubeconfig, and nothing of kubeadm was cut off.</summary>
    public bool IsMember { get; init; }

    /// <summary>It is a member with an API server.</summary>
    public bool IsControlPlane { get; init; }

    /// <summary>kubeadm was begun here by a delivery, and has not come to its end.</summary>
    public bool IsUnfinished { get; init; }

    /// <summary>The image's files are there, or some of them.</summary>
    public bool HasFiles { get; init; }

    /// <summary>Making certificates anew was begun here by a delivery, and has not come to its end.</summary>
    public bool IsRenewing { get; init; }

    /// <summary>Names and addresses of the API server's certificate; null where there is none, or it cannot be read.</summary>
    public IReadOnlyList<string>? ApiServerNames { get; init => field = value is null ? null : Listed.Of(value); }

    /// <summary>The file of who may use the registry there; empty where there is none. Passwords in it are hashed.</summary>
    public string RegistryUsers { get; init; } = "";

    /// <summary>Text of which the digest tells whether something has changed; nothing that could be guessed.</summary>
    internal string Shown => string.Join(
        '\n',
        Records.OrderBy(record => record.Key, StringComparer.Ordinal).Select(record => $"{record.Key} {record.Value}")
            .Concat(Files.Where(file => file.Key.StartsWith("/etc/kubernetes/", StringComparison.Ordinal)).OrderBy(file => file.Key, StringComparer.Ordinal).Select(file => $"{file.Key} {file.Value}"))
            .Append($"{IsMember} {IsControlPlane} {IsUnfinished}"));
}
