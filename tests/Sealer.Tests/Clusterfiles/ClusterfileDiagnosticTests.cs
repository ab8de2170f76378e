using Sealer.Clusterfiles;

namespace Sealer.Tests.Clusterfiles;

public sealed class ClusterfileDiagnosticTests
{
    private const string Head = "apiVersion: sealer.io/v2\nkind: Cluster\nmetadata: { name: c }\nspec:\n  hosts: [ { ips: [ 10.0.0.2 ], roles: [ master ] } ]\n";

    // What follows a good cluster's spec in line 6, LF written as ~, and every line that is reported.
    [Theory]
    [InlineData("  imgae: x", "Clusterfile:6:3 spec has no field 'imgae'; did you mean 'image'?")]
    [InlineData("  image: Upper/Case:x", "Clusterfile:6:10 'Upper/Case:x' is not an image name: the path 'Case' must be in lower case")]
    [InlineData("  image: [ a ]", "Clusterfile:6:10 spec.image must be text, not a list")]
    [InlineData("  env: A=1", "Clusterfile:6:8 spec.env must be a list: write '- ' in front of each item")]
    [InlineData("  env: [ A ]", "Clusterfile:6:10 spec.env: an entry has no name in front of a '='; write NAME=VALUE")]
    [InlineData("  env: [ A=1, A=2 ]", "Clusterfile:6:15 warning: 'A' is set in line 6 already; the last one counts")]
    [InlineData("  env: [ \"A;rm -rf /=1\" ]", "Clusterfile:6:10 'A;rm -rf /' is not the name of a variable; letters, digits and _ make one")]
    [InlineData("  env: [ a-b=1 ]", "Clusterfile:6:10 warning: 'a-b' cannot be a variable of a shell; templates see it, scripts do not")]
    [InlineData("  env: [ RegistryURL=x, RegistryDomainX=y ]", "Clusterfile:6:10 warning: 'RegistryURL' is computed and is 'sea.hub:5000'; what stands here has no effect")]
    [InlineData("  env: [ SvcCIDR=10.0.0.0/29 ]", "Clusterfile:6:10 SvcCIDR: the network 10.0.0.0/29 is too small: DNS is its tenth address")]
    [InlineData("  env: [ PodCIDR=10.0.0.0 ]", "Clusterfile:6:10 PodCIDR: '10.0.0.0' is not a network; write 10.96.0.0/22, or two families as 10.96.0.0/22,fd00::/112")]
    [InlineData("  env: [ \"PodCIDR=10.0.0.0/8,11.0.0.0/8\" ]", "Clusterfile:6:10 PodCIDR: give one network, or one of each family")]
    [InlineData("  env: [ IPvsVIPv4=fd00::1 ]", "Clusterfile:6:10 IPvsVIPv4: 'fd00::1' is not an address of that family")]
    [InlineData("  env: [ CgroupDriver=sytemd ]", "Clusterfile:6:10 CgroupDriver: 'sytemd' is not a driver; did you mean 'systemd'?; there are systemd and cgroupfs")]
    [InlineData("  ssh: { passwrd: x }", "Clusterfile:6:10 spec.ssh has no field 'passwrd'; did you mean 'passwd'?")]
    [InlineData("  ssh: { port: ssh }", "Clusterfile:6:16 spec.ssh.port must be a port, a number from 1 to 65535")]
    [InlineData("  ssh: { user: \"a b\" }", "Clusterfile:6:16 'a b' is not a user's name")]
    [InlineData("  ssh: { encrypted: maybe }", "Clusterfile:6:21 spec.ssh.encrypted must be true or false")]
    [InlineData("  ssh: { proxyJump: \"-oProxyCommand=x\" }", "Clusterfile:6:21 '-oProxyCommand=x' is not a way through other hosts; write [user@]host[:port], several with commas between")]
    [InlineData("  ssh: { hostKeys: [ x ] }", "Clusterfile:6:22 'x' is not a fingerprint; write SHA256:..., as 'ssh-keygen -lf' prints it")]
    [InlineData("  ssh: { jumpHostKeys: [ x ] }", "Clusterfile:6:26 'x' is not a fingerprint; write SHA256:..., as 'ssh-keygen -lf' prints it")]
    [InlineData("  ssh: { user: 0123 }", "Clusterfile:6:16 warning: spec.ssh.user is a number or a truth value to YAML, and sealer would read '83'; put it in quotes: \"0123\"")]
    [InlineData("  containerRuntime: { type: containrd }", "Clusterfile:6:29 warning: 'containrd' is neither docker nor containerd; did you mean 'containerd'?; the image must bring scripts/containrd.sh")]
    [InlineData("  containerRuntime: { type: ../../x }", "Clusterfile:6:29 '../../x' cannot be a container runtime: it is the name of a script")]
    [InlineData("  dataRoot: /data/../etc", "Clusterfile:6:13 '/data/../etc' cannot be the dataRoot: write an absolute path of letters, digits and . _ + @ = - without '..' (scripts of images do not quote it)")]
    [InlineData("  hostAliases: [ { ip: 1.2.3, hostnames: [ \"a b\" ] } ]", "Clusterfile:6:24 '1.2.3' is not an address", "Clusterfile:6:44 'a b' is not a host's name")]
    [InlineData("  hostAliases: [ { } ]", "Clusterfile:6:18 spec.hostAliases[0] needs an ip", "Clusterfile:6:18 spec.hostAliases[0] needs hostnames")]
    [InlineData("  registry: { externalRegistry: { port: 1 } }", "Clusterfile:6:33 spec.registry.externalRegistry needs a domain")]
    [InlineData("  registry: { localRegistry: { domain: \"https://a:1\" } }", "Clusterfile:6:40 'https://a:1' is not a host's name; the port has a field of its own, and there is no scheme")]
    [InlineData("  registry: { localRegistry: { username: a } }", "Clusterfile:6:32 warning: spec.registry.localRegistry needs both username and password; with one of them alone nobody logs in")]
    [InlineData("  cmd_args: [ a ]", "Clusterfile:6:3 warning: spec.cmd_args has had no effect since sealer 0.9; use cmd or env")]
    [InlineData("  image: a~  image: b", "Clusterfile:7:3 'image' is here twice; the first is in line 6")]
    [InlineData("  image: *nothing", "Clusterfile:6:10 this alias has no anchor above it; text that begins with * needs quotes")]
    [InlineData("\timage: x", "Clusterfile:6:1 a tab indents this line; YAML takes spaces only")]
    [InlineData("---~kind: Plguin", "Clusterfile:7:7 'Plguin' is not a kind of a Clusterfile; did you mean 'Plugin'?")]
    [InlineData("---~kind: ConfigMap", "Clusterfile:7:7 'ConfigMap' is not a kind of a Clusterfile; objects of Kubernetes belong into the manifests of an application")]
    [InlineData("---~metadata: {}", "Clusterfile:7:1 the document has no kind: write kind: Cluster, or another")]
    [InlineData("---~- a", "Clusterfile:7:1 a document must be a map that begins with apiVersion and kind")]
    [InlineData("---~kind: Cluster~metadata: { name: d }~spec: { hosts: [ { ips: [ 10.0.0.3 ], roles: [ master ] } ] }", "Clusterfile:7:7 there is a Cluster in line 2 already; a Clusterfile describes one")]
    [InlineData("---~kind: Config~spec: { path: ../../etc/shadow, data: x, startegy: merge }", "Clusterfile:8:15 '../../etc/shadow' is not a file below the rootfs; write a relative path without '..'",
        "Clusterfile:8:42 spec has no field 'startegy'; did you mean 'strategy'?")]
    [InlineData("---~kind: Config~spec: { path: a, data: x, strategy: mrege, process: \"value|toJsn\" }", "Clusterfile:8:37 'mrege' is not a strategy; did you mean 'merge'?; there are overwrite and merge", "Clusterfile:8:53 'toJsn' is not a processor; did you mean 'toJson'?; there are value, toJson, toBase64 and toSecret")]
    [InlineData("---~kind: Config~spec:~  path: a~  strategy: merge~  data: |~    a: 1~    b: [", "Clusterfile:14:1 the data is not YAML: this is not YAML; check quotes, brackets and indentation here and in the line above")]
    [InlineData("---~kind: Config~spec: { path: a, process: \"value|toBase64\", data: \"a: {b: 1}\" }",
        "Clusterfile:8:45 a value that is a map or a list has no text; put toJson in front: value|toJson|toBase64")]
    [InlineData("---~kind: Config~spec: { path: etc/a.tmpl, data: \"x {{ nosuch }}\" }", "Clusterfile:8:27 the data is no template: etc/a.tmpl:1:6 'nosuch' is not a function of templates")]
    [InlineData("---~kind: Config~spec: { path: a, data: { b: c } }", "Clusterfile:8:24 spec.data must be text, not a map")]
    [InlineData("---~kind: Plugin~metadata: { name: p }~spec: { type: SHELL, action: pre-instal, scope: master, data: x }",
        "Clusterfile:9:30 'pre-instal' is not a phase; did you mean 'pre-install'?; there are pre-install, pre-init-host, post-init-host, post-install, pre-scaleup, post-scaleup, pre-clean-host, post-clean-host, pre-uninstall, post-uninstall, upgrade-host, upgrade, rollback")]
    [InlineData("---~kind: Plugin~metadata: { name: p }~spec: { type: SHELL, action: pre-init-host, data: x }",
        "Clusterfile:9:7 warning: the Plugin has no scope; it runs on all hosts (sealer would run it on none): write scope: master|node")]
    [InlineData("---~kind: Plugin~metadata: { name: p }~spec: { type: SHEL, action: upgrade, data: x }", "Clusterfile:9:15 'SHEL' is not a type of plugin; did you mean 'SHELL'?; write SHELL")]
    [InlineData("---~kind: Plugin~spec: { type: SHELL, action: upgrade }", "Clusterfile:7:1 the Plugin needs a name: metadata: { name: ... }; plugins of a phase run in the order of their names", "Clusterfile:8:7 the Plugin needs data: the text of its script")]
    [InlineData("---~kind: Application~spec: { configs: [ { files: [ { path: a } ], launch: {} } ] }", "Clusterfile:8:20 spec.configs[0] needs the name of its application", "Clusterfile:8:31 spec.configs[0].files[0] needs data: what to write",
        "Clusterfile:8:54 spec.configs[0].launch needs cmds: the commands that launch the application")]
    [InlineData("---~kind: InitConfiguration~apiVersion: kubelet.config.k8s.io/v1beta1", "Clusterfile:8:13 'kubelet.config.k8s.io/v1beta1' is not an apiVersion of InitConfiguration; write kubeadm.k8s.io/v1..., as your Kubernetes has it")]
    [InlineData("---~kind: InitConfiguration~apiVersion: kubeadm.k8s.io/v1beta3~a: 1~a: 2", "Clusterfile:10:1 'a' is here twice; the first is in line 9")]
    [InlineData("---~apiVersion: sealer.oi/v1~kind: Config~spec: { path: a, data: b }", "Clusterfile:7:13 warning: 'sealer.oi/v1' is not an apiVersion of Config; did you mean 'sealer.io/v1'?; it is read all the same")]
    public void Mistakes_are_told_with_place_and_nearest_word(string rest, params string[] expected) =>
        Assert.Equal(expected, Clusterfile.Read(Head + rest.Replace('~', '\n')).Diagnostics.Select(d => d.ToString()));

