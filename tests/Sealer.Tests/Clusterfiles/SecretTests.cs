using System.Text.Json;
using Sealer.Clusterfiles;
using Sealer.Clusterfiles.Documents;

namespace Sealer.Tests.Clusterfiles;

public sealed class SecretTests
{
    private const string Word = "hunter2-hunter2";

    [Fact]
    public void A_secret_never_prints()
    {
        var settings = new SshSettings { Password = Secret.Of(Word), PrivateKeyPassphrase = Secret.Of(Word), SudoPassword = Secret.Of(Word) };
        var spec = new ClusterSpec
        {
            Name = "c",
            Ssh = settings,
            Registry = new RegistrySpec(new LocalRegistrySpec { UserName = "u", Password = Secret.Of(Word) }, null),
        };

        Assert.Equal("***", Secret.Of(Word).ToString());
        Assert.Equal("***", $"{Secret.Of(Word)}");
        Assert.DoesNotContain(Word, settings.ToString());
        Assert.DoesNotContain(Word, spec.ToString());
        Assert.DoesNotContain(Word, JsonSerializer.Serialize(settings));
        Assert.Contains("\"Password\":\"***\"", JsonSerializer.Serialize(settings));
        Assert.Equal(Word, settings.Password.Reveal());
    }

    [Fact]
    public void A_secret_is_taken_out_of_text_unless_it_is_so_short_that_it_would_be_everywhere()
    {
        Assert.Equal("a *** b", Secret.Of("hunter22").HideIn("a hunter22 b"));
        Assert.Equal("a b", Secret.Of("a").HideIn("a b"));
        Assert.Equal("a b", Secret.Of("").HideIn("a b"));
        Assert.Equal("a b", Secret.From(null, new SecretSource(SecretSourceKind.File, "p")).HideIn("a b"));
    }

    // Text that means something else to YAML, unquoted, as a password often is.
    [Theory]
    [InlineData("*hunter2-hunter2")]
    [InlineData("&hunter2-hunter2")]
    [InlineData("&hunter2-hunter2 b")]
    [InlineData("!hunter2-hunter2")]
    [InlineData("!hunter2-hunter2 b")]
    [InlineData("!hunter2-hunter2!b c")]
    [InlineData("@hunter2-hunter2")]
    [InlineData("`hunter2-hunter2")]
    [InlineData("%hunter2-hunter2: b")]
    [InlineData("[hunter2-hunter2")]
    [InlineData("{hunter2-hunter2")]
    [InlineData("[ hunter2-hunter2 ]")]
    [InlineData("hunter2-hunter2: b")]
    [InlineData("\"hunter2-hunter2")]
    [InlineData("'hunter2-hunter2")]
    [InlineData("\"hunter2-hunter2\\q\"")]
    [InlineData("|hunter2-hunter2")]
    [InlineData(">hunter2-hunter2")]
    [InlineData("\"hunter2-hunter2\\nb\"")]
    [InlineData("#hunter2-hunter2")]
    public void No_mistake_about_a_password_quotes_it(string written)
    {
        var result = Clusterfile.Read(ClusterfileReadTests.Small.Replace("spec:", $"spec:\n  ssh:\n    passwd: {written}", StringComparison.Ordinal));

        Assert.NotEmpty(result.Diagnostics);
        Assert.DoesNotContain(result.Diagnostics, d => d.ToString().Contains("hunter2", StringComparison.Ordinal));
    }

    [Fact]
    public void A_password_of_digits_is_taken_as_written_and_the_warning_does_not_quote_it()
    {
        var result = Clusterfile.Read(ClusterfileReadTests.Small.Replace("spec:", "spec:\n  ssh: { passwd: 01234567 }", StringComparison.Ordinal));

        Assert.Equal("01234567", result.GetSpec().Ssh.Password!.Reveal());
        Assert.DoesNotContain("1234", Assert.Single(result.Diagnostics).ToString());
    }

    [Fact]
    public void A_secret_comes_from_the_environment_or_from_a_file()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["pass"], Word + "\n");
        File.WriteAllText(folder["Clusterfile"], ClusterfileReadTests.Small.Replace("spec:", """
            spec:
              ssh: { passwdFrom: { env: SSH_PASSWORD }, pkPasswdFrom: { file: pass } }
            """, StringComparison.Ordinal));
        var options = new ClusterfileReadOptions { Variables = name => name == "SSH_PASSWORD" ? "from-env" : null };

        var ssh = Clusterfile.ReadFile(folder["Clusterfile"], options).GetSpec().Ssh;
        Assert.Equal(("from-env", Word), (ssh.Password!.Reveal(), ssh.PrivateKeyPassphrase!.Reveal()));
        Assert.Equal(new SecretSource(SecretSourceKind.Environment, "SSH_PASSWORD"), ssh.Password.Source);

        File.Delete(folder["pass"]);
        Assert.Equal(
            ["Clusterfile:5:29 the variable 'SSH_PASSWORD', which holds a secret, is not set here; set it before the file is read",
             "Clusterfile:5:67 the file 'pass' cannot be read (FileNotFoundException); name one that is there"],
            Clusterfile.ReadFile(folder["Clusterfile"], options with { Variables = _ => null }).Diagnostics.Select(d => d.ToString()));
        var unresolved = Clusterfile.ReadFile(folder["Clusterfile"], options with { ResolveSecrets = false }).GetSpec().Ssh.Password!;
        Assert.False(unresolved.HasValue);
        Assert.Equal("SecretNotResolved", Assert.Throws<SealerException>(unresolved.Reveal).Id);
    }

    [Theory]
    [InlineData("passwd: x, passwdFrom: { env: A }", "keep one")]
    [InlineData("passwdFrom: { env: A, file: B }", "either env: NAME or file: PATH")]
    [InlineData("passwdFrom: { evn: A }", "did you mean 'env'?")]
    [InlineData("encrypted: true, passwdFrom: { env: A }", "one from elsewhere is read as it is")]
    public void Secrets_named_in_two_ways_are_refused(string ssh, string expected) =>
        Assert.Contains(
            Clusterfile.Read(
                ClusterfileReadTests.Small.Replace("spec:", $"spec:\n  ssh: {{ {ssh} }}", StringComparison.Ordinal),
                new ClusterfileReadOptions { Variables = _ => "v" }).Diagnostics,
            d => d.Message.Contains(expected, StringComparison.Ordinal));

    [Fact]
    public void A_key_of_a_group_does_not_get_the_passphrase_of_the_clusters_key()
    {
        var spec = Clusterfile.Read("""
            kind: Cluster
            metadata: { name: c }
            spec:
              ssh: { pk: /a, pkPasswd: x }
              hosts:
                - { ips: [ 10.0.0.2 ], roles: [ master ], ssh: { pk: /b } }
                - { ips: [ 10.0.0.3 ], roles: [ node ] }
            """).GetSpec();

        Assert.Null(spec.Hosts[0].Ssh.PrivateKeyPassphrase);
        Assert.Equal("x", spec.Hosts[1].Ssh.PrivateKeyPassphrase!.Reveal());
    }
}
