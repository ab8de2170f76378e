using Sealer.Clusterfiles;

namespace Sealer.Tests.Clusterfiles;

public sealed class ClusterEnvironmentTests
{
    private const string Text = """
        kind: Cluster
        metadata: { name: c }
        spec:
          containerRuntime: { type: docker }
          env: [ A=file, B=file, C=file, D=file, SvcCIDR=10.96.0.5/22, RegistryDomainX=mine, RegistryURL=mine ]
          hosts:
            - { ips: [ 10.0.0.2 ], roles: [ master ], env: [ D=host, ContainerRuntime=other ] }
        ---
        kind: Application
        spec: { configs: [ { name: web, env: [ D=config ] } ] }
        """;

    private static readonly Dictionary<string, string> Image = new() { ["A"] = "image", ["I"] = "image", ["RegistryURL"] = "image" };
    private static readonly Dictionary<string, string> Given = new() { ["C"] = "given", ["D"] = "given", ["RegistryDomain"] = "given" };

    [Fact]
    public void Later_variables_win_and_the_reserved_ones_always()
    {
        var environment = ClusterEnvironment.OfCluster(Clusterfile.Read(Text).GetSpec(), Image, Given);

        Assert.Equal(
            [
                "A=file", "B=file", "C=given", "ContainerRuntime=docker", "D=given", "DNSSvcIP=10.96.0.10", "I=image", "KubeSvcIP=10.96.0.1",
                "LocalRegistryDomain=sea.hub", "LocalRegistryPort=5000", "LocalRegistryURL=sea.hub:5000",
                "RegistryDomain=sea.hub", "RegistryDomainX=mine", "RegistryPort=5000", "RegistryURL=sea.hub:5000", "SvcCIDR=10.96.0.5/22",
            ],
            environment.Select(pair => $"{pair.Key}={pair.Value}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_host_has_its_own_variables_and_its_address()
    {
        var spec = Clusterfile.Read(Text).GetSpec();

        var environment = ClusterEnvironment.OfHost(spec, spec.Hosts[0], Image, Given);
        Assert.Equal(("host", "10.0.0.2", "docker"), (environment["D"], environment["HostIP"], environment["ContainerRuntime"]));
    }

    [Fact]
    public void The_clusters_variables_reach_every_application()
    {
        var spec = Clusterfile.Read(Text).GetSpec();
        var own = new Dictionary<string, string> { ["A"] = "app", ["I"] = "app", ["P"] = "app" };

        var web = ClusterEnvironment.OfApplication(spec, "web", Image, own, Given);
        Assert.Equal(("file", "app", "app", "config"), (web["A"], web["I"], web["P"], web["D"]));
        var other = ClusterEnvironment.OfApplication(spec, "other", Image, own);
        Assert.Equal(("file", "file", "app"), (other["A"], other["D"], other["P"]));
    }

    [Fact]
    public void A_network_from_the_command_line_is_computed_with_and_checked()
    {
        var spec = Clusterfile.Read(ClusterfileReadTests.Small).GetSpec();

        Assert.Equal("10.1.0.10", ClusterEnvironment.OfCluster(spec, given: new Dictionary<string, string> { ["SvcCIDR"] = "10.1.0.0/24" })["DNSSvcIP"]);
        Assert.Equal("InvalidNetwork", Assert.Throws<SealerException>(
            () => ClusterEnvironment.OfCluster(spec, given: new Dictionary<string, string> { ["SvcCIDR"] = "x" })).Id);
    }

    // As sealer's own decoder fills them in.
    [Fact]
    public void A_registry_without_a_port_has_the_variables_of_sealer()
    {
        var environment = ClusterEnvironment.OfCluster(Clusterfile.Read(ClusterfileReadTests.Everything).GetSpec());

        Assert.Equal(("ext.example.com", "0", "ext.example.com"), (environment["ExternalRegistryDomain"], environment["ExternalRegistryPort"], environment["ExternalRegistryURL"]));
        Assert.Equal(("ext.example.com", "", "ext.example.com"), (environment["RegistryDomain"], environment["RegistryPort"], environment["RegistryURL"]));
        Assert.Equal("hub.example.com:5443", environment["LocalRegistryURL"]);
    }

    [Fact]
    public void What_sealer_wrote_back_into_the_file_is_no_mistake()
    {
        var text = ClusterfileReadTests.Small.Replace("spec:", """
            spec:
              env: [ key=value, LocalRegistryDomain=sea.hub, LocalRegistryPort=5000, "LocalRegistryURL=sea.hub:5000", RegistryDomain=sea.hub, RegistryPort=5000, "RegistryURL=sea.hub:5000" ]
            """, StringComparison.Ordinal);

        var result = Clusterfile.Read(text);
        Assert.Empty(result.Diagnostics);
        Assert.Equal("key", Assert.Single(result.GetSpec().Environment).Name);
    }
}
