using System.Net;
using System.Net.Sockets;
using Sealer.Kubernetes;
using Sealer.Kubernetes.LoadBalancing;

namespace Sealer.Tests.Kubernetes;

public sealed class LoadBalancingTests
{
    private static readonly IPAddress Vip = IPAddress.Parse("10.103.97.2");
    private static readonly IPAddress[] Three = [IPAddress.Parse("10.0.0.1"), IPAddress.Parse("10.0.0.2"), IPAddress.Parse("10.0.0.3")];
    private static readonly BalancerImages All = new("sea.hub:5000/sealerio/lvscare:v1", "sea.hub:5000/sealer/keepalived:2", "sea.hub:5000/sealer/haproxy:2");

    private static ApiBalancingFacts Facts(BalancerImages images, string? external = null, int planes = 3) =>
        new() { ControlPlanes = Three[..planes], VirtualAddress = Vip, Images = images, ExternalEndpoint = external };

    public static TheoryData<string, bool, ApiBalancingKind, string?, string> Decisions => new()
    {
        { "lkp", true, ApiBalancingKind.Lvscare, "10.103.97.2", "lvscare" },
        { "kp", true, ApiBalancingKind.Keepalived, "10.103.97.2", "keepalived" },
        { "p", true, ApiBalancingKind.LocalProxy, "127.0.0.1", "nothing that keeps rules" },
        { "lkp", false, ApiBalancingKind.LocalProxy, "127.0.0.1", "no ipvs" },
        { "e", true, ApiBalancingKind.External, null, "api.example.com:6443" },
        { "1", false, ApiBalancingKind.Direct, "10.0.0.1", "one control plane" },
    };

