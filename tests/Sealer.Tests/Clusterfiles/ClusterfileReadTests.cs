using System.Net;
using Sealer.Clusterfiles;
using Sealer.Clusterfiles.Documents;

namespace Sealer.Tests.Clusterfiles;

public sealed class ClusterfileReadTests
{
    internal const string Everything = """
        apiVersion: sealer.io/v2
        kind: Cluster
        metadata:
          name: my-cluster
          annotations:
            ClusterfileName: /root/Clusterfile
        spec:
          image: registry.example.com/kubernetes:v1.30.1
          env:
            - key1=value1
            - key2=value2;value3
            - SvcCIDR=10.96.0.0/22
            - PodCIDR=100.64.0.0/10
          cmd:
            - kubectl apply -f a.yaml
          appNames: [ web, db ]
          ssh:
            passwd: test123
            pk: ~/.ssh/id_rsa
            pkPasswd: phrase
            user: admin
            port: "2222"
            proxyJump: ops@bastion.example.com:2200
            hostKeys: [ "SHA256:0123456789012345678901234567890123456789012" ]
            jumpHostKeys: [ "SHA256:1123456789012345678901234567890123456789012" ]
          hosts:
            - ips: [ 192.168.0.2, 192.168.0.3-192.168.0.4 ]
              roles: [ master ]
              env: [ etcd-dir=/data/etcd ]
              taints:
                - node-role.kubernetes.io/control-plane:NoSchedule
                - example.com/my-key=some-value:PreferNoSchedule
                - old-key-
                - node-role.kubernetes.io/master=:NoSchedule-
            - ips:
                - 192.168.0.5
              roles: [ node, db ]
              labels:
                disk: ssd
                example.com/zone: "true"
              ssh:
                passwd: test456
                port: 22
          containerRuntime:
            type: containerd
          hostAliases:
            - ip: 10.1.1.1
              hostnames: [ git.example.com, git ]
          registry:
            localRegistry:
              domain: hub.example.com
              port: 5443
              username: ops
              password: hubsecret
              ha: false
              insecure: false
              cert:
                subjectAltName:
                  dnsNames: [ hub2.example.com ]
                  ips: [ 10.1.1.2 ]
            externalRegistry:
              domain: ext.example.com
          dataRoot: /data/sealer
        ---
        apiVersion: sealer.io/v1
        kind: Config
        metadata:
          name: mysql
        spec:
          path: etc/mysql.yaml
          strategy: merge
          data: |
            user: root
        ---
        apiVersion: sealer.io/v1
        kind: Config
        metadata:
          name: app
        spec:
          appName: web
          path: values.yaml
          process: value|toJson|toSecret
          data: "a: {b: c}"
        ---
        apiVersion: sealer.io/v1
        kind: Plugin
        metadata:
          name: shell
        spec:
          type: SHELL
          action: pre-init-host | post-install
          scope: master|db
          data: |
            echo $HostIP
        ---
        apiVersion: sealer.io/v2
        kind: Application
        metadata:
          name: apps
        spec:
          cmds: [ "helm list" ]
          launchApps: [ db ]
          configs:
            - name: web
              env: [ A=1 ]
              files:
                - path: conf/a.yaml
                  strategy: merge
                  data: "x: 1"
                - path: b.txt
                  data: plain
              launch:
                cmds: [ "bash up.sh" ]
        ---
        apiVersion: kubeadm.k8s.io/v1beta4
        kind: ClusterConfiguration
        apiServer:
          extraArgs:
            - name: audit-log-maxage
              value: "7"
        networking:
          podSubnet: 100.64.0.0/10
        ---
        apiVersion: kubelet.config.k8s.io/v1beta1
        kind: KubeletConfiguration
        maxPods: 200
        failSwapOn: off
        somethingNew: 0x10
        """;

