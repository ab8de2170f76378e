using Sealer.Clusterfiles;
using Sealer.Clusterfiles.Documents;

namespace Sealer.Tests.Clusterfiles;

public sealed class OldClusterfileTests
{
    private const string First = """
        apiVersion: zlink.aliyun.com/v1alpha1
        kind: Cluster
        metadata:
          annotations:
            sea.aliyun.com/ClusterEIP: 47.108.132.245
          creationTimestamp: null
          name: my-cluster
        spec:
          certSANS:
          - aliyun-inc.com
          - 10.0.0.2
          image: kubernetes:v1.19.9
          env: [ PodCIDR=10.1.0.0/16 ]
          masters:
            count: "3"
            cpu: "4"
            dataDisks:
            - "100"
            ipList:
            - 172.16.0.194
            - 172.16.0.196
            - 172.16.0.195
            memory: "4"
            systemDisk: "100"
          network:
            cniName: calico
            interface: eth0
            podCIDR: 100.64.0.0/10
            svcCIDR: 10.96.0.0/22
          nodes:
            count: "1"
            ipList: [ 172.16.0.198-172.16.0.199 ]
          provider: ALI_CLOUD
          ssh:
            passwd: Seadent123
            user: root
        status: {}
        """;

    [Fact]
    public void A_cluster_of_the_first_form_is_converted()
    {
        var result = Clusterfile.Read(First);

        Assert.Empty(result.Diagnostics);
        var spec = result.GetSpec();
        Assert.Equal(["172.16.0.194", "172.16.0.196", "172.16.0.195"], spec.ControlPlanes.Select(host => host.Address.ToString()));
        Assert.Equal(["172.16.0.198", "172.16.0.199"], spec.Workers.Select(host => host.Address.ToString()));
        Assert.Equal(["node"], spec.Hosts[3].Roles);
        Assert.Equal("Seadent123", spec.Hosts[3].Ssh.Password!.Reveal());
        Assert.Equal(["PodCIDR=10.1.0.0/16", "SvcCIDR=10.96.0.0/22", "CertSANs=aliyun-inc.com,10.0.0.2"], spec.Environment.Select(e => e.ToString()));
        Assert.Equal("10.96.0.10", ClusterEnvironment.OfCluster(spec)["DNSSvcIP"]);
    }

    [Theory]
    [InlineData("ALI_CLOUD", "asks a cloud for machines")]
    [InlineData("CONTAINER", "make hosts with New-ClusterLab")]
    public void Machines_that_sealer_once_made_are_refused_with_the_next_step(string provider, string next)
    {
        var result = Clusterfile.Read($"kind: Cluster\nmetadata: {{ name: c }}\nspec:\n  provider: {provider}\n  masters: {{ count: 3 }}\n  nodes: {{ count: 0 }}\n");

        var error = Assert.Single(result.Diagnostics);
        Assert.Equal((5, 14), (error.Location.Line, error.Location.Column));
        Assert.Contains(next, error.Message);
    }

    [Theory]
    [InlineData("rEmPnar9u7xEf0ax0gk5RQ==", "Sealer123")]
    [InlineData("g0f9bjaCjt7yg7hiqFpqgA==", "päss wörd")]
    public void A_password_that_sealer_encrypted_is_read(string encrypted, string plain)
    {
        var text = ClusterfileReadTests.Small.Replace("spec:", $"spec:\n  ssh: {{ encrypted: true, passwd: \"{encrypted}\" }}", StringComparison.Ordinal);

        Assert.Equal(plain, Clusterfile.Read(text).GetSpec().Hosts[0].Ssh.Password!.Reveal());
    }

    [Theory]
    [InlineData("unencrypted")]
    [InlineData("rEmPnar9u7xEf0ax0gk5SQ==")]
    [InlineData("rEmPnar9")]
    public void A_password_that_sealer_did_not_encrypt_is_refused_and_not_quoted(string password)
    {
        var text = ClusterfileReadTests.Small.Replace("spec:", $"spec:\n  ssh: {{ encrypted: true, passwd: \"{password}\" }}", StringComparison.Ordinal);

        var error = Assert.Single(Clusterfile.Read(text).Diagnostics);
        Assert.Contains("was not encrypted by sealer", error.Message);
        Assert.DoesNotContain(password, error.ToString());
    }

    [Fact]
    public void A_host_inherits_encryption_only_where_its_password_is_encrypted()
    {
        var spec = Clusterfile.Read("""
            kind: Cluster
            metadata: { name: c }
            spec:
              ssh: { encrypted: true, passwd: rEmPnar9u7xEf0ax0gk5RQ== }
              hosts:
                - { ips: [ 10.0.0.2 ], roles: [ master ], ssh: { passwd: plain } }
                - { ips: [ 10.0.0.3 ], roles: [ node ], ssh: { passwd: rEmPnar9u7xEf0ax0gk5RQ== } }
                - { ips: [ 10.0.0.4 ], roles: [ node ], ssh: { encrypted: false, passwd: rEmPnar9u7xEf0ax0gk5RQ== } }
            """).GetSpec();

        Assert.Equal(["plain", "Sealer123", "rEmPnar9u7xEf0ax0gk5RQ=="], spec.Hosts.Select(host => host.Ssh.Password!.Reveal()));
    }

