using System.Text.Json;
using Sealer.Clusterfiles;
using Sealer.Clusterfiles.Documents;

namespace Sealer.Tests.Clusterfiles;

public sealed class EnvironmentVariableTests
{
    [Theory]
    [InlineData("DB_PASSWORD", true)]
    [InlineData("dbPassword", true)]
    [InlineData("MYSQL_ROOT_PWD", true)]
    [InlineData("DB_PASS", true)]
    [InlineData("dbPass", true)]
    [InlineData("API_KEY", true)]
    [InlineData("ApiToken", true)]
    [InlineData("AWS_SECRET_ACCESS_KEY", true)]
    [InlineData("BYPASS", false)]
    [InlineData("COMPASS_URL", false)]
    [InlineData("PATH", false)]
    [InlineData("SvcCIDR", false)]
    [InlineData("KEY", false)]
    public void A_name_tells_whether_the_value_is_shown(string name, bool isSecret)
    {
        var variable = new EnvironmentVariable(name, "hunter2-hunter2");

        Assert.Equal(isSecret, variable.IsSecret);
        Assert.Equal("hunter2-hunter2", variable.Reveal());
        foreach (var shown in new[] { variable.ToString(), variable.Value, JsonSerializer.Serialize(variable) })
            Assert.Equal(!isSecret, shown.Contains("hunter2", StringComparison.Ordinal));
    }

    [Fact]
    public void Variables_with_different_secrets_differ()
    {
        Assert.NotEqual(new EnvironmentVariable("DB_PASSWORD", "a"), new EnvironmentVariable("DB_PASSWORD", "b"));
        Assert.Equal(new EnvironmentVariable("DB_PASSWORD", "a"), new EnvironmentVariable("DB_PASSWORD", "a"));
    }

    [Fact]
    public void What_a_host_sees_is_told_apart()
    {
        var spec = Clusterfile.Read("""
            kind: Cluster
            metadata: { name: c }
            spec:
              env: [ B=1, DB_PASSWORD=hunter2 ]
              hosts: [ { ips: [ 10.0.0.2 ], roles: [ master ], env: [ B=2 ] } ]
            """).GetSpec();

        var seen = ClusterEnvironment.VariablesOfHost(spec, spec.Hosts[0]);

        Assert.Equal(seen.Select(variable => variable.Name).Order(StringComparer.Ordinal), seen.Select(variable => variable.Name));
        Assert.Equal(["DB_PASSWORD"], seen.Where(variable => variable.IsSecret).Select(variable => variable.Name));
        Assert.Equal("2", seen.Single(variable => variable.Name == "B").Value);
        Assert.Equal("10.0.0.2", seen.Single(variable => variable.Name == "HostIP").Value);
    }
}