    [Fact]
    public void Every_field_of_every_document_is_read()
    {
        var result = Clusterfile.Read(Everything);

        Assert.Contains("cannot be a variable of a shell", Assert.Single(result.Diagnostics).Message);
        var spec = result.GetSpec();
        Assert.Equal("my-cluster", spec.Name);
        Assert.Equal("/root/Clusterfile", spec.Annotations["ClusterfileName"]);
        Assert.Equal("registry.example.com/kubernetes:v1.30.1", spec.Image);
        Assert.Equal(["key1=value1", "key2=value2;value3", "SvcCIDR=10.96.0.0/22", "PodCIDR=100.64.0.0/10"], spec.Environment.Select(e => e.ToString()));
        Assert.Equal(["kubectl apply -f a.yaml"], spec.Commands!);
        Assert.Equal(["web", "db"], spec.ApplicationNames!);
        Assert.Equal("containerd", spec.ContainerRuntime);
        Assert.Equal("/data/sealer/my-cluster/rootfs", spec.RootfsFolder);
        var alias = Assert.Single(spec.HostAliases);
        Assert.Equal("10.1.1.1", alias.Address.ToString());
        Assert.Equal(["git.example.com", "git"], alias.HostNames);
        Assert.Equal(IPAddress.Parse("10.96.0.1"), spec.Network.KubernetesServiceAddress);
        Assert.Equal(IPAddress.Parse("10.96.0.10"), spec.Network.DnsServiceAddress);
        Assert.Equal("100.64.0.0/10", Assert.Single(spec.Network.PodNetworks).ToString());
        Assert.False(spec.Network.IsDualStack);
    }

    [Fact]
    public void Hosts_come_from_groups_with_their_ranges_settings_and_places()
    {
        var spec = Clusterfile.Read(Everything).GetSpec();

        Assert.Equal(["192.168.0.2", "192.168.0.3", "192.168.0.4", "192.168.0.5"], spec.Hosts.Select(host => host.Address.ToString()));
        Assert.Equal(3, spec.ControlPlanes.Count());
        var master = spec.Hosts[2];
        Assert.Equal("Clusterfile:27:27", master.Location!.ToString());
        Assert.Equal(("admin", 2222, "~/.ssh/id_rsa"), (master.Ssh.User, master.Ssh.Port, master.Ssh.PrivateKeyPath));
        Assert.Equal(("test123", "phrase"), (master.Ssh.Password!.Reveal(), master.Ssh.PrivateKeyPassphrase!.Reveal()));
        Assert.Equal("ops@bastion.example.com:2200", master.Ssh.ProxyJump);
        Assert.Single(master.Ssh.HostKeyFingerprints);
        Assert.Equal(["SHA256:1123456789012345678901234567890123456789012"], master.Ssh.JumpHostKeyFingerprints);
        Assert.Equal("etcd-dir=/data/etcd", Assert.Single(master.Environment).ToString());
        Assert.Equal(
            [
                new Taint("node-role.kubernetes.io/control-plane", "", TaintEffect.NoSchedule),
                new Taint("example.com/my-key", "some-value", TaintEffect.PreferNoSchedule),
                new Taint("old-key", "", null, IsRemoval: true),
                new Taint("node-role.kubernetes.io/master", "", TaintEffect.NoSchedule, IsRemoval: true),
            ],
            master.Taints);
        var worker = Assert.Single(spec.Workers);
        Assert.Equal(["node", "db"], worker.Roles);
        Assert.Equal(("admin", 22, "test456"), (worker.Ssh.User, worker.Ssh.Port, worker.Ssh.Password!.Reveal()));
        Assert.Equal("ssd", worker.Labels["disk"]);
        Assert.Equal("true", worker.Labels["example.com/zone"]);
    }

    [Fact]
    public void A_registry_of_each_kind_is_read()
    {
        var registry = Clusterfile.Read(Everything).GetSpec().Registry;

        Assert.Equal("hub.example.com:5443", registry.Local!.Endpoint);
        Assert.Equal(("ops", "hubsecret"), (registry.Local.UserName, registry.Local.Password!.Reveal()));
        Assert.False(registry.Local.IsHighlyAvailable);
        Assert.Equal(["hub2.example.com"], registry.Local.CertificateHostNames);
        Assert.Equal("10.1.1.2", Assert.Single(registry.Local.CertificateAddresses).ToString());
        Assert.Equal("ext.example.com", registry.External!.Endpoint);
        Assert.Equal("ext.example.com", registry.Endpoint);
    }

