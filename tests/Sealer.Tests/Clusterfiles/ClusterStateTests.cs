using Sealer.Clusterfiles;
using Sealer.Clusterfiles.Documents;

namespace Sealer.Tests.Clusterfiles;

public sealed class ClusterStateTests
{
    private const string Text = """
        apiVersion: sealer.io/v2
        kind: Cluster
        metadata: {name: sky}
        spec:
          image: skyline:v3
          env: [PLAIN=seen, DB_PASSWORD=hunter2-db, 'URL=postgres://u:hunter2-db@db']
          envFrom: {FOO: {env: FOO_SOURCE}}
          ssh: {user: ops, passwdFrom: {env: SSH_SOURCE}, pk: ~/.ssh/id, sudoPasswd: hunter2-sudo}
          hosts:
          - {ips: [10.0.0.1, 10.0.0.2], roles: [master]}
          - {ips: [10.0.0.3], roles: [node], env: [DB_PASSWORD=hunter2-other], ssh: {passwd: 'hunter2: #own'}}
          registry: {localRegistry: {username: ops, password: hunter2-registry}}
        ---
        kind: Config
        metadata: {name: open}
        spec: {path: etc/open.yaml, data: 'replicas: 3'}
        ---
        kind: Config
        metadata: {name: closed}
        spec: {path: etc/closed.yaml, process: value|toBase64|toSecret, data: 'key: hunter2-config'}
        ---
        kind: Config
        metadata: {name: mysql}
        spec: {path: etc/mysql.cnf, data: "[client]\nuser=root\npassword = hunter2-mysql\n"}
        ---
        kind: Plugin
        metadata: {name: everywhere}
        spec: {type: SHELL, action: pre-init-host, data: echo $DB_PASSWORD}
        ---
        kind: Plugin
        metadata: {name: there}
        spec: {type: SHELL, action: PreInit, on: 10.0.0.3, data: date}
        ---
        kind: Plugin
        metadata: {name: login}
        spec: {type: SHELL, action: pre-install, data: login ops hunter2-registry}
        ---
        apiVersion: kubeadm.k8s.io/v1beta2
        kind: InitConfiguration
        bootstrapTokens: [{token: abcdef.hunter2hunter2aa, ttl: 1h}]
        certificateKey: hunter2-key
        nodeRegistration: {ignorePreflightErrors: [Swap]}
        """;

    private static ClusterSpec Spec => Clusterfile.Read(Text, new ClusterfileReadOptions
    {
        Variables = name => name switch { "SSH_SOURCE" => "hunter2-ssh", "FOO_SOURCE" => "hunter2-foo", _ => null },
    }).GetSpec();

    [Fact]
    public void The_half_that_everybody_may_read_holds_no_secret_and_says_all_else()
    {
        var text = ClusterState.Of(Spec).Text;
        Assert.DoesNotContain("hunter2", text, StringComparison.Ordinal);
        Assert.DoesNotContain("_SOURCE", text, StringComparison.Ordinal);
        foreach (var word in new[] { "name: sky", "skyline:v3", "PLAIN=seen", "10.0.0.3", "user: ops", "etc/open.yaml", "name: there", "Swap" })
            Assert.Contains(word, text, StringComparison.Ordinal);
        // Such as anybody reads, without what is missing.
        var open = Clusterfile.Read(text, new ClusterfileReadOptions { ResolveSecrets = false }).GetSpec();
        Assert.Equal(3, open.Hosts.Count);
        Assert.Null(open.Registry.Local!.Password);
    }

    [Theory]
    [InlineData("apiKey: hunter2")]
    [InlineData("db:\n  \"password\" = '$hunter2'")]
    [InlineData("login --password hunter2")]
    [InlineData("curl https://ops:hunter2@mirror/list")]
    public void What_only_looks_like_a_secret_is_left_out_of_the_open_half_too(string data) => Assert.DoesNotContain("hunter2", ClusterState.Of(WithData(data)).Text, StringComparison.Ordinal);

    [Theory]
    [InlineData("secretName: hunter2")]
    [InlineData("automountServiceAccountToken: false; hunter2")]
    [InlineData("password: ${PASSWORD}; hunter2")]
    [InlineData("login --password {{ .PASSWORD }}; hunter2")]
    [InlineData("image: mirror:5000/hunter2@sha256:0")]
    public void What_only_names_one_stays(string data) => Assert.Contains("hunter2", ClusterState.Of(WithData(data)).Text, StringComparison.Ordinal);

    [Fact]
    public void Half_a_mebibyte_on_one_line_is_looked_through()
    {
        // What grows with the square of the length would not come to its end while anybody waits.
        var data = "certificate " + new string('A', 1 << 19);
        Assert.Contains(data, ClusterState.Of(WithData(data)).Text, StringComparison.Ordinal);
    }

    private static ClusterSpec WithData(string data) => Spec with { Configs = [new ConfigSpec { Name = "some", Path = "etc/some", Data = data }] };

