using System.Collections;
using System.Management.Automation;

namespace Sealer.PowerShell.Tests;

public sealed class HelpTests
{
    [Fact]
    public void Every_cmdlet_and_parameter_has_help()
    {
        using var session = new Session();
        foreach (var command in session.Run("Get-Command -Module Sealer").Select(o => (CommandInfo)o.BaseObject))
        {
            var help = Assert.Single(session.Run($"Get-Help {command.Name} -Full"));
            var synopsis = Text(help, "Synopsis");
            Assert.False(synopsis.Contains("Syntax", StringComparison.OrdinalIgnoreCase) || synopsis.Length < 20, $"{command.Name}: {synopsis}");
            Assert.True(Items(help, "examples", "example").Any(), command.Name);
            Assert.True(Items(help, "returnValues", "returnValue").Any(), command.Name);
            var described = Items(help, "parameters", "parameter").ToDictionary(p => Text(p, "name"));
            foreach (var parameter in command.Parameters.Keys.Except(Cmdlet.CommonParameters))
            {
                Assert.True(described.TryGetValue(parameter, out var text), $"{command.Name} -{parameter}");
                Assert.NotEmpty((IEnumerable)text!.Properties["description"].Value);
            }
        }
    }

    [Fact]
    public void The_synopsis_says_sealers_word()
    {
        using var session = new Session();
        foreach (var (name, word) in SealersWords)
        {
            if (session.Run($"Get-Command {name} -Module Sealer -ErrorAction Ignore").Count > 0)
                Assert.Contains(word, Text(session.Run($"Get-Help {name}")[0], "Synopsis"), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("about_Sealer")]
    [InlineData("about_Sealer_Commands")]
    public void The_topics_are_found(string topic)
    {
        using var session = new Session();
        Assert.Contains("Kubefile", session.Show($"Get-Help {topic}"), StringComparison.Ordinal);
    }

    private static Dictionary<string, string> SealersWords => new()
    {
        ["Build-ClusterImage"] = "build",
        ["Get-ClusterImage"] = "inspect",
        ["Remove-ClusterImage"] = "rmi",
        ["Publish-ClusterImage"] = "push",
        ["Receive-ClusterImage"] = "pull",
        ["Export-ClusterImage"] = "save",
        ["Import-ClusterImage"] = "load",
        ["Copy-ClusterImage"] = "tag",
        ["Merge-ClusterImage"] = "merge",
        ["New-Clusterfile"] = "gen",
        ["Get-Clusterfile"] = "-f",
        ["Mount-ClusterImage"] = "mount",
        ["Dismount-ClusterImage"] = "umount",
        ["Find-ClusterImage"] = "search",
        ["New-ClusterImageIndex"] = "manifest",
        ["Optimize-ClusterImageStore"] = "prune",
        ["Invoke-ClusterCommand"] = "exec",
        ["Add-ClusterHostAlias"] = "host-alias",
        ["Remove-ClusterHostAlias"] = "host-alias",
        ["Connect-ClusterRegistry"] = "login",
        ["Disconnect-ClusterRegistry"] = "logout",
    };

    private static string Text(PSObject value, string property) => value.Properties[property]?.Value?.ToString()?.Trim() ?? "";

    private static IEnumerable<PSObject> Items(PSObject help, string group, string item) =>
        (help.Properties[group]?.Value as PSObject)?.Properties[item]?.Value switch
        {
            PSObject single => [single],
            IEnumerable several => several.Cast<object>().Select(PSObject.AsPSObject),
            _ => [],
        };
}
