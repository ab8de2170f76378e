using System.Text.Json.Nodes;
using Sealer.Clusterfiles;
using Sealer.Kubernetes.Runtimes;

namespace Sealer.Tests.Kubernetes;

public sealed class RuntimeFilesTests
{
    private static readonly RuntimeRegistry Registry = new("sea.hub:5000", false, "PEM", null, null);

    [Fact]
    public void Every_name_is_served_by_the_clusters_registry()
    {
        var files = ContainerdHosts.Of(Registry, ["10.0.0.5:5001"]).ToDictionary(file => file.Path, StringComparer.Ordinal);
        Assert.Equal("PEM", files["/etc/containerd/certs.d/sea.hub:5000/ca.crt"].Text);
        const string plain = """
            server = "https://sea.hub:5000"

            [host."https://sea.hub:5000"]
              capabilities = ["pull", "resolve"]
              ca = "/etc/containerd/certs.d/sea.hub:5000/ca.crt"

            """;
        Assert.Equal(plain, files["/etc/containerd/certs.d/sea.hub:5000/hosts.toml"].Text);
        Assert.Equal(plain, files["/etc/containerd/certs.d/_default/hosts.toml"].Text);
        Assert.Equal(
            """
            server = "https://sea.hub:5000"

            [host."https://sea.hub:5000/v2/10.0.0.5_5001"]
              capabilities = ["pull", "resolve"]
              ca = "/etc/containerd/certs.d/sea.hub:5000/ca.crt"
              override_path = true

            [host."https://sea.hub:5000"]
              capabilities = ["pull", "resolve"]
              ca = "/etc/containerd/certs.d/sea.hub:5000/ca.crt"

            """, files["/etc/containerd/certs.d/10.0.0.5:5001/hosts.toml"].Text);
        Assert.Equal(4, files.Count);
        Assert.All(files.Values, file => Assert.False(file.IsSecret));
    }

    [Theory]
    [InlineData("{\"a\":1,\"a\":2}")]
    [InlineData("{\"auths\":{\"x\":{},\"x\":{}}}")]
    [InlineData("[1]")]
    [InlineData("{")]
    public void Settings_of_docker_that_nothing_can_be_added_to_are_told_with_their_place(string existing)
    {
        var error = Assert.Throws<SealerException>(() => DockerDaemon.Of(existing, Registry, "systemd"));
        Assert.Equal("DockerSettingsNotReadable", error.Id);
        Assert.Contains("/etc/docker/daemon.json", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_password_goes_as_a_header_in_files_that_are_secret()
    {
        var files = ContainerdHosts.Of(Registry with { UserName = "admin", Password = Secret.Of("p\"w") }, []);
        var hosts = files.Where(file => file.Path.EndsWith("hosts.toml", StringComparison.Ordinal)).ToList();
        Assert.Equal(2, hosts.Count);
        Assert.All(hosts, file =>
        {
            Assert.True(file.IsSecret);
            Assert.Contains("  [host.\"https://sea.hub:5000\".header]\n    authorization = \"Basic YWRtaW46cCJ3\"\n", file.Text, StringComparison.Ordinal);
            Assert.DoesNotContain("YWRtaW46", file.ToString(), StringComparison.Ordinal);
        });
    }

    [Fact]
    public void An_insecure_registry_is_asked_without_tls()
    {
        var files = ContainerdHosts.Of(new RuntimeRegistry("sea.hub:5000", true, null, null, null), []);
        Assert.All(files, file => Assert.Contains("[host.\"http://sea.hub:5000\"]", file.Text, StringComparison.Ordinal));
        Assert.Equal(2, files.Count);
    }

    [Fact]
    public void Dockers_settings_keep_what_they_know_not()
    {
        var text = DockerDaemon.Of("""{"mirror-registries": [{"domain": "*"}], "exec-opts": ["native.cgroupdriver=cgroupfs", "other=1"], "registry-mirrors": ["https://m"], "log-driver": "journald"}""", Registry, "systemd");
        var settings = JsonNode.Parse(text)!;
        Assert.Equal("*", settings["mirror-registries"]![0]!["domain"]!.ToString());
        Assert.Equal(["other=1", "native.cgroupdriver=systemd"], settings["exec-opts"]!.AsArray().Select(item => item!.ToString()));
        Assert.Equal(["https://m", "https://sea.hub:5000"], settings["registry-mirrors"]!.AsArray().Select(item => item!.ToString()));
        Assert.Null(settings["log-opts"]);
        Assert.Equal(text, DockerDaemon.Of(text, Registry, "systemd"));
    }

    [Fact]
    public void Dockers_settings_out_of_nothing_are_sealers()
    {
        var settings = JsonNode.Parse(DockerDaemon.Of(null, Registry with { IsInsecure = true }, "cgroupfs"))!;
        Assert.Equal("/var/lib/docker", settings["data-root"]!.ToString());
        Assert.Equal("10m", settings["log-opts"]!["max-size"]!.ToString());
        Assert.Equal("sea.hub:5000", settings["insecure-registries"]![0]!.ToString());
        Assert.Equal("/etc/docker/certs.d/sea.hub:5000/ca.crt", DockerDaemon.AuthorityOf(Registry)!.Path);
    }

    [Fact]
    public void Settings_that_cannot_be_read_are_refused_and_not_quoted()
    {
        var error = Assert.Throws<SealerException>(() => DockerDaemon.Of("{\"auth\": secret", Registry, "systemd"));
        Assert.Equal("DockerSettingsNotReadable", error.Id);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_login_is_added_to_those_that_are_there()
    {
        var file = DockerDaemon.LoginOf("""{"auths": {"other": {"auth": "eA=="}}, "credsStore": "x"}""", Registry with { UserName = "u", Password = Secret.Of("p") }, "/var/lib/kubelet/config.json")!;
        Assert.True(file.IsSecret);
        var settings = JsonNode.Parse(file.Text)!;
        Assert.Equal("dTpw", settings["auths"]!["sea.hub:5000"]!["auth"]!.ToString());
        Assert.Equal("eA==", settings["auths"]!["other"]!["auth"]!.ToString());
        Assert.Null(DockerDaemon.LoginOf(null, Registry, "/x"));
    }

    [Fact]
    public void The_registrys_certificate_has_every_name_it_is_asked_under_and_addresses_as_such()
    {
        var spec = Clusterfile.Read("""
            apiVersion: sealer.io/v2
            kind: Cluster
            metadata: {name: t}
            spec:
              image: i:1
              registry: {localRegistry: {domain: hub.example.com, port: 5443, cert: {subjectAltName: {dnsNames: [r.example.com], ips: [192.0.2.1]}}}}
              hosts:
              - {ips: [10.0.0.1, 10.0.0.2], roles: [master]}
              - {ips: [10.0.0.9], roles: [node]}
            """).GetSpec();
        var certificate = RegistryNames.CertificateOf(spec, new Dictionary<string, string>(), ["quay.io"])!;
        Assert.Equal(("hub.example.com", "/var/lib/sealer/data/t/rootfs/certs"), (certificate.Domain, certificate.Folder));
        Assert.Equal(["r.example.com", "192.0.2.1", "quay.io", "localhost", "127.0.0.1", "::1", "10.103.97.2", "10.0.0.1", "10.0.0.2"], certificate.Sans);
        Assert.Null(RegistryNames.CertificateOf(spec with { Registry = new(spec.Registry.Local! with { IsInsecure = true }, null) }, new Dictionary<string, string>(), []));
        Assert.Equal("https://hub.example.com:5443", RuntimeRegistry.Of(spec, "PEM").Url);
    }
}
