namespace Sealer.Certificates;

/// <summary>Where kubeadm and the kubelet keep certificates on a host. All are absolute and of Linux, whatever machine asks.</summary>
public sealed record CertificatePaths
{
    /// <summary>Where the kubeconfigs are.</summary>
    public string Folder { get; init; } = "/etc/kubernetes";

    /// <summary>kubeadm's <c>certificatesDir</c>.</summary>
    public string PkiFolder { get; init; } = "/etc/kubernetes/pki";

    /// <summary>Where the kubelet keeps what it rotates. Of its client certificates only <c>kubelet-client-current.pem</c> counts.</summary>
    public string KubeletFolder { get; init; } = "/var/lib/kubelet/pki";

    /// <summary>
    /// What the control planes of one cluster have in common: the authorities and the key of the service accounts. A further
    /// control plane gets them before anything is made for it.
    /// </summary>
    public IReadOnlyList<string> Shared =>
    [
        .. new[] { "ca.crt", "ca.key", "front-proxy-ca.crt", "front-proxy-ca.key", "etcd/ca.crt", "etcd/ca.key", "sa.key", "sa.pub", "registry/ca.crt", "registry/ca.key" }
            .Select(Pki),
    ];

    internal string Pki(string name) => $"{PkiFolder}/{name}";

    /// <summary>The authority that should have issued what lies at a path; null where any may have.</summary>
    internal string? AuthorityOf(string path)
    {
        if (path == Pki("front-proxy-client.crt"))
            return Pki("front-proxy-ca.crt");
        if (path == Pki("apiserver-etcd-client.crt") || path.StartsWith(Pki("etcd/"), StringComparison.Ordinal))
            return Pki("etcd/ca.crt");
        if (path == Pki("apiserver.crt") || path == Pki("apiserver-kubelet-client.crt") || path.EndsWith(".conf", StringComparison.Ordinal))
            return Pki("ca.crt");
        return path == $"{KubeletFolder}/kubelet-client-current.pem" ? Pki("ca.crt") : null;
    }
}
