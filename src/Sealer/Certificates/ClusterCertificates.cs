using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Sealer.Certificates;

/// <summary>
/// The certificates of a kubeadm cluster: which there are, who issues them, what kubeadm writes into them. Read from
/// Kubernetes' <c>cmd/kubeadm/app/phases/certs/certlist.go</c>, <c>util/pkiutil/pki_helpers.go</c> and
/// <c>phases/kubeconfig/kubeconfig.go</c>.
/// </summary>
public static class ClusterCertificates
{
    private const string Masters = "system:masters";
    private const string ClusterAdmins = "kubeadm:cluster-admins";

    // 1.29 took system:masters, which nobody can take rights from, out of all but a kubeconfig of its own (kubernetes pull
    // requests 119859, 120521, 121305, 121837).
    private static readonly Version SuperAdmin = new(1, 29);

    // Before, a control plane could not join with an ECDSA key of the service accounts (kubernetes pull request 112508).
    private static readonly Version EcdsaServiceAccounts = new(1, 26);

    /// <summary>Everything a control plane shall have, authorities first.</summary>
    /// <exception cref="SealerException">
    /// <c>InvalidSubjectAlternativeName</c>, <c>InvalidNodeName</c>, <c>InvalidServiceSubnet</c>, <c>InvalidControlPlaneEndpoint</c>.
    /// </exception>
    public static IReadOnlyList<WantedCertificate> Of(ClusterCertificateSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        // An IPv4 address is a name to Kubernetes too, and sealer's UseIPasNodeName makes use of that.
        if (!SubjectName.IsName(spec.NodeName) && SubjectName.AddressOf(spec.NodeName)?.AddressFamily != AddressFamily.InterNetwork)
            throw new SealerException("InvalidNodeName", ErrorKind.InvalidInput, $"'{spec.NodeName}' cannot be a node's name. Give small letters, digits, '-' and '.', or an IPv4 address.", spec.NodeName);
        var hasSuperAdmin = spec.KubernetesVersion >= SuperAdmin;
        var former = hasSuperAdmin ? Masters : null;
        IReadOnlyList<string> etcdClients = hasSuperAdmin ? [] : [Masters];
        var paths = spec.Paths;
        var wanted = new List<WantedCertificate> { Authority(paths, "ca", "ca", "kubernetes"), Authority(paths, "front-proxy-ca", "front-proxy-ca", "front-proxy-ca") };
        if (!spec.ExternalEtcd)
            wanted.Add(Authority(paths, "etcd-ca", "etcd/ca", "etcd-ca"));
        wanted.Add(new WantedCertificate
        {
            Name = "sa",
            Form = CertificateForm.KeyPair,
            Path = paths.Pki("sa.pub"),
            KeyPath = paths.Pki("sa.key"),
            NeedsRsa = spec.KubernetesVersion < EcdsaServiceAccounts,
        });

        wanted.Add(Leaf(paths, "apiserver", "apiserver", "ca", "kube-apiserver", CertificateUsages.Server, ApiServerNames(spec)));
        var kubeletClient = Leaf(paths, "apiserver-kubelet-client", "apiserver-kubelet-client", "ca", "kube-apiserver-kubelet-client", CertificateUsages.Client);
        wanted.Add(kubeletClient with { Organizations = [hasSuperAdmin ? ClusterAdmins : Masters], FormerOrganization = former });
        wanted.Add(Leaf(paths, "front-proxy-client", "front-proxy-client", "front-proxy-ca", "front-proxy-client", CertificateUsages.Client));
        if (!spec.ExternalEtcd)
        {
            // etcd shows its server certificate to itself as a client.
            const CertificateUsages both = CertificateUsages.Server | CertificateUsages.Client;
            wanted.Add(Leaf(paths, "etcd-server", "etcd/server", "etcd-ca", spec.NodeName, both, EtcdNames(spec, spec.EtcdServerSans, "etcd/server")));
            wanted.Add(Leaf(paths, "etcd-peer", "etcd/peer", "etcd-ca", spec.NodeName, both, EtcdNames(spec, spec.EtcdPeerSans, "etcd/peer")));
            var healthcheck = Leaf(paths, "etcd-healthcheck-client", "etcd/healthcheck-client", "etcd-ca", "kube-etcd-healthcheck-client", CertificateUsages.Client);
            wanted.Add(healthcheck with { Organizations = etcdClients, FormerOrganization = former });
            var etcdClient = Leaf(paths, "apiserver-etcd-client", "apiserver-etcd-client", "etcd-ca", "kube-apiserver-etcd-client", CertificateUsages.Client);
            wanted.Add(etcdClient with { Organizations = etcdClients, FormerOrganization = former });
        }

        // A component of this host talks to this host's API server, so that versions of two hosts never meet in an upgrade.
        var local = Url(SubjectName.Canonical(spec.AdvertiseAddress).ToString(), spec.BindPort);
        var shared = spec.ControlPlaneEndpoint is null ? local : Url(Endpoint(spec).Host, Endpoint(spec).Port ?? spec.BindPort);
        wanted.Add(Kubeconfig(spec, "admin.conf", shared, "kubernetes-admin", hasSuperAdmin ? ClusterAdmins : Masters) with { FormerOrganization = former });
        if (hasSuperAdmin)
            wanted.Add(Kubeconfig(spec, "super-admin.conf", shared, "kubernetes-super-admin", Masters) with { IsOptional = !spec.ForInit });
        wanted.Add(Kubeconfig(spec, "controller-manager.conf", local, "system:kube-controller-manager"));
        wanted.Add(Kubeconfig(spec, "scheduler.conf", local, "system:kube-scheduler"));
        wanted.Add(Kubeconfig(spec, "kubelet.conf", shared, "system:node:" + spec.NodeName, "system:nodes") with { IsOptional = !spec.ForInit });
        return wanted;
    }

