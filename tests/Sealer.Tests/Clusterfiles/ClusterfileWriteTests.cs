using System.Net;
using System.Text.Json.Nodes;
using Sealer.Clusterfiles;
using Sealer.Clusterfiles.Documents;
using Sealer.Clusterfiles.Reading;
using Sealer.Clusterfiles.Writing;
using Sealer.Yaml;

namespace Sealer.Tests.Clusterfiles;

public sealed class ClusterfileWriteTests
{
    private static readonly ClusterfileWriteOptions Reveal = new() { Secrets = SecretWriting.Reveal };

    [Fact]
    public void What_is_written_is_read_the_same()
    {
        var spec = Clusterfile.Read(ClusterfileReadTests.Everything).GetSpec();

        var text = Clusterfile.Write(spec, Reveal);
        var again = Clusterfile.Read(text);
        Assert.Equal(Story(spec), Story(again.GetSpec()));
        Assert.Equal(text, Clusterfile.Write(again.GetSpec(), Reveal));
    }

    [Fact]
    public void What_is_written_has_the_types_that_sealer_decodes() =>
        Assert.Empty(SealerTypes.Mistakes(Clusterfile.Write(Clusterfile.Read(ClusterfileReadTests.Everything).GetSpec(), Reveal)));

    [Fact]
    public void A_small_cluster_is_written_as_a_person_would()
    {
        var spec = Clusterfile.Create(new ClusterfileDraft
        {
            Name = "skyline",
            Image = "registry.example.com/skyline:v3",
            ControlPlanes = ["10.0.0.2-10.0.0.3", "10.0.0.4"],
            Workers = ["10.0.0.5"],
            Ssh = new SshSettings { User = "ops", PrivateKeyPath = "~/.ssh/id_ed25519", Password = Secret.From(null, new SecretSource(SecretSourceKind.Environment, "SSH_PASSWORD")) },
            ServiceNetwork = "10.96.0.0/22",
        });

        Assert.Equal(
            """
            # made for you
            apiVersion: sealer.io/v2
            kind: Cluster
            metadata:
              name: skyline
            spec:
              image: registry.example.com/skyline:v3
              env:
              - SvcCIDR=10.96.0.0/22
              ssh:
                user: ops
                passwdFrom:
                  env: SSH_PASSWORD
                pk: ~/.ssh/id_ed25519
                port: "22"
              hosts:
              - ips:
                - 10.0.0.2
                - 10.0.0.3
                - 10.0.0.4
                roles:
                - master
              - ips:
                - 10.0.0.5
                roles:
                - node
              registry:
                localRegistry:
                  domain: sea.hub
                  port: 5000
                  ha: true
                  insecure: false
              dataRoot: /var/lib/sealer/data

            """,
            Clusterfile.Write(spec, new ClusterfileWriteOptions { Comment = ["made for you"] }));
        Assert.Equal("10.96.0.10", spec.Network.DnsServiceAddress!.ToString());
    }

    [Theory]
    [InlineData("10.0.0", "my-cluster", "'10.0.0' is not an address")]
    [InlineData("10.0.0.2", "../x", "cannot be a cluster's name")]
    [InlineData("10.0.0.2, 10.0.0.2", "c", "is here twice")]
    public void A_wrong_draft_is_refused(string address, string name, string expected)
    {
        var error = Assert.Throws<SealerException>(() => Clusterfile.Create(new ClusterfileDraft { Name = name, ControlPlanes = [address] }));
        Assert.Equal("InvalidClusterfile", error.Id);
        Assert.Contains(expected, error.Message);
    }

    [Fact]
    public void Secrets_are_left_out_unless_they_shall_be_revealed()
    {
        var spec = Clusterfile.Read(ClusterfileReadTests.Everything).GetSpec();

        var text = Clusterfile.Write(spec);
        foreach (var secret in new[] { "test123", "test456", "phrase", "hubsecret" })
        {
            Assert.DoesNotContain(secret, text);
            Assert.Contains(secret, Clusterfile.Write(spec, Reveal));
        }
    }

