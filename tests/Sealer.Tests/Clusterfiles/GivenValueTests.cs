using Sealer.Clusterfiles;
using Sealer.Clusterfiles.Documents;

namespace Sealer.Tests.Clusterfiles;

/// <summary>What is given beside the file: values, variables, and secrets that lie elsewhere.</summary>
public sealed class GivenValueTests
{
    private const string Word = "hunter2-hunter2";

    private static readonly string Text = ClusterfileReadTests.Small.Replace("spec:", "spec:\n  env: [ A=file, B=file ]", StringComparison.Ordinal);

    private static ClusterfileReadResult With(params (string Path, string[] Texts)[] values) =>
        Clusterfile.Read(Text, new ClusterfileReadOptions { Values = [.. values.Select(v => KeyValuePair.Create(v.Path, (IReadOnlyList<string>)v.Texts))] });

    [Fact]
    public void A_value_is_laid_over_the_file_at_its_path()
    {
        var spec = With(
            ("image", ["x:v2"]), ("spec.registry.localRegistry.port", ["5001"]), ("metadata.name", ["other"]), ("hosts[0].ssh.user", ["ops"]), ("appNames", ["web", "db"])).GetSpec();

        Assert.Equal(("x:v2", 5001, "other", "ops"), (spec.Image, spec.Registry.Local!.Port, spec.Name, spec.Hosts[0].Ssh.User));
        Assert.Equal(["web", "db"], spec.ApplicationNames);
    }

    [Fact]
    public void One_text_over_a_list_is_a_list_of_one() =>
        Assert.Equal(["A=b"], With(("env", ["A=b"])).GetSpec().Environment.Select(v => v.ToString()));

    [Theory]
    [InlineData("spec.imgae", "x", "-Value spec.imgae:1:1 spec has no field 'imgae'; did you mean 'image'?")]
    [InlineData("registry.localRegistry.port", "x", "-Value registry.localRegistry.port:1:1 spec.registry.localRegistry.port must be a port, a number from 1 to 65535")]
    [InlineData("hosts[7].ssh.user", "x", "-Value hosts[7].ssh.user:1:1 there is no item [7] in the file; there are")]
    [InlineData("image.tag", "x", "-Value image.tag:1:1 'spec.image' is no map in the file, so it has no field 'tag'")]
    [InlineData("image..tag", "x", "-Value image..tag:1:1 this is not the path of a field")]
    [InlineData("", "x", "-Value :1:1 this is not the path of a field")]
    [InlineData("a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.u", "x", "this is not the path of a field")]
    [InlineData("hosts[99999999999]", "x", "this is not the path of a field")]
    public void A_value_is_checked_as_the_file_is(string path, string value, string expected)
    {
        var text = ClusterfileReadTests.Small.Replace("spec:", "spec:\n  image: a:v1", StringComparison.Ordinal);
        var result = Clusterfile.Read(text, new ClusterfileReadOptions { Values = [KeyValuePair.Create(path, (IReadOnlyList<string>)[value])] });

        Assert.Contains(result.Diagnostics, d => d.ToString().Contains(expected, StringComparison.Ordinal));
    }

    [Fact]
    public void Variables_that_are_given_win_over_the_clusters_and_not_over_a_hosts()
    {
        var text = Text.Replace("hosts:", "hosts:\n    - { ips: [ 10.9.9.9 ], roles: [ node ], env: [ A=host ] }", StringComparison.Ordinal);
        var spec = Clusterfile.Read(text, new ClusterfileReadOptions { Environment = [new EnvironmentVariable("A", "given"), new EnvironmentVariable("SvcCIDR", "10.96.0.0/22")] }).GetSpec();

        Assert.Equal("given", ClusterEnvironment.OfCluster(spec)["A"]);
        Assert.Equal("file", ClusterEnvironment.OfCluster(spec)["B"]);
        Assert.Equal("host", ClusterEnvironment.OfHost(spec, spec.Hosts.First(host => host.Environment.Count > 0))["A"]);
        Assert.Equal("10.96.0.10", spec.Network.DnsServiceAddress!.ToString());
    }

    [Fact]
    public void A_variable_comes_from_elsewhere_and_sealer_still_reads_the_file()
    {
        var text = Text.Replace("  env:", "  envFrom: { DB: { env: FROM }, FILE: { file: secret } }\n  env:", StringComparison.Ordinal);
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["secret"], Word + "\n");
        var options = new ClusterfileReadOptions { BaseFolder = folder.Path, Variables = name => name == "FROM" ? Word : null };

