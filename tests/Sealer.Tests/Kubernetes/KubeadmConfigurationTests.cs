using System.Net;
using Sealer.Kubernetes.Kubeadm;
using Sealer.Kubernetes.LoadBalancing;
using static Sealer.Tests.Kubernetes.KubeadmTesting;

namespace Sealer.Tests.Kubernetes;

public sealed class KubeadmConfigurationTests
{
    [Theory]
    [InlineData("ClusterConfiguration", "networking: x", "networking must be a map")]
    [InlineData("ClusterConfiguration", "networking: [ x ]", "networking must be a map")]
    [InlineData("ClusterConfiguration", "apiServer: x", "apiServer must be a map")]
    [InlineData("ClusterConfiguration", "apiServer: { certSANs: a.example.com }", "apiServer.certSANs must be a list")]
    [InlineData("ClusterConfiguration", "etcd: x", "etcd must be a map")]
    [InlineData("ClusterConfiguration", "etcd: { local: x }", "etcd.local must be a map")]
    [InlineData("InitConfiguration", "nodeRegistration: x", "nodeRegistration must be a map")]
    [InlineData("InitConfiguration", "localAPIEndpoint: x", "localAPIEndpoint must be a map")]
    [InlineData("JoinConfiguration", "nodeRegistration: x", "nodeRegistration must be a map")]
    [InlineData("JoinConfiguration", "discovery: [ x ]", "discovery must be a map")]
    public void What_should_be_a_map_or_a_list_and_is_not_is_told_with_its_place(string kind, string field, string expected)
    {
        var document = $"---\nkind: {kind}\napiVersion: kubeadm.k8s.io/v1beta3\n{field}\n";
        foreach (var make in new Action[] { () => Make("v1.20.2", document), () => Make("v1.31.1", image: document) })
        {
            var error = Assert.Throws<SealerException>(make);
            Assert.Equal("KubeadmSettingsNotPossible", error.Id);
            Assert.Contains($"{kind}: {expected}", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void An_argument_that_nests_deep_is_text_like_any_other() =>
        Assert.NotEmpty(Init("v1.20.2", $"---\nkind: ClusterConfiguration\napiVersion: kubeadm.k8s.io/v1beta3\napiServer: {{ extraArgs: {{ a: {string.Concat(Enumerable.Repeat("{ a: ", 100))}1{new string('}', 100)} }} }}\n"));

    [Fact]
    public void Of_a_plain_clusterfile_sealers_defaults_come_in_v1beta2() => Assert.Equal(
        """
        apiVersion: kubeadm.k8s.io/v1beta2
        kind: InitConfiguration
        localAPIEndpoint:
          advertiseAddress: 10.0.0.1
          bindPort: 6443
        nodeRegistration:
          criSocket: /run/containerd/containerd.sock
          ignorePreflightErrors:
          - DirAvailable--etc-kubernetes-manifests
          - Port-10250
          - SystemVerification
          kubeletExtraArgs:
            node-ip: 10.0.0.1
          name: node-1
        ---
        apiVersion: kubeadm.k8s.io/v1beta2
        kind: ClusterConfiguration
        apiServer:
          certSANs:
          - 127.0.0.1
          - apiserver.cluster.local
          - 10.103.97.2
          - 10.0.0.1
          - 10.0.0.2
          extraArgs:
            enable-aggregator-routing: "true"
            feature-gates: EphemeralContainers=true,TTLAfterFinished=true
        controlPlaneEndpoint: apiserver.cluster.local:6443
        controllerManager:
          extraArgs:
            cluster-signing-duration: 876000h0m0s
            feature-gates: EphemeralContainers=true,TTLAfterFinished=true
        imageRepository: sea.hub:5000
        kubernetesVersion: v1.20.2
        networking:
          dnsDomain: cluster.local
          podSubnet: 100.64.0.0/10
          serviceSubnet: 10.96.0.0/22
        scheduler:
          extraArgs:
            feature-gates: EphemeralContainers=true,TTLAfterFinished=true
        ---
        apiVersion: kubelet.config.k8s.io/v1beta1
        kind: KubeletConfiguration
        cgroupDriver: systemd
        featureGates:
          EphemeralContainers: true
          TTLAfterFinished: true
        maxPods: 110
        rotateCertificates: true
        serializeImagePulls: false
        ---
        apiVersion: kubeproxy.config.k8s.io/v1alpha1
        kind: KubeProxyConfiguration
        featureGates:
          EphemeralContainers: true
          TTLAfterFinished: true
        ipvs:
          excludeCIDRs:
          - 10.103.97.2/32
        mode: ipvs

        """, Init("v1.20.2"));

    [Fact]
    public void Since_v1beta4_arguments_are_lists_and_sockets_are_urls()
    {
        var text = Init("v1.31.0");
        Assert.Contains("apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration", text, StringComparison.Ordinal);
        Assert.Contains("  extraArgs:\n  - name: enable-aggregator-routing\n    value: \"true\"\n", text, StringComparison.Ordinal);
        Assert.Contains("  kubeletExtraArgs:\n  - name: node-ip\n    value: 10.0.0.1\n", text, StringComparison.Ordinal);
        Assert.Contains("criSocket: unix:///run/containerd/containerd.sock", text, StringComparison.Ordinal);
        Assert.DoesNotContain("feature-gates", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_control_plane_and_a_worker_join_each_with_its_own_file()
    {
        var settings = Settings("v1.24.3");
        var made = KubeadmConfiguration.Create(settings);
        Assert.Equal(
            """
            apiVersion: kubeadm.k8s.io/v1beta3
            kind: JoinConfiguration
            controlPlane:
              localAPIEndpoint:
                advertiseAddress: 10.0.0.2
                bindPort: 6443
            discovery:
              bootstrapToken:
                apiServerEndpoint: 10.0.0.1:6443
                caCertHashes:
                - sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
                token: abcdef.0123456789abcdef
            nodeRegistration:
              criSocket: unix:///run/containerd/containerd.sock
              ignorePreflightErrors:
              - DirAvailable--etc-kubernetes-manifests
              - Port-10250
              - SystemVerification
              kubeletExtraArgs:
                node-ip: 10.0.0.2
              name: node-2

            """, made.Join(settings.Node("10.0.0.2"), KubeadmTesting.Join).Text);
        var worker = made.Join(settings.Node("10.0.0.9"), KubeadmTesting.Join);
        Assert.DoesNotContain("controlPlane", worker.Text, StringComparison.Ordinal);
        Assert.Contains("name: node-3", worker.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("0123456789abcdef", worker.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("v1.20.2")]
    [InlineData("v1.31.0")]
    public void What_the_user_says_wins_deep_down_and_null_takes_a_default_away(string version)
    {
        var text = Init(version, """
            ---
            apiVersion: kubeadm.k8s.io/v1beta3
            kind: ClusterConfiguration
            networking: {podSubnet: 10.244.0.0/16}
            apiServer:
              extraArgs: {enable-aggregator-routing: null, feature-gates: null, v: "4"}
              certSANs: [api.example.com]
            scheduler: null
            ---
            apiVersion: kubelet.config.k8s.io/v1beta1
            kind: KubeletConfiguration
            maxPods: 200
            rotateCertificates: null
            ---
            apiVersion: kubeproxy.config.k8s.io/v1alpha1
            kind: KubeProxyConfiguration
            conntrack: {maxPerCore: 0}
            ipvs: null
            ---
            apiVersion: kubeadm.k8s.io/v1beta4
            kind: InitConfiguration
            nodeRegistration: {kubeletExtraArgs: [{name: node-ip, value: null}, {name: v, value: 6}], taints: []}
            """);
        Assert.Contains("podSubnet: 10.244.0.0/16\n  serviceSubnet: 10.96.0.0/22", text, StringComparison.Ordinal);
        Assert.Contains("maxPods: 200", text, StringComparison.Ordinal);
        Assert.Contains("  - 10.0.0.2\n  - api.example.com\n", text, StringComparison.Ordinal);
        Assert.Contains("conntrack:\n  maxPerCore: 0\n", text, StringComparison.Ordinal);
        Assert.Contains("taints: []", text, StringComparison.Ordinal);
        Assert.Contains(version == "v1.20.2" ? "kubeletExtraArgs:\n    v: \"6\"\n" : "kubeletExtraArgs:\n  - name: v\n    value: \"6\"\n", text, StringComparison.Ordinal);
        foreach (var gone in new[] { "rotateCertificates", "enable-aggregator-routing", "scheduler", "ipvs:", "node-ip", "null" })
            Assert.DoesNotContain(gone, text, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_image_says_wins_over_defaults_and_not_over_what_only_sealer_knows()
    {
        var text = Init("v1.20.2", image: """
            apiVersion: kubeadm.k8s.io/v1beta2
            kind: ClusterConfiguration
            kubernetesVersion: v1.19.0
            controlPlaneEndpoint: other:6443
            networking: {podSubnet: 10.1.0.0/16}
            apiServer: {certSANs: [image.example.com]}
            controllerManager: {extraArgs: {cluster-signing-duration: null}}
            """);
        Assert.Contains("podSubnet: 10.1.0.0/16", text, StringComparison.Ordinal);
        Assert.Contains("kubernetesVersion: v1.20.2", text, StringComparison.Ordinal);
        Assert.Contains("controlPlaneEndpoint: apiserver.cluster.local:6443", text, StringComparison.Ordinal);
        Assert.Contains("  certSANs:\n  - image.example.com\n  - 127.0.0.1\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("signing", text, StringComparison.Ordinal);
    }

    [Fact]
    public void An_image_whose_file_is_no_yaml_is_refused() =>
        Assert.Equal("InvalidKubeadmFile", Assert.Throws<SealerException>(() => Init("v1.20.2", image: "kind: [")).Id);

    [Theory]
    [InlineData("v1.20.2", "v1beta4", "timeoutForControlPlane: 9m0s")]
    [InlineData("v1.31.0", "v1beta3", "timeouts:\n  controlPlaneComponentHealthCheck: 9m0s")]
    [InlineData("v1.24.0", "v1beta3", "timeoutForControlPlane: 9m0s")]
    public void The_time_to_wait_for_a_control_plane_is_written_where_each_version_has_it(string version, string api, string written)
    {
        var document = api == "v1beta4"
            ? "---\napiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\ntimeouts: {controlPlaneComponentHealthCheck: 9m0s}\n"
            : $"---\napiVersion: kubeadm.k8s.io/{api}\nkind: ClusterConfiguration\napiServer: {{timeoutForControlPlane: 9m0s}}\n---\napiVersion: kubeadm.k8s.io/{api}\nkind: InitConfiguration\nnodeRegistration: {{name: first}}\n";
        Assert.Contains(written, Init(version, document), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("v1.20.2", "discovery:\n  bootstrapToken")]
    [InlineData("v1.31.0", "timeouts:\n  discovery: 7m0s")]
    public void The_time_to_find_the_cluster_is_written_where_each_version_has_it(string version, string written)
    {
        var settings = Settings(version, "---\napiVersion: kubeadm.k8s.io/v1beta2\nkind: JoinConfiguration\ndiscovery: {timeout: 7m0s}\n");
        var text = KubeadmConfiguration.Create(settings).Join(settings.Node("10.0.0.9"), KubeadmTesting.Join).Text;
        Assert.Contains(written, text, StringComparison.Ordinal);
        Assert.Contains(version == "v1.20.2" ? "  timeout: 7m0s" : "discovery: 7m0s", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Addons_that_are_switched_off_become_phases_to_skip_where_there_is_no_word_for_it()
    {
        const string document = "---\napiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nproxy: {disabled: true}\n---\napiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\nskipPhases: [mark-control-plane]\n";
        var old = Make("v1.20.2", document).Init();
        Assert.Equal(["mark-control-plane", "addon/kube-proxy"], old.SkipPhases);
        Assert.DoesNotContain("disabled", old.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("skipPhases", old.Text, StringComparison.Ordinal);
        var current = Make("v1.33.0", document).Init();
        Assert.Empty(current.SkipPhases);
        Assert.Contains("proxy:\n  disabled: true\n", current.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_version_cannot_do_is_told_all_at_once_with_its_places()
    {
        var error = Assert.Throws<SealerException>(() => Make("v1.25.0", """
            ---
            apiVersion: kubeadm.k8s.io/v1beta4
            kind: ClusterConfiguration
            encryptionAlgorithm: ECDSA-P256
            apiServer:
              extraArgs: [{name: insecure-port, value: "0"}, {name: audit-x, value: a}, {name: audit-x, value: b}]
              extraEnvs: [{name: A, value: b}]
            ---
            apiVersion: kubeadm.k8s.io/v2
            kind: JoinConfiguration
            nodeRegistration: {name: one}
            timeouts: {kubernetesAPICall: 1m0s}
            """));
        Assert.Equal("KubeadmSettingsNotPossible", error.Id);
        foreach (var told in new[] { "encryptionAlgorithm", "--insecure-port since Kubernetes 1.24", "audit-x stands there several times", "apiServer.extraEnvs", "kubeadm.k8s.io/v2", "timeouts.kubernetesAPICall" })
            Assert.Contains(told, error.Message, StringComparison.Ordinal);
        Assert.Contains(":17:1: JoinConfiguration: 'kubeadm.k8s.io/v2' is not known", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_that_several_hosts_would_join_under_is_told()
    {
        var error = Assert.Throws<SealerException>(() => Make("v1.25.0", "---\napiVersion: kubeadm.k8s.io/v1beta3\nkind: JoinConfiguration\nnodeRegistration: {name: one}\n"));
        Assert.Contains("needs a name of its own", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("v1.20.2", null, null)]
    [InlineData("v1.20.2", "coredns/coredns", "sea.hub:5000/coredns")]
    [InlineData("v1.21.0", null, null)]
    [InlineData("v1.21.2", null, "sea.hub:5000/coredns")]
    [InlineData("v1.31.0", null, "sea.hub:5000/coredns")]
    [InlineData("v1.31.0", "coredns", null)]
    public void CoreDNS_is_asked_for_where_the_image_has_it(string version, string? only, string? repository)
    {
        var text = Init(version, change: settings => only is null ? settings : settings with { HasRepository = name => name == only });
        Assert.Equal(repository is not null, text.Contains($"dns:\n  imageRepository: {repository}\n", StringComparison.Ordinal));
        Assert.Equal(repository is null, !text.Contains("\ndns:", StringComparison.Ordinal));
    }

    [Fact]
    public void Variables_of_the_cluster_say_networks_names_and_the_virtual_address()
    {
        var settings = Settings("v1.28.0", env: "\"PodCIDR=10.8.0.0/16\", \"SvcCIDR=10.9.0.0/22\", \"CertSANs=api.example.com,192.0.2.7\", IPvsVIPv4=10.1.1.1, CgroupDriver=cgroupfs, UseIPasNodeName=true");
        var made = KubeadmConfiguration.Create(settings);
        var text = made.Init().Text;
        foreach (var part in new[] { "podSubnet: 10.8.0.0/16", "serviceSubnet: 10.9.0.0/22", "- 10.1.1.1\n", "- api.example.com\n", "- 192.0.2.7\n", "- 10.1.1.1/32", "cgroupDriver: cgroupfs", "name: 10.0.0.1" })
            Assert.Contains(part, text, StringComparison.Ordinal);
        Assert.Equal(["10.9.0.0/22"], made.ServiceNetworks);
        Assert.Equal(["10.8.0.0/16"], made.PodNetworks);
    }

    [Fact]
    public void Hosts_of_ipv6_get_networks_and_addresses_of_ipv6()
    {
        var text = Init("v1.28.0", hosts: "  hosts:\n  - {ips: [\"fd00::1\"], roles: [master]}\n");
        foreach (var part in new[] { "podSubnet: fd00:10:244::/48", "serviceSubnet: fd00:10:96::/112", "- ::1\n", "- 1248:4003:10bb:6a01:83b9:6360:c66d:2/128", "advertiseAddress: fd00::1" })
            Assert.Contains(part, text.Replace("\"", "", StringComparison.Ordinal).Replace("'", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("v1.20.2", true)]
    [InlineData("v1.21.0", false)]
    public void Two_families_have_two_networks_each_and_a_gate_where_it_is_needed(string version, bool gate)
    {
        var text = Init(version, env: "IPv6DualStack=true");
        Assert.Contains("podSubnet: 100.64.0.0/10,fd00:10:244::/48", text, StringComparison.Ordinal);
        Assert.Contains("serviceSubnet: 10.96.0.0/22,fd00:10:96::/112", text, StringComparison.Ordinal);
        Assert.Equal(gate, text.Contains("IPv6DualStack: true", StringComparison.Ordinal));
        Assert.Equal(gate, text.Contains("IPv6DualStack=true", StringComparison.Ordinal));
        Assert.DoesNotContain("node-ip", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Kubelets_on_cgroup_v1_are_told_to_go_on_where_they_would_not()
    {
        KubeadmSettings OnCgroupV1(KubeadmSettings settings) => settings with { Nodes = [.. settings.Nodes.Select(node => node with { HasCgroupV1 = true })] };
        Assert.Contains("failCgroupV1: false", Init("v1.35.0", change: OnCgroupV1), StringComparison.Ordinal);
        Assert.DoesNotContain("failCgroupV1", Init("v1.35.0"), StringComparison.Ordinal);
        Assert.DoesNotContain("failCgroupV1", Init("v1.34.0", change: OnCgroupV1), StringComparison.Ordinal);
    }

    [Fact]
    public void With_an_audit_policy_the_api_server_keeps_a_log()
    {
        var text = Init("v1.28.0", change: settings => settings with { HasAuditPolicy = true });
        Assert.Contains("audit-policy-file: /etc/kubernetes/audit-policy.yml", text, StringComparison.Ordinal);
        Assert.Contains("name: audit-log\n    pathType: DirectoryOrCreate", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_ipvs_kube_proxy_does_without()
    {
        var text = Init("v1.28.0", change: settings => settings with { ProxyMode = ProxyMode.Iptables });
        Assert.Contains("mode: iptables", text, StringComparison.Ordinal);
        Assert.DoesNotContain("excludeCIDRs", text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_certificates_are_made_from_what_kubeadm_will_look_at()
    {
        var settings = Settings("v1.29.1", """
            ---
            apiVersion: kubeadm.k8s.io/v1beta3
            kind: ClusterConfiguration
            controlPlaneEndpoint: api.example.com:8443
            clusterName: sky
            certificatesDir: /srv/pki
            networking: {dnsDomain: sky.local, serviceSubnet: "10.7.0.0/16,fd00::/112"}
            etcd: {local: {serverCertSANs: [etcd.example.com]}}
            """);
        var made = KubeadmConfiguration.Create(settings);
        var spec = made.Certificates(settings.Node("10.0.0.1"));
        Assert.Equal((new Version(1, 29, 1), "node-1", IPAddress.Parse("10.0.0.1"), 6443, true), (spec.KubernetesVersion, spec.NodeName, spec.AdvertiseAddress, spec.BindPort, spec.ForInit));
        Assert.Equal(("api.example.com:8443", "sky", "sky.local", "/srv/pki"), (spec.ControlPlaneEndpoint, spec.ClusterName, spec.DnsDomain, spec.Paths.PkiFolder));
        Assert.Equal(["10.7.0.0/16", "fd00::/112"], spec.ServiceSubnets);
        Assert.Equal(["etcd.example.com"], spec.EtcdServerSans);
        Assert.Contains("10.103.97.2", spec.ApiServerSans);
        Assert.True(made.HasExternalEndpoint);
        Assert.False(made.Certificates(settings.Node("10.0.0.2")).ForInit);
        Assert.False(Make("v1.29.1").HasExternalEndpoint);
    }

    [Fact]
    public void The_same_settings_give_the_same_text_whatever_the_order_of_keys()
    {
        const string one = "---\napiVersion: kubeadm.k8s.io/v1beta3\nkind: ClusterConfiguration\nclusterName: a\nfeatureGates: {B: true, A: true}\n";
        const string other = "---\nkind: ClusterConfiguration\nfeatureGates: {A: true, B: true}\nclusterName: a\napiVersion: kubeadm.k8s.io/v1beta3\n";
        Assert.Equal(Init("v1.24.0", one), Init("v1.24.0", other));
        Assert.Equal(Init("v1.24.0", one), Init("v1.24.0", one));
    }
}