    [Fact]
    public void A_file_is_written_as_a_whole_and_for_its_owner_only()
    {
        using var folder = new TemporaryFolder();
        var spec = Clusterfile.Read(ClusterfileReadTests.Small).GetSpec();
        File.WriteAllText(folder["Clusterfile"], "old");

        Clusterfile.WriteFile(folder["Clusterfile"], spec);
        Assert.Equal("c", Clusterfile.ReadFile(folder["Clusterfile"]).GetSpec().Name);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(folder["Clusterfile"]));
        Assert.Single(Directory.GetFiles(folder.Path));
        Assert.Equal("ClusterfileNotWritten", Assert.Throws<SealerException>(() => Clusterfile.WriteFile(folder["no/where"], spec)).Id);
    }

    [Fact]
    public void A_credential_may_be_given_instead_of_the_files()
    {
        var spec = Clusterfile.Read(ClusterfileReadTests.Everything).GetSpec().WithSsh(ssh => ssh with { User = "me", Password = Secret.Of("mine") });

        Assert.All(spec.Hosts, host => Assert.Equal(("me", "mine"), (host.Ssh.User, host.Ssh.Password!.Reveal())));
        Assert.Equal("me", spec.Ssh.User);
    }

    [Fact]
    public void A_host_without_what_the_cluster_has_stays_without_it()
    {
        var ssh = new SshSettings { Password = Secret.Of("p"), PrivateKeyPath = "/k", PrivateKeyPassphrase = Secret.Of("q"), ProxyJump = "jump" };
        var spec = new ClusterSpec
        {
            Name = "c",
            Ssh = ssh,
            Hosts =
            [
                new HostSpec { Address = IPAddress.Parse("10.0.0.2"), Roles = ["master"], Ssh = ssh },
                new HostSpec { Address = IPAddress.Parse("10.0.0.3"), Roles = ["node"], Ssh = new SshSettings { Port = 2200 } },
                new HostSpec { Address = IPAddress.Parse("10.0.0.4"), Roles = ["node"], Ssh = ssh with { PrivateKeyPath = "/other" } },
            ],
        };

        Assert.Equal(spec.Hosts.Select(host => host.Ssh with { HostKeyFingerprints = [] }), Clusterfile.Read(Clusterfile.Write(spec, Reveal)).GetSpec().Hosts.Select(host => host.Ssh with { HostKeyFingerprints = [] }), SshEquals);
    }

    [Fact]
    public void A_plugin_of_single_hosts_is_written_so_that_sealer_runs_it_there_only()
    {
        var spec = Clusterfile.Read(ClusterfileReadTests.Small + "\n---\n{ kind: Plugin, metadata: { name: p }, spec: { type: SHELL, action: PreInit, on: 10.0.0.2, data: \"echo hi\" } }").GetSpec();

        var text = Clusterfile.Write(spec);
        Assert.Contains("  scope: master\n  data: |-\n    case \"$HostIP\" in\n    10.0.0.2) ;;\n    *) exit 0 ;;\n    esac\n    echo hi\n", text);
        Assert.Empty(SealerTypes.Mistakes(text));
    }

    [Fact]
    public void Ten_thousand_hosts_are_written_and_read_again()
    {
        var spec = Clusterfile.Create(new ClusterfileDraft { ControlPlanes = ["10.0.0.1"], Workers = ["10.1.0.0-10.1.39.15"] });

        Assert.Equal(10_001, Clusterfile.Read(Clusterfile.Write(spec)).GetSpec().Hosts.Count);
    }

    [Fact]
    public void Whatever_is_read_without_errors_is_written_and_read_the_same()
    {
        var random = new Random(5);
        const string Signs = " \t\n:-#'\"[]{}|>&*!%@,.0aZ\u00e9\u0000";
        var readable = 0;
        for (var i = 0; i < 1_500; i++)
        {
            var text = new System.Text.StringBuilder(ClusterfileReadTests.Everything);
            for (var changes = random.Next(1, 4); changes > 0; changes--)
            {
                var at = random.Next(text.Length);
                if (random.Next(2) == 0)
                    text.Remove(at, 1);
                else
                    text.Insert(at, Signs[random.Next(Signs.Length)]);
            }

            if (Clusterfile.Read(text.ToString()).Spec is not { } spec)
                continue;
            readable++;
            var again = Clusterfile.Read(Clusterfile.Write(spec, Reveal));
            Assert.True(!again.HasErrors, $"{string.Join('\n', again.Diagnostics)}\n{text}");
            Assert.Equal(Story(spec), Story(again.GetSpec()));
        }

        Assert.InRange(readable, 100, 1_400);
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("")]
    [InlineData("true")]
    [InlineData("No")]
    [InlineData("0644")]
    [InlineData("1e3")]
    [InlineData("2026-01-01")]
    [InlineData("12:30:45")]
    [InlineData("~")]
    [InlineData("null")]
    [InlineData("<<")]
    [InlineData("a: b")]
    [InlineData("a:")]
    [InlineData(":a")]
    [InlineData("a #b")]
    [InlineData("#a")]
    [InlineData("- a")]
    [InlineData("-")]
    [InlineData("---")]
    [InlineData("...")]
    [InlineData("*a")]
    [InlineData("&a")]
    [InlineData("!a")]
    [InlineData("%a")]
    [InlineData("@a")]
    [InlineData("`a")]
    [InlineData("[a")]
    [InlineData("{a}")]
    [InlineData("'a'")]
    [InlineData("\"a\"")]
    [InlineData("it's \"x\" \\n")]
    [InlineData(" a ")]
    [InlineData("\ta")]
    [InlineData("a\tb")]
    [InlineData("a\nb")]
    [InlineData("a\nb\n")]
    [InlineData("a\n\n\nb\n\n\n")]
    [InlineData("\na")]
    [InlineData("  a\nb")]
    [InlineData("a\n  \n b")]
    [InlineData("a\r\nb")]
    [InlineData("# x\ny")]
    [InlineData("---\nx")]
    [InlineData("\u0000\u001b[31m")]
    [InlineData("\u0085\u2028\u2029\uFEFF")]
    [InlineData("\u00e9\U0001F600")]
    [InlineData("\n")]
    [InlineData("a, b]")]
    [InlineData("? a")]
    [InlineData("?a")]
    [InlineData("|")]
    [InlineData(">x")]
    public void Any_text_is_read_as_it_was_written(string text)
    {
        var node = new JsonObject { ["a"] = text, ["b"] = new JsonArray(text, new JsonObject { [text.Length == 0 ? "k" : text] = text }, new JsonArray(text)) };

        var read = YamlDocuments.Read(YamlText.Of(node));
        Assert.Empty(read.Broken);
        Assert.Equal(node.ToJsonString(), YamlJson.Convert(Assert.Single(read.Documents), (_, message) => Assert.Fail(message))!.ToJsonString());
    }

    private static bool SshEquals(SshSettings a, SshSettings b) => (a with { HostKeyFingerprints = b.HostKeyFingerprints, JumpHostKeyFingerprints = b.JumpHostKeyFingerprints }) == b;

    /// <summary>Everything that a cluster is, as text to compare.</summary>
    private static string Story(ClusterSpec spec) => string.Join('\n',
    [
        spec.Name, spec.Image, spec.DataRoot, spec.ContainerRuntime, .. spec.Annotations.Select(pair => pair.ToString()),
        .. spec.Environment.Select(e => e.ToString()), .. spec.Commands ?? [], .. spec.ApplicationNames ?? [],
        .. spec.Hosts.Select(host => $"{host.Address} {string.Join(',', host.Roles)} {host.Ssh.User} {host.Ssh.Port} {host.Ssh.Password?.Reveal()} {host.Ssh.PrivateKeyPath} {host.Ssh.PrivateKeyPassphrase?.Reveal()} {host.Ssh.ProxyJump} {string.Join(',', host.Ssh.HostKeyFingerprints)} {string.Join(',', host.Ssh.JumpHostKeyFingerprints)} {string.Join(',', host.Environment)} {string.Join(',', host.Labels)} {string.Join(',', host.Taints)}"),
        .. spec.HostAliases.Select(alias => $"{alias.Address} {string.Join(',', alias.HostNames)}"),
        $"{spec.Registry.Local?.Endpoint} {spec.Registry.Local?.UserName} {spec.Registry.Local?.Password?.Reveal()} {spec.Registry.Local?.IsHighlyAvailable} {string.Join(',', spec.Registry.Local?.CertificateHostNames ?? [])} {string.Join(',', spec.Registry.Local?.CertificateAddresses ?? [])} {spec.Registry.External}",
        .. spec.Configs.Select(config => (config with { Location = null, Processors = [] }).ToString() + string.Join(',', config.Processors)),
        .. spec.Plugins.Select(plugin => $"{plugin.Name} {string.Join(',', plugin.Phases)} {string.Join(',', plugin.Roles)} {plugin.Script}"),
        $"{spec.Application?.Name} {string.Join(',', spec.Application?.Commands ?? [])} {string.Join(',', spec.Application?.LaunchApplications ?? [])}",
        .. (spec.Application?.Configs ?? []).Select(config => $"{config.Name} {string.Join(',', config.Environment)} {string.Join(',', config.LaunchCommands ?? [])} {string.Join(',', config.Files.Select(file => file with { Location = null }))}"),
        .. spec.KubeadmDocuments.Select(document => document.Content.ToJsonString()),
    ]);
}