    /// <summary>The certificate of a cluster's registry and the authority of its own that issues it.</summary>
    /// <exception cref="SealerException"><c>InvalidSubjectAlternativeName</c>.</exception>
    public static IReadOnlyList<WantedCertificate> Of(RegistryCertificateSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var domain = SubjectName.Of(spec.Domain, "registry");
        var path = $"{spec.Folder.TrimEnd('/')}/{domain}";
        return
        [
            // Not the cluster's: what trusts the registry's would otherwise trust any name that a registry stands in for.
            Authority(spec.Paths, "registry-ca", "registry/ca", "sealer-registry-ca"),
            new WantedCertificate
            {
                Name = "registry",
                Form = CertificateForm.Leaf,
                Path = path + ".crt",
                KeyPath = path + ".key",
                Authority = "registry-ca",
                CommonName = domain,
                Usages = CertificateUsages.Server,
                SubjectAlternativeNames = SubjectName.Distinct([domain, .. spec.Sans], "registry"),
                MayBeForeign = true,
            },
        ];
    }

    /// <summary>
    /// What a certificate that stands would have to be like to be renewed as it is: for clusters whose configuration is not
    /// known.
    /// </summary>
    /// <param name="present">A leaf or kubeconfig that can be read.</param>
    /// <param name="authority">The name of its authority among what is wanted.</param>
    /// <param name="clusterName">What its kubeconfig calls the cluster.</param>
    public static WantedCertificate Of(CertificateInfo present, string authority, string clusterName = "kubernetes")
    {
        ArgumentNullException.ThrowIfNull(present);
        var isKubeconfig = present.Form == CertificateForm.Kubeconfig;
        return new WantedCertificate
        {
            Name = present.Path[(present.Path.LastIndexOf('/') + 1)..],
            Form = present.Form,
            Path = present.Path,
            KeyPath = isKubeconfig ? null : KeyOf(present.Path),
            Authority = authority,
            CommonName = present.CommonName,
            Organizations = present.Organizations,
            Usages = present.Usages,
            SubjectAlternativeNames = present.SubjectAlternativeNames,
            Server = present.Server,
            ClusterName = isKubeconfig ? clusterName : null,
        };
    }