    [Fact]
    public void Configs_plugins_and_applications_are_read()
    {
        var spec = Clusterfile.Read(Everything).GetSpec();

        Assert.Equal(("etc/mysql.yaml", WriteStrategy.Merge, "user: root\n"), (spec.Configs[0].RootfsPath, spec.Configs[0].Strategy, spec.Configs[0].Data));
        Assert.Equal("application/apps/web/values.yaml", spec.Configs[1].RootfsPath);
        Assert.Equal([ConfigProcessor.Value, ConfigProcessor.ToJson, ConfigProcessor.ToSecret], spec.Configs[1].Processors);
        var plugin = Assert.Single(spec.Plugins);
        Assert.Equal([PluginPhase.PreInitHost, PluginPhase.PostInstall], plugin.Phases);
        Assert.Equal(["master", "db"], plugin.Roles);
        Assert.Equal("echo $HostIP", plugin.Script);
        Assert.Equal(4, plugin.HostsOf(PluginPhase.PreInitHost, spec.Hosts, spec.Hosts[0]).Count);
        Assert.Equal([spec.Hosts[0]], plugin.HostsOf(PluginPhase.PostInstall, spec.Hosts, spec.Hosts[0]));
        var application = spec.Application!;
        Assert.Equal(["helm list"], application.Commands!);
        Assert.Equal(["db"], application.LaunchApplications!);
        var config = Assert.Single(application.Configs);
        Assert.Equal([WriteStrategy.Merge, WriteStrategy.Overwrite], config.Files.Select(file => file.Strategy));
        Assert.Equal(["bash up.sh"], config.LaunchCommands!);
    }

    [Fact]
    public void Documents_of_kubeadm_are_kept_whatever_their_version()
    {
        var documents = Clusterfile.Read(Everything).GetSpec().KubeadmDocuments;

        Assert.Equal(["kubeadm.k8s.io/v1beta4", "kubelet.config.k8s.io/v1beta1"], documents.Select(document => document.ApiVersion));
        Assert.Equal("7", (string?)documents[0].Content["apiServer"]!["extraArgs"]![0]!["value"]);
        Assert.Equal("""{"apiVersion":"kubelet.config.k8s.io/v1beta1","kind":"KubeletConfiguration","maxPods":200,"failSwapOn":false,"somethingNew":16}""", documents[1].Content.ToJsonString());
    }

    [Fact]
    public void A_small_file_has_the_defaults_of_sealer()
    {
        var spec = Clusterfile.Read(Small).GetSpec();

        Assert.Equal("sea.hub:5000", spec.Registry.Endpoint);
        Assert.True(spec.Registry.Local!.IsHighlyAvailable);
        Assert.Equal("/var/lib/sealer/data/c/rootfs", spec.RootfsFolder);
        Assert.Equal(("root", 22), (spec.Hosts[0].Ssh.User, spec.Hosts[0].Ssh.Port));
        Assert.Null(spec.ApplicationNames);
        Assert.Null(spec.Commands);
        Assert.Null(spec.ContainerRuntime);
    }

    [Fact]
    public void An_empty_name_in_appNames_launches_nothing() =>
        Assert.Empty(Clusterfile.Read(Small.Replace("spec:", "spec:\n  appNames: [ \"\" ]", StringComparison.Ordinal)).GetSpec().ApplicationNames!);

    [Fact]
    public void An_external_registry_alone_leaves_no_local_one()
    {
        var registry = Clusterfile.Read(Small.Replace("spec:", "spec:\n  registry: { externalRegistry: { domain: hub.example.com, port: 443 } }", StringComparison.Ordinal)).GetSpec().Registry;

        Assert.Null(registry.Local);
        Assert.Equal("hub.example.com:443", registry.Endpoint);
    }

    [Fact]
    public void A_registry_named_by_an_address_of_IPv6_has_its_port_behind_brackets() =>
        Assert.Equal("[fd00::9]:443", Clusterfile.Read(Small.Replace("spec:", "spec:\n  registry: { externalRegistry: { domain: \"fd00::9\", port: 443 } }", StringComparison.Ordinal)).GetSpec().Registry.Endpoint);