        var spec = Clusterfile.Read(text, options).GetSpec();
        Assert.Equal((Word, Word), (ClusterEnvironment.OfCluster(spec)["DB"], ClusterEnvironment.OfCluster(spec)["FILE"]));
        Assert.All(spec.Environment.Where(v => v.Source is not null), v => Assert.Equal("***", v.Value));

        foreach (var secrets in Enum.GetValues<SecretWriting>())
        {
            var written = Clusterfile.Write(spec, new ClusterfileWriteOptions { Secrets = secrets });
            Assert.DoesNotContain(Word, written, StringComparison.Ordinal);
            Assert.Contains("envFrom:", written, StringComparison.Ordinal);
            Assert.Equal(spec.Environment.Count, Clusterfile.Read(written, options).GetSpec().Environment.Count);
        }

        Assert.Contains("the variable 'FROM', which", Assert.Throws<SealerException>(() => Clusterfile.Read(text, options with { Variables = _ => null }).GetSpec()).Message, StringComparison.Ordinal);
        Assert.Equal("SecretNotResolved", Assert.Throws<SealerException>(() => ClusterEnvironment.OfCluster(Clusterfile.Read(text, options with { ResolveSecrets = false }).GetSpec())).Id);
    }

    [Theory]
    [InlineData("envFrom: { A: { env: X } }", "'A' is set in line")]
    [InlineData("envFrom: { C: X }", "spec.envFrom.C must be a map")]
    [InlineData("envFrom: { C: }", "spec.envFrom.C takes either env: NAME or file: PATH")]
    [InlineData("envFrom: { C: { evn: X } }", "did you mean 'env'?")]
    [InlineData("envFrom: { SvcCIDR: { env: X } }", "SvcCIDR is no secret")]
    [InlineData("envFrom: { \"a b\": { env: X } }", "is not the name of a variable")]
    public void Variables_from_elsewhere_are_checked(string line, string expected) => Assert.Contains(
        Clusterfile.Read(Text.Replace("spec:", "spec:\n  " + line, StringComparison.Ordinal), new ClusterfileReadOptions { Variables = _ => "v" }).Diagnostics,
        d => d.Message.Contains(expected, StringComparison.Ordinal));

    [Fact]
    public void A_secret_variable_that_stands_in_the_file_is_written_only_when_asked_for()
    {
        var spec = Clusterfile.Read(Text.Replace("A=file", "DB_PASSWORD=" + Word, StringComparison.Ordinal)).GetSpec();

        Assert.DoesNotContain(Word, Clusterfile.Write(spec), StringComparison.Ordinal);
        Assert.Contains("DB_PASSWORD=" + Word, Clusterfile.Write(spec, new ClusterfileWriteOptions { Secrets = SecretWriting.Reveal }), StringComparison.Ordinal);
        Assert.Equal(Word, Clusterfile.Read(Clusterfile.Write(spec), new ClusterfileReadOptions { Variables = name => name == "DB_PASSWORD" ? Word : null }).GetSpec().Environment.Single(v => v.IsSecret).Reveal());
    }

    [Fact]
    public void A_number_as_a_password_is_not_quoted_in_a_warning()
    {
        var text = ClusterfileReadTests.Small.Replace("spec:", "spec:\n  env: { DB_PASSWORD: 01234567 }", StringComparison.Ordinal);

        Assert.DoesNotContain("1234", Assert.Single(Clusterfile.Read(text).Diagnostics).ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("CertSANs=a.example,*.b.example,10.0.0.1,fd00::1", null)]
    [InlineData("CertSANs=a.example,not a name", "CertSANs: 'not a name' is neither a host's name nor an address")]
    [InlineData("CertSANs=10.0.0.300.", "is neither a host's name nor an address")]
    [InlineData("IPv6DualStack=yes", "IPv6DualStack: 'yes' is neither true nor false")]
    [InlineData("UseIPasNodeName=1", "UseIPasNodeName: '1' is neither true nor false")]
    [InlineData("CgroupDriver=sytemd", "did you mean 'systemd'?")]
    public void Variables_that_sealer_looks_at_are_checked(string variable, string? expected)
    {
        var errors = Clusterfile.Read(ClusterfileReadTests.Small.Replace("spec:", $"spec:\n  env: [ \"{variable}\" ]", StringComparison.Ordinal)).Diagnostics;

        if (expected is null)
            Assert.Empty(errors);
        else
            Assert.Contains(errors, d => d.Message.Contains(expected, StringComparison.Ordinal));
    }
}