    /// <summary>All that a control plane has and kubeadm knows of, to be renewed as it is: for clusters whose configuration is not known.</summary>
    /// <param name="files">Its files.</param>
    /// <param name="present">What they hold.</param>
    /// <param name="paths">Where they lie.</param>
    /// <param name="apiServerNames">Names and addresses that its API server shall answer to besides those that it has.</param>
    /// <exception cref="SealerException"><c>InvalidSubjectAlternativeName</c>.</exception>
    public static IReadOnlyList<WantedCertificate> Standing(CertificateFileSet files, CertificateInventory present, CertificatePaths paths, IReadOnlyList<string> apiServerNames)
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(present);
        ArgumentNullException.ThrowIfNull(paths);
        ArgumentNullException.ThrowIfNull(apiServerNames);
        var authorities = new[] { Authority(paths, "ca", "ca", "kubernetes"), Authority(paths, "front-proxy-ca", "front-proxy-ca", "front-proxy-ca"), Authority(paths, "etcd-ca", "etcd/ca", "etcd-ca") }
            .Where(authority => present.Find(authority.Path) is not null).ToList();
        var leaves = present.Certificates
            .Where(info => info is { Position: 0, IsReadable: true, Form: CertificateForm.Leaf or CertificateForm.Kubeconfig })
            .Select(info => (info, authority: authorities.Find(authority => authority.Path == paths.AuthorityOf(info.Path))))
            .Where(pair => pair.authority is not null && (pair.info.Form == CertificateForm.Leaf ? pair.info.Path.StartsWith(paths.Pki(""), StringComparison.Ordinal) : CertificateReader.IsKubeadms(pair.info.Path, paths)))
            .Select(pair => Of(pair.info, pair.authority!.Name, pair.info.Form == CertificateForm.Kubeconfig && files.Find(pair.info.Path) is { } file && Certificates.Kubeconfig.Read(file.Content.Span, out _)?.ClusterName is { } name ? name : "kubernetes"));
        return
        [
            .. authorities,
            .. leaves.Select(leaf => leaf.Path == paths.Pki("apiserver.crt") ? leaf with { SubjectAlternativeNames = Ordered([.. leaf.SubjectAlternativeNames, .. apiServerNames], "apiserver") } : leaf),
        ];
    }

    /// <summary>The file of a certificate's key.</summary>
    internal static string KeyOf(string path) => path.EndsWith(".crt", StringComparison.Ordinal) ? path[..^4] + ".key" : path;

    private static IReadOnlyList<string> ApiServerNames(ClusterCertificateSpec spec)
    {
        // As kubeadm: names sorted, then addresses in this order. Of a second family it leaves the service address out.
        var names = new List<string> { spec.NodeName, "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc." + spec.DnsDomain };
        var addresses = spec.ServiceSubnets.Select(FirstAddress).Append(SubjectName.Canonical(spec.AdvertiseAddress)).Select(a => a.ToString());
        var endpoint = spec.ControlPlaneEndpoint is null ? [] : new[] { Endpoint(spec).Host };
        return Ordered([.. names, .. addresses, .. endpoint, .. spec.ApiServerSans], "apiserver");
    }

    private static IReadOnlyList<string> EtcdNames(ClusterCertificateSpec spec, IReadOnlyList<string> sans, string what) =>
        Ordered([spec.NodeName, "localhost", SubjectName.Canonical(spec.AdvertiseAddress).ToString(), "127.0.0.1", "::1", .. sans], what);

    internal static IReadOnlyList<string> Ordered(IEnumerable<string> names, string what)
    {
        var all = SubjectName.Distinct(names, what).ToLookup(name => SubjectName.AddressOf(name) is not null);
        return [.. all[false].Order(StringComparer.Ordinal), .. all[true]];
    }

    private static IPAddress FirstAddress(string subnet)
    {
        var slash = subnet.IndexOf('/', StringComparison.Ordinal);
        if (slash > 0
            && SubjectName.AddressOf(subnet[..slash]) is { } address
            && int.TryParse(subnet.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var length)
            && length < (address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128))
        {
            var bytes = address.GetAddressBytes();
            for (var bit = length; bit < bytes.Length * 8; bit++)
                bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
            bytes[^1] |= 1;
            return new IPAddress(bytes);
        }

        throw new SealerException("InvalidServiceSubnet", ErrorKind.InvalidInput, $"'{subnet}' is no network of services. Give an address and a length, like 10.96.0.0/12 or fd00:10::/112.", subnet);
    }

    /// <summary>As kubeadm reads it: a host or an address, with a port or without; an IPv6 address with a port is in brackets.</summary>
    private static (string Host, int? Port) Endpoint(ClusterCertificateSpec spec)
    {
        var text = spec.ControlPlaneEndpoint!;
        var (host, portText) = (text, "");
        var colon = text.LastIndexOf(':');
        if (text.StartsWith('[') && text.IndexOf(']', StringComparison.Ordinal) is > 0 and var end)
            (host, portText) = (text[1..end], text[(end + 1)..].TrimStart(':'));
        else if (colon >= 0 && text.IndexOf(':', StringComparison.Ordinal) == colon)
            (host, portText) = (text[..colon], text[(colon + 1)..]);
        int? port = portText.Length == 0 ? null
            : int.TryParse(portText, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and < 65536 ? number
            : -1;
        host = SubjectName.AddressOf(host)?.ToString() ?? host.ToLowerInvariant();
        if (port != -1 && (SubjectName.AddressOf(host) is not null || SubjectName.IsName(host)))
            return (host, port);
        throw new SealerException("InvalidControlPlaneEndpoint", ErrorKind.InvalidInput, $"'{text}' is no endpoint of a control plane. Give a name or an address, and a port if you like: apiserver.cluster.local:6443, [fd00::1]:6443.", text);
    }

    private static string Url(string host, int port) => string.Create(
        CultureInfo.InvariantCulture, $"https://{(host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host)}:{port}");

    private static WantedCertificate Authority(CertificatePaths paths, string name, string file, string commonName) => new()
    {
        Name = name,
        Form = CertificateForm.Authority,
        Path = paths.Pki(file + ".crt"),
        KeyPath = paths.Pki(file + ".key"),
        CommonName = commonName,
    };

    private static WantedCertificate Leaf(
        CertificatePaths paths, string name, string file, string authority, string commonName, CertificateUsages usages, IReadOnlyList<string>? names = null)
    {
        return new WantedCertificate
        {
            Name = name,
            Form = CertificateForm.Leaf,
            Path = paths.Pki(file + ".crt"),
            KeyPath = paths.Pki(file + ".key"),
            Authority = authority,
            CommonName = commonName,
            Usages = usages,
            SubjectAlternativeNames = names ?? [],
        };
    }

    private static WantedCertificate Kubeconfig(ClusterCertificateSpec spec, string name, string server, string user, params string[] groups) => new()
    {
        Name = name,
        Form = CertificateForm.Kubeconfig,
        Path = $"{spec.Paths.Folder}/{name}",
        Authority = "ca",
        CommonName = user,
        Organizations = groups,
        Usages = CertificateUsages.Client,
        Server = server,
        ClusterName = spec.ClusterName,
    };
}