    [Fact]
    public void A_dual_stack_cluster_names_its_hosts_by_one_family()
    {
        var spec = Clusterfile.Read("""
            apiVersion: sealer.io/v2
            kind: Cluster
            metadata: { name: six }
            spec:
              env: [ "SvcCIDR=fd00:10:96::/112,10.96.0.0/16", "PodCIDR=fd00:10:244::/56,10.244.0.0/16" ]
              hosts:
                - ips: [ "fd00::1-fd00::3" ]
                  roles: [ master, node ]
                - ips: [ "fd00::ffff" ]
                  roles: [ node ]
            """).GetSpec();

        Assert.Equal(["fd00::1", "fd00::2", "fd00::3", "fd00::ffff"], spec.Hosts.Select(host => host.Address.ToString()));
        Assert.True(spec.Network.IsDualStack);
        Assert.Equal("fd00:10:96::a", spec.Network.DnsServiceAddress!.ToString());
        Assert.Equal("6", ClusterEnvironment.OfCluster(spec)["HostIPFamily"]);
    }

    [Fact]
    public void Documents_may_be_merged_from_anchors_and_keys_written_as_Go_accepts_them()
    {
        var result = Clusterfile.Read("""
            kind: Cluster
            metadata: { name: c }
            spec:
              SSH: &ssh { user: ops }
              hosts:
                - IPs: [ 10.0.0.2 ]
                  roles: &roles [ master ]
                  ssh: { <<: *ssh, port: 2200 }
                - ips: [ 10.0.0.3, 10.0.0.4 ]
                  roles: *roles
            """);

        var spec = result.GetSpec();
        Assert.Equal(("ops", 2200), (spec.Hosts[0].Ssh.User, spec.Hosts[0].Ssh.Port));
        Assert.Equal(["Clusterfile:4:3 warning: 'SSH' is written 'ssh'", "Clusterfile:6:7 warning: 'IPs' is written 'ips'"], result.Diagnostics.Select(d => d.ToString()));
    }

    [Fact]
    public void An_application_whose_kind_sealer_exchanged_with_its_version_is_read()
    {
        var result = Clusterfile.Read(Small + "\n---\nkind: sealer.io/v2\napiVersion: Application\nmetadata: { name: a }\nspec: { launchApps: [ web ] }\n");

        Assert.Equal(["web"], result.GetSpec().Application!.LaunchApplications!);
        Assert.Contains("exchanged", Assert.Single(result.Diagnostics).Message);
    }

    [Fact]
    public void A_file_from_another_program_may_be_read_tolerantly()
    {
        var text = Small.Replace("spec:", "spec:\n  newField: 1", StringComparison.Ordinal) + "\n---\nkind: ConfigMap\n";

        Assert.True(Clusterfile.Read(text).HasErrors);
        var result = Clusterfile.Read(text, new ClusterfileReadOptions { Tolerant = true });
        Assert.Equal(2, result.Diagnostics.Count);
        Assert.NotNull(result.Spec);
    }

    [Fact]
    public void A_file_is_read_with_the_encoding_of_its_mark()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["Clusterfile.yaml"], Small, System.Text.Encoding.Unicode);

        Assert.Equal("c", Clusterfile.ReadFile(folder["Clusterfile.yaml"]).GetSpec().Name);
        File.WriteAllBytes(folder["latin"], [(byte)'a', 0xE9, (byte)'b']);
        Assert.Equal("ClusterfileUnreadable", Assert.Throws<SealerException>(() => Clusterfile.ReadFile(folder["latin"])).Id);
        Assert.Equal("ClusterfileNotFound", Assert.Throws<SealerException>(() => Clusterfile.ReadFile(folder["nothing"])).Id);
        Assert.Equal("ClusterfileUnreadable", Assert.Throws<SealerException>(() => Clusterfile.ReadFile(folder.Path)).Id);
    }

    internal const string Small = """
        apiVersion: sealer.io/v2
        kind: Cluster
        metadata: { name: c }
        spec:
          hosts:
            - ips: [ 10.0.0.2 ]
              roles: [ master ]
        """;
}
