using System.Net;
using Sealer.Certificates;

namespace Sealer.Tests.Certificates;

/// <summary>
/// What kubeadm makes, as it stands in Kubernetes' public source: cmd/kubeadm/app/phases/certs/certlist.go,
/// util/pkiutil/pki_helpers.go, phases/kubeconfig/kubeconfig.go, of 1.20 and of 1.29 and later.
/// </summary>
public sealed class ClusterCertificatesTests
{
    private const string Pki = "/etc/kubernetes/pki/";

    [Theory]
    [InlineData("ca", "ca", "", "kubernetes", "", "")]
    [InlineData("front-proxy-ca", "front-proxy-ca", "", "front-proxy-ca", "", "")]
    [InlineData("etcd-ca", "etcd/ca", "", "etcd-ca", "", "")]
    [InlineData("apiserver", "apiserver", "ca", "kube-apiserver", "", "")]
    [InlineData("apiserver-kubelet-client", "apiserver-kubelet-client", "ca", "kube-apiserver-kubelet-client", "system:masters", "kubeadm:cluster-admins")]
    [InlineData("front-proxy-client", "front-proxy-client", "front-proxy-ca", "front-proxy-client", "", "")]
    [InlineData("etcd-server", "etcd/server", "etcd-ca", "master-0", "", "")]
    [InlineData("etcd-peer", "etcd/peer", "etcd-ca", "master-0", "", "")]
    [InlineData("etcd-healthcheck-client", "etcd/healthcheck-client", "etcd-ca", "kube-etcd-healthcheck-client", "system:masters", "")]
    [InlineData("apiserver-etcd-client", "apiserver-etcd-client", "etcd-ca", "kube-apiserver-etcd-client", "system:masters", "")]
    public void Names_files_authorities_and_subjects_are_those_of_kubeadm(string name, string file, string authority, string commonName, string until128, string from129)
    {
        foreach (var (version, group) in new[] { (new Version(1, 18, 0), until128), (new Version(1, 28, 9), until128), (new Version(1, 29), from129), (new Version(1, 36, 1), from129) })
        {
            var wanted = Assert.Single(ClusterCertificates.Of(TestPki.Spec with { KubernetesVersion = version }), w => w.Name == name);
            Assert.Equal((Pki + file + ".crt", Pki + file + ".key"), (wanted.Path, wanted.KeyPath));
            Assert.Equal((authority, commonName), (wanted.Authority ?? "", wanted.CommonName));
            Assert.Equal(group, string.Join(',', wanted.Organizations));
        }
    }

    [Theory]
    [InlineData("admin.conf", "kubernetes-admin", "system:masters", "https://apiserver.cluster.local:6443")]
    [InlineData("controller-manager.conf", "system:kube-controller-manager", "", "https://10.0.0.10:6443")]
    [InlineData("scheduler.conf", "system:kube-scheduler", "", "https://10.0.0.10:6443")]
    [InlineData("kubelet.conf", "system:node:master-0", "system:nodes", "https://apiserver.cluster.local:6443")]
    public void Kubeconfigs_have_kubeadms_users_groups_and_servers(string name, string user, string group, string server)
    {
        var wanted = Assert.Single(ClusterCertificates.Of(TestPki.Spec), w => w.Name == name);
        Assert.Equal(("/etc/kubernetes/" + name, null), (wanted.Path, wanted.KeyPath));
        Assert.Equal((user, group, server, "kubernetes"), (wanted.CommonName, string.Join(',', wanted.Organizations), wanted.Server, wanted.ClusterName));
        Assert.Equal(CertificateUsages.Client, wanted.Usages);
    }

    [Fact]
    public void From_1_29_masters_have_a_kubeconfig_of_their_own()
    {
        Assert.DoesNotContain(ClusterCertificates.Of(TestPki.Spec with { KubernetesVersion = new Version(1, 28, 15) }), w => w.Name == "super-admin.conf");
        var wanted = ClusterCertificates.Of(TestPki.Spec with { KubernetesVersion = new Version(1, 29, 0) }).ToDictionary(w => w.Name);
        Assert.Equal(["kubeadm:cluster-admins"], wanted["admin.conf"].Organizations);
        Assert.Equal(["system:masters"], wanted["super-admin.conf"].Organizations);
        Assert.Equal("kubernetes-super-admin", wanted["super-admin.conf"].CommonName);
    }

    [Fact]
    public void Names_of_the_api_server_and_of_etcd_are_kubeadms_in_its_order()
    {
        var wanted = ClusterCertificates.Of(TestPki.Spec with { EtcdServerSans = ["etcd.example.com", "10.9.9.9"] }).ToDictionary(w => w.Name);
        Assert.Equal(
            ["api.example.com", "apiserver.cluster.local", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "master-0",
                "10.96.0.1", "10.0.0.10", "10.103.97.2", "127.0.0.1"],
            wanted["apiserver"].SubjectAlternativeNames);
        Assert.Equal(["etcd.example.com", "localhost", "master-0", "10.0.0.10", "127.0.0.1", "::1", "10.9.9.9"], wanted["etcd-server"].SubjectAlternativeNames);
        Assert.Equal(["localhost", "master-0", "10.0.0.10", "127.0.0.1", "::1"], wanted["etcd-peer"].SubjectAlternativeNames);
        Assert.Equal((CertificateUsages.Server, CertificateUsages.Server | CertificateUsages.Client), (wanted["apiserver"].Usages, wanted["etcd-server"].Usages));
    }