    [Fact]
    public void Both_halves_are_the_cluster_again_and_keep_the_same()
    {
        var state = ClusterState.Of(Spec);
        var read = state.Read();
        Assert.Equal("hunter2-ssh", read.Hosts[0].Ssh.Password!.Reveal());
        Assert.Equal("hunter2-sudo", read.Hosts[0].Ssh.SudoPassword!.Reveal());
        Assert.Equal("hunter2: #own", read.Hosts[2].Ssh.Password!.Reveal());
        Assert.Equal("hunter2-registry", read.Registry.Local!.Password!.Reveal());
        Assert.Equal("key: hunter2-config", read.Configs.Single(config => config.Name == "closed").Data);
        foreach (var name in new[] { "FOO", "DB_PASSWORD" })
            Assert.True(read.Environment.Single(variable => variable.Name == name).IsSecret);
        foreach (var (before, after) in Spec.Hosts.Zip(read.Hosts))
        {
            Assert.Equal(
                ClusterEnvironment.VariablesOfHost(Spec, before).Select(variable => $"{variable} {variable.Reveal()}"),
                ClusterEnvironment.VariablesOfHost(read, after).Select(variable => $"{variable} {variable.Reveal()}"));
        }

        Assert.Equal(Spec.Plugins.Select(Shown), read.Plugins.Select(Shown));
        Assert.True(state.IsSame(ClusterState.Of(read)));

        static string Shown(PluginSpec plugin) => $"{plugin.Name} {string.Join(',', plugin.Phases)} {string.Join(',', plugin.Roles)} {string.Join(',', plugin.Addresses)} {plugin.Script}";
    }

    [Fact]
    public void Another_password_is_another_state_with_the_same_open_half()
    {
        var other = ClusterState.Of(Clusterfile.Read(Text.Replace("hunter2-registry", "hunter2-new", StringComparison.Ordinal), new ClusterfileReadOptions { Variables = _ => "some" }).GetSpec());
        Assert.Equal(ClusterState.Of(Spec).Text, other.Text);
        Assert.False(ClusterState.Of(Spec).IsSame(other));
    }

    [Fact]
    public void What_sealer_writes_over_it_counts_and_secrets_that_it_does_not_know_stay()
    {
        var state = ClusterState.Of(Spec);
        var text = state.Text.Replace("    - 10.0.0.2\n", "    - 10.0.0.2\n    - 10.0.0.7\n", StringComparison.Ordinal).Replace("envFrom:", "unknown:", StringComparison.Ordinal);
        Assert.NotEqual(state.Text, text);
        var read = (state with { Text = text }).Read();
        Assert.Equal(["10.0.0.1", "10.0.0.2", "10.0.0.7", "10.0.0.3"], read.Hosts.Select(host => $"{host.Address}"));
        Assert.Equal("hunter2-ssh", read.Hosts[2].Ssh.Password!.Reveal());
        Assert.Equal("hunter2: #own", read.Hosts[3].Ssh.Password!.Reveal());
        Assert.Equal("hunter2-registry", read.Registry.Local!.Password!.Reveal());
        Assert.Equal("hunter2-db", read.Environment.Single(variable => variable.Name == "DB_PASSWORD").Reveal());
        // What sealer never saw it cannot have taken away.
        Assert.Equal(["closed", "mysql", "open"], read.Configs.Select(config => config.Name).Order(StringComparer.Ordinal));
        Assert.Equal(["everywhere", "login", "there"], read.Plugins.Select(plugin => plugin.Name).Order(StringComparer.Ordinal));
        Assert.False(state.IsChanged);
        Assert.True((state with { Text = text }).IsChanged);
    }

    [Fact]
    public void A_cluster_does_not_choose_among_the_variables_and_files_of_who_reads_it()
    {
        var text = """
            kind: Cluster
            metadata: {name: sky}
            spec:
              ssh: {user: root, passwdFrom: {file: /etc/hostname}, sudoPasswdFrom: {env: PATH}}
              env: [A=b]
              envFrom: {TOLD: {env: HOME}}
              hosts: [{ips: [10.0.0.1], roles: [master]}]
            """;
        foreach (var state in new[] { new ClusterState(text, new Dictionary<string, string>()), new ClusterState(text, new Dictionary<string, string> { [ClusterState.Key] = text.Replace("HOME", "GIVEN", StringComparison.Ordinal).Replace("PATH", "GIVEN", StringComparison.Ordinal), ["GIVEN"] = "mine" }) })
        {
            var read = state.Read();
            Assert.Null(read.Ssh.Password);
            Assert.Contains(read.Ssh.SudoPassword?.Reveal(), new[] { null, "mine" });
            Assert.All(read.Environment.Where(variable => variable is { Name: "TOLD", HasValue: true }), variable => Assert.Equal("mine", variable.Reveal()));
        }
    }

    [Fact]
    public void What_is_no_Clusterfile_is_refused_with_what_to_do()
    {
        var error = Assert.Throws<SealerException>(() => new ClusterState("kind: Cluster\nspec: {hosts: 3}\n", new Dictionary<string, string>()).Read());
        Assert.Equal("ClusterStateUnreadable", error.Id);
        Assert.Contains("kube-system, sealer-clusterfile", error.Message, StringComparison.Ordinal);
    }
}