    [Theory]
    [MemberData(nameof(Decisions))]
    public void How_a_worker_reaches_the_api_follows_from_its_kernel_and_the_image(string has, bool ipvs, ApiBalancingKind kind, string? address, string reason)
    {
        var images = new BalancerImages(has.Contains('l', StringComparison.Ordinal) ? All.Lvscare : null, has.Contains('k', StringComparison.Ordinal) ? All.Keepalived : null, has.Contains('p', StringComparison.Ordinal) ? All.Proxy : null);
        var decided = ApiBalancing.Of(Facts(images, has == "e" ? "api.example.com:6443" : null, has == "1" ? 1 : 3), ipvs);
        Assert.Equal((kind, address), (decided.Kind, decided.Address?.ToString()));
        Assert.Contains(reason, decided.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Several_control_planes_and_nothing_to_balance_them_is_refused_with_the_next_step(bool ipvs)
    {
        var error = Assert.Throws<SealerException>(() => ApiBalancing.Of(Facts(new BalancerImages(ipvs ? null : All.Lvscare, null, null)), ipvs));
        Assert.Equal("NoApiBalancer", error.Id);
        Assert.Contains("controlPlaneEndpoint", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_ipv6_the_proxy_listens_on_its_loopback()
    {
        var facts = Facts(new BalancerImages(null, null, All.Proxy)) with { VirtualAddress = ApiBalancing.VirtualAddress(AddressFamily.InterNetworkV6, new Dictionary<string, string>()) };
        Assert.Equal(IPAddress.IPv6Loopback, ApiBalancing.Of(facts, false).Address);
    }

    [Fact]
    public void The_virtual_address_is_sealers_unless_a_variable_of_the_same_family_says_otherwise()
    {
        var environment = new Dictionary<string, string> { ["IPvsVIPv4"] = "10.9.9.9", ["IPvsVIPv6"] = "" };
        Assert.Equal("10.9.9.9", ApiBalancing.VirtualAddress(AddressFamily.InterNetwork, environment).ToString());
        Assert.Equal("1248:4003:10bb:6a01:83b9:6360:c66d:2", ApiBalancing.VirtualAddress(AddressFamily.InterNetworkV6, environment).ToString());
    }

    [Fact]
    public void The_images_of_balancers_are_found_in_the_registry()
    {
        var tags = new Dictionary<string, string[]> { ["sealerio/lvscare"] = ["v1.1.2", "v1.1.3-beta.8"], ["library/haproxy"] = ["2.6"] };
        var found = BalancerImages.Find(name => tags.GetValueOrDefault(name, []), "sea.hub:5000");
        Assert.Equal(new BalancerImages("sea.hub:5000/sealerio/lvscare:v1.1.3-beta.8", null, "sea.hub:5000/library/haproxy:2.6"), found);
    }

    [Theory]
    [InlineData("v1.34.0", true, ProxyMode.Ipvs)]
    [InlineData("v1.34.0", false, ProxyMode.Iptables)]
    [InlineData("v1.35.0", true, ProxyMode.Iptables)]
    public void Kube_proxys_mode_is_one_that_every_host_can(string version, bool last, string mode) =>
        Assert.Equal(mode, ProxyMode.Choose(KubernetesRelease.Of(KubernetesVersion.Parse(version)), [true, last]));

    [Fact]
    public void Lvscares_pod_is_sealers()
    {
        var file = Assert.Single(BalancerFiles.Of(ApiBalancingKind.Lvscare, BalancedService.Api(Vip, Three[..2]), All.Lvscare!));
        Assert.Equal("/etc/kubernetes/manifests/kube-lvscare.yaml", file.Path);
        Assert.Equal(
            """
            apiVersion: v1
            kind: Pod
            metadata:
              name: kube-lvscare
              namespace: kube-system
              labels:
                app.kubernetes.io/managed-by: sealer
                app.kubernetes.io/name: kube-lvscare
            spec:
              containers:
              - name: kube-lvscare
                image: sea.hub:5000/sealerio/lvscare:v1
                imagePullPolicy: IfNotPresent
                command:
                - /usr/bin/lvscare
                args:
                - care
                - --vs
                - 10.103.97.2:6443
                - --health-path
                - /healthz
                - --health-schem
                - https
                - --rs
                - 10.0.0.1:6443
                - --rs
                - 10.0.0.2:6443
                resources: {}
                securityContext:
                  privileged: true
                volumeMounts:
                - mountPath: /lib/modules
                  name: lib-modules
                  readOnly: true
              hostNetwork: true
              priorityClassName: system-node-critical
              volumes:
              - hostPath:
                  path: /lib/modules
                name: lib-modules

            """, file.Text);
    }

    [Fact]
    public void The_registry_is_balanced_by_a_pod_of_its_own()
    {
        var file = Assert.Single(BalancerFiles.Of(ApiBalancingKind.Lvscare, BalancedService.Registry(Vip, 5000, Three, isTls: false), All.Lvscare!));
        Assert.Equal("/etc/kubernetes/manifests/reg-lvscare.yaml", file.Path);
        Assert.Contains("- 10.103.97.2:5000\n    - --health-path\n    - /\n    - --health-schem\n    - http\n", file.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ApiBalancingKind.Keepalived, "real_server 10.0.0.3 6443 {")]
    [InlineData(ApiBalancingKind.LocalProxy, "server s3 10.0.0.3:6443")]
    public void A_pod_with_settings_changes_when_they_do(ApiBalancingKind kind, string line)
    {
        var files = BalancerFiles.Of(kind, BalancedService.Api(Vip, Three), "i:1");
        Assert.Equal(2, files.Count);
        Assert.Contains(line, files[0].Text, StringComparison.Ordinal);
        Assert.Contains($"path: {files[0].Path}", files[1].Text, StringComparison.Ordinal);
        var fewer = BalancerFiles.Of(kind, BalancedService.Api(Vip, Three[..2]), "i:1");
        Assert.DoesNotContain(line, fewer[0].Text, StringComparison.Ordinal);
        Assert.NotEqual(files[1].Text, fewer[1].Text);
        Assert.Contains(files[1].Path, BalancerFiles.ManifestsOf(BalancedService.Api(Vip, Three)));
    }

    [Fact]
    public void The_local_proxy_drops_the_sessions_of_a_server_that_died()
    {
        var settings = BalancerFiles.Of(ApiBalancingKind.LocalProxy, BalancedService.Api(IPAddress.IPv6Loopback, [IPAddress.Parse("fd00::1")]), "i:1")[0].Text;
        Assert.Contains("on-marked-down shutdown-sessions check-ssl verify none", settings, StringComparison.Ordinal);
        Assert.Contains("bind [::1]:6443", settings, StringComparison.Ordinal);
        Assert.Contains("server s1 [fd00::1]:6443", settings, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ApiBalancingKind.Direct)]
    [InlineData(ApiBalancingKind.External)]
    public void Where_nothing_of_ours_balances_there_are_no_files(ApiBalancingKind kind) => Assert.Empty(BalancerFiles.Of(kind, BalancedService.Api(Vip, Three), ""));
}