    [Fact]
    public void Of_both_families_the_service_address_is_in_and_ipv6_stands_in_brackets_in_urls()
    {
        var spec = TestPki.Spec with
        {
            AdvertiseAddress = IPAddress.Parse("fd00::10"),
            ControlPlaneEndpoint = "[FD00:0:0::1]:8443",
            ServiceSubnets = ["10.97.128.7/20", "fd00:10:96::/112"],
            ApiServerSans = ["FD00:0::2", "::ffff:10.0.0.9", "API.Example.com", "api.example.com"],
        };
        var wanted = ClusterCertificates.Of(spec).ToDictionary(w => w.Name);
        Assert.Equal(["10.97.128.1", "fd00:10:96::1", "fd00::10", "fd00::1", "fd00::2", "10.0.0.9"], wanted["apiserver"].SubjectAlternativeNames.Skip(6));
        Assert.Single(wanted["apiserver"].SubjectAlternativeNames, n => n == "api.example.com");
        Assert.Equal(("https://[fd00::1]:8443", "https://[fd00::10]:6443"), (wanted["admin.conf"].Server, wanted["scheduler.conf"].Server));
    }

    [Theory]
    [InlineData(null, "https://10.0.0.10:6443")]
    [InlineData("lb.example.com", "https://lb.example.com:6443")]
    [InlineData("lb.example.com:443", "https://lb.example.com:443")]
    [InlineData("10.0.0.1:443", "https://10.0.0.1:443")]
    [InlineData("fd00::1", "https://[fd00::1]:6443")]
    public void The_endpoint_is_read_as_kubeadm_reads_it(string? endpoint, string server) =>
        Assert.Equal(server, ClusterCertificates.Of(TestPki.Spec with { ControlPlaneEndpoint = endpoint }).Single(w => w.Name == "admin.conf").Server);

    [Theory]
    [InlineData("lb.example.com:0")]
    [InlineData("lb.example.com:x")]
    [InlineData("lb example")]
    [InlineData("https://lb.example.com")]
    public void An_endpoint_that_is_none_is_refused(string endpoint) =>
        Assert.Equal("InvalidControlPlaneEndpoint", Assert.Throws<SealerException>(() => ClusterCertificates.Of(TestPki.Spec with { ControlPlaneEndpoint = endpoint })).Id);

    [Theory]
    [InlineData("1")]
    [InlineData("010.0.0.1")]
    [InlineData("10.0.0.1:6443")]
    [InlineData("10.0.0")]
    [InlineData("fe80::1%eth0")]
    [InlineData("[fd00::1]")]
    [InlineData("a_b.example.com")]
    [InlineData("-a.example.com")]
    [InlineData("*.*.example.com")]
    [InlineData("")]
    public void A_name_that_no_client_could_ask_for_is_refused(string name) => Assert.Equal(
        "InvalidSubjectAlternativeName",
        Assert.Throws<SealerException>(() => ClusterCertificates.Of(TestPki.Spec with { ApiServerSans = [name] })).Id);

    [Theory]
    [InlineData("10.96.0.0")]
    [InlineData("10.96.0.0/32")]
    [InlineData("10.96.0/12")]
    [InlineData("fd00::/129")]
    public void A_network_of_services_without_a_first_address_is_refused(string subnet) =>
        Assert.Equal("InvalidServiceSubnet", Assert.Throws<SealerException>(() => ClusterCertificates.Of(TestPki.Spec with { ServiceSubnets = [subnet] })).Id);

    [Theory]
    [InlineData("Master")]
    [InlineData("a b")]
    [InlineData("")]
    public void A_node_name_that_kubernetes_would_refuse_is_refused(string name) =>
        Assert.Equal("InvalidNodeName", Assert.Throws<SealerException>(() => ClusterCertificates.Of(TestPki.Spec with { NodeName = name })).Id);

    [Fact]
    public void A_node_may_have_a_number_for_its_last_part() =>
        Assert.Contains("node.1", ClusterCertificates.Of(TestPki.Spec with { NodeName = "node.1" }).Single(w => w.Name == "etcd-peer").SubjectAlternativeNames);

    [Fact]
    public void A_node_may_be_named_by_its_address()
    {
        var wanted = ClusterCertificates.Of(TestPki.Spec with { NodeName = "10.0.0.10" });
        Assert.Equal("system:node:10.0.0.10", wanted.Single(w => w.Name == "kubelet.conf").CommonName);
        Assert.Single(wanted.Single(w => w.Name == "apiserver").SubjectAlternativeNames, n => n == "10.0.0.10");
    }

    [Fact]
    public void With_etcd_elsewhere_nothing_is_made_for_it() =>
        Assert.DoesNotContain(ClusterCertificates.Of(TestPki.Spec with { ExternalEtcd = true }), w => w.Name.Contains("etcd", StringComparison.Ordinal));

    [Fact]
    public void A_registry_has_an_authority_of_its_own_and_files_named_after_it()
    {
        var wanted = ClusterCertificates.Of(new RegistryCertificateSpec { Domain = "sea.hub", Folder = "/var/lib/sealer/data/c/rootfs/certs", Sans = ["10.0.0.10", "docker.io"] });
        Assert.Equal(["/etc/kubernetes/pki/registry/ca.crt", "/var/lib/sealer/data/c/rootfs/certs/sea.hub.crt"], wanted.Select(w => w.Path));
        Assert.Equal(["sea.hub", "10.0.0.10", "docker.io"], wanted[1].SubjectAlternativeNames);
    }
}