    [Fact]
    public void Plugins_of_old_become_what_stands_for_them_today()
    {
        var spec = Clusterfile.Read("""
            kind: Cluster
            metadata: { name: c }
            spec:
              hosts:
                - { ips: [ 10.0.0.2, 10.0.0.3, 10.0.0.4 ], roles: [ master ] }
                - { ips: [ 10.0.0.5 ], roles: [ node ] }
            ---
            { kind: Plugin, metadata: { name: label }, spec: { type: LABEL, action: PreGuest, data: "10.0.0.3 ssd=true,zone=a\n10.0.0.5 ssd=true" } }
            ---
            { kind: Plugin, metadata: { name: taint }, spec: { type: TAINT, action: PreGuest, data: "10.0.0.2-10.0.0.3 my-key=v:NoExecute" } }
            ---
            { kind: Plugin, metadata: { name: names }, spec: { type: HOSTNAME, action: PreInit, data: "10.0.0.2 master-0\n10.0.0.5 node-0" } }
            ---
            { kind: Plugin, metadata: { name: a }, spec: { type: SHELL, action: PreInit|PostClean, data: x } }
            ---
            { kind: Plugin, metadata: { name: b }, spec: { type: SHELL, action: PostInstall|PostJoin, on: ssd=true, data: x } }
            ---
            { kind: Plugin, metadata: { name: c }, spec: { type: SHELL, action: PostInstall, on: node, data: x } }
            ---
            { kind: Plugin, metadata: { name: d }, spec: { type: SHELL, action: PreInit, on: master0, data: x } }
            ---
            { kind: Plugin, metadata: { name: e }, spec: { type: SHELL, action: Originally, on: 10.0.0.4-10.0.0.5, data: x } }
            ---
            { kind: Plugin, metadata: { name: f }, spec: { type: SHELL, action: PostInstall, data: x } }
            ---
            { kind: Plugin, metadata: { name: g }, spec: { type: SHELL, action: PreGuest, on: master0, data: x } }
            """).GetSpec();

        Assert.Equal(("true", "a"), (spec.Hosts[1].Labels["ssd"], spec.Hosts[1].Labels["zone"]));
        Assert.Equal("true", spec.Hosts[3].Labels["ssd"]);
        Assert.Equal([1, 1, 0, 0], spec.Hosts.Select(host => host.Taints.Count));
        var plugins = spec.Plugins.ToDictionary(plugin => plugin.Name, plugin =>
            $"{string.Join('|', plugin.Phases.Select(PluginPhases.NameOf))} {string.Join(',', plugin.Roles)} {string.Join(',', plugin.Addresses)}");
        Assert.Equal("pre-init-host  10.0.0.2,10.0.0.5", plugins["names"]);
        Assert.Equal("pre-init-host|post-clean-host  ", plugins["a"]);
        Assert.Equal("post-init-host  10.0.0.3,10.0.0.5", plugins["b"]);
        Assert.Equal("post-init-host node ", plugins["c"]);
        Assert.Equal("pre-init-host  10.0.0.2", plugins["d"]);
        Assert.Equal("Originally  10.0.0.4,10.0.0.5", plugins["e"]);
        Assert.Equal("post-install  ", plugins["f"]);
        Assert.Equal("post-install  ", plugins["g"]);
        Assert.Equal("case \"$HostIP\" in\n10.0.0.2) hostnamectl set-hostname master-0 ;;\n10.0.0.5) hostnamectl set-hostname node-0 ;;\nesac", spec.Plugins[0].Script);
    }

    [Theory]
    [InlineData("ETCD", "save etcd")]
    [InlineData("label.so", "machine code")]
    public void Plugins_that_cannot_be_carried_out_are_refused(string type, string reason) =>
        Assert.Contains(reason, Assert.Single(Clusterfile.Read(
            ClusterfileReadTests.Small + $"\n---\n{{ kind: Plugin, metadata: {{ name: p }}, spec: {{ type: {type}, action: PreInit, data: x }} }}").Diagnostics).Message);

    [Fact]
    public void A_plugin_of_an_image_labels_hosts_of_a_known_cluster_only()
    {
        const string Label = "{ kind: Plugin, metadata: { name: a }, spec: { type: LABEL, action: PreGuest, data: \"10.0.0.2 ssd=true\" } }";

        Assert.Equal("true", Clusterfile.ReadPlugins(Label, Clusterfile.Read(ClusterfileReadTests.Small).GetSpec()).Hosts![0].Labels["ssd"]);
        Assert.True(Clusterfile.ReadPlugins(Label).HasErrors);
    }

    [Fact]
    public void A_plugin_for_single_hosts_never_runs_everywhere_because_hosts_are_not_known()
    {
        const string Plugin = "{{ kind: Plugin, metadata: {{ name: a }}, spec: {{ type: SHELL, action: PreInit, on: {0}, data: x }} }}";

        Assert.Equal(2, Clusterfile.ReadPlugins(string.Format(null, Plugin, "10.0.0.2-10.0.0.3")).Plugins[0].Addresses.Count);
        Assert.True(Clusterfile.ReadPlugins(string.Format(null, Plugin, "ssd=true")).HasErrors);
        Assert.True(Clusterfile.ReadPlugins(string.Format(null, Plugin, "master0")).HasErrors);
    }

    [Fact]
    public void A_file_of_plugins_of_an_image_is_read()
    {
        var spec = Clusterfile.Read(ClusterfileReadTests.Small).GetSpec();

        var result = Clusterfile.ReadPlugins("kind: Plugin\nmetadata: { name: a }\nspec: { type: SHELL, action: upgrade, data: x }\n---\nkind: Cluster\n", spec);
        Assert.Equal("a", Assert.Single(result.Plugins).Name);
        Assert.Equal("Clusterfile:5:7 a file of plugins holds documents of kind Plugin only, not 'Cluster'", Assert.Single(result.Diagnostics).ToString());
    }
}