    // The groups of spec.hosts, which begin in line 6.
    [Theory]
    [InlineData("  - { roles: [ master ] }", "Clusterfile:6:5 spec.hosts[0] needs ips: the addresses of its hosts", null)]
    [InlineData("  - { ips: [ 10.0.0.2, 10.0.0.2 ], roles: [ master ] }",
        "Clusterfile:6:24 10.0.0.2 is here twice; the first is in line 6. Give a host several roles in one group: roles: [ master, node ]", null)]
    [InlineData("  - { ips: [ 10.0.0.256 ], roles: [ master ] }", "Clusterfile:6:14 '10.0.0.256' is not an address; write 10.0.0.2, fd00::2, or a range 10.0.0.2-10.0.0.9", null)]
    [InlineData("  - { ips: [ 10.1 ], roles: [ master ] }", "Clusterfile:6:14 '10.1' is not an address; write 10.0.0.2, fd00::2, or a range 10.0.0.2-10.0.0.9", null)]
    [InlineData("  - { ips: [ 010.0.0.1 ], roles: [ master ] }", "Clusterfile:6:14 '010.0.0.1' is not an address; write 10.0.0.2, fd00::2, or a range 10.0.0.2-10.0.0.9", null)]
    [InlineData("  - { ips: [ 10.0.0.9-10.0.0.2 ], roles: [ master ] }", "Clusterfile:6:14 the range '10.0.0.9-10.0.0.2' ends before it begins", null)]
    [InlineData("  - { ips: [ 10.0.0.2, \"fd00::2\" ], roles: [ master ] }",
        "Clusterfile:6:24 fd00::2 is of another family than 10.0.0.2; all hosts must be named by one family (dual stack is made by PodCIDR and SvcCIDR)",
        "Clusterfile:5:3 warning: there are 2 control planes; an even number survives no more failures than one less, take 1, 3 or 5")]
    [InlineData("  - { ips: [ 224.0.0.1 ], roles: [ master ] }", "Clusterfile:6:14 224.0.0.1 cannot be a host: it is a multicast or reserved address", null)]
    [InlineData("  - { ips: [ 10.0.0.2 ], roles: [ masters ] }", "Clusterfile:5:3 no host has the role 'master'; a cluster needs one control plane at least",
        "Clusterfile:6:35 warning: 'masters' is taken as a role of your own; did you mean 'master'?")]
    [InlineData("  - { ips: [ 10.0.0.2 ], roles: [ master ], labels: { \"a b\": c, d: \"e f\" } }",
        "Clusterfile:6:55 'a b' is not the key of a label: [domain/]name, letters, digits, '-', '_' and '.'", "Clusterfile:6:68 'e f' is not the value of a label: at most 63 letters, digits, '-', '_' and '.'")]
    [InlineData("  - { ips: [ 10.0.0.2 ], roles: [ master ], taints: [ \"a=b:NoSchedul\", c ] }",
        "Clusterfile:6:55 'NoSchedul' is not an effect of a taint; did you mean 'NoSchedule'?; there are NoSchedule, PreferNoSchedule and NoExecute",
        "Clusterfile:6:72 'c' is not a taint; write key=value:Effect, key:Effect, or key- to take one away")]
    public void Mistakes_in_hosts_are_told(string group, string first, string? second)
    {
        var told = Clusterfile.Read($"apiVersion: sealer.io/v2\nkind: Cluster\nmetadata: {{ name: c }}\nspec:\n  hosts:\n{group}\n").Diagnostics.Select(d => d.ToString()).ToList();

        Assert.Equal(new[] { first, second }.Where(line => line is not null).Order(StringComparer.Ordinal), told.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("", "Clusterfile:1:1 the file is empty; make one with New-Clusterfile")]
    [InlineData("# nothing", "Clusterfile:1:1 there is no document of kind Cluster; begin with apiVersion: sealer.io/v2, kind: Cluster")]
    [InlineData("kind: Cluster", "Clusterfile:1:1 the cluster needs a name: metadata: { name: my-cluster }", "Clusterfile:1:1 the cluster needs a spec")]
    [InlineData("kind: Cluster\nmetadata: { name: c }\nspec: {}", "Clusterfile:3:7 there are no hosts: write spec.hosts with ips and roles")]
    [InlineData("kind: Cluter\n", "Clusterfile:1:7 'Cluter' is not a kind of a Clusterfile; did you mean 'Cluster'?")]
    [InlineData("kind: Cluster\nspec: [", "Clusterfile:3:1 this is not YAML; check quotes, brackets and indentation here and in the line above")]
    public void What_is_missing_is_told_once(string text, params string[] expected) =>
        Assert.Equal(expected, Clusterfile.Read(text).Diagnostics.Select(d => d.ToString()));

    [Fact]
    public void Every_mistake_of_every_document_is_told_in_one_pass()
    {
        var result = Clusterfile.Read("""
            apiVersion: sealer.io/v2
            kind: Cluster
            metadata: { name: "../c" }
            spec:
              imag: x
              hosts:
                - ips: [ 10.0.0 ]
                  role: [ master ]
            ---
            kind: Config
            spec: { path: /etc/x
            ---
            kind: Plugin
            metadata: { name: p }
            spec: { type: SHELL, action: PreInt, data: x }
            ---
            kind: KubeletConfiguration
            """);

        Assert.Null(result.Spec);
        Assert.Equal([3, 5, 7, 7, 8, 12, 15, 17], result.Diagnostics.Select(d => d.Location.Line).Where(line => line != 6));
        var error = Assert.Throws<SealerException>(() => result.GetSpec());
        Assert.Equal("InvalidClusterfile", error.Id);
        Assert.Contains("Clusterfile:15:30 'PreInt' is not a phase; did you mean 'PreInit'?", error.Message);
    }
}
