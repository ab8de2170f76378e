using System.Reflection;
using System.Text.RegularExpressions;

namespace Sealer.PowerShell.Tests;

/// <summary>The files for Azure DevOps and Jenkins are read as they stand, and what they run is run, against a registry on loopback.</summary>
public sealed partial class PipelineExampleTests : IAsyncLifetime
{
    private const string Password = "s3cret-word";

    private readonly Session _session = new(import: false);
    private readonly LoopbackRegistry _registry = new() { Login = "robot:" + Password };
    private readonly string _folder = Directory.CreateTempSubdirectory("sealer-pipeline-").FullName;
    private readonly string? _modules = Environment.GetEnvironmentVariable("PSModulePath");

    private string Image => $"{_registry.Domain}/team/shop:17";

    public Task InitializeAsync()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "shop"));
        File.WriteAllText(Path.Combine(_folder, "shop", "Kubefile"), "FROM scratch\nCOPY motd etc/motd\nCMDS [\"true\"]\n");
        File.WriteAllText(Path.Combine(_folder, "shop", "motd"), "hello\n");

        // As on an agent: the module is found by its name.
        Environment.SetEnvironmentVariable("PSModulePath", Path.GetFullPath(Path.Combine(BuiltModule.Folder, "..", "..")));
        Environment.SetEnvironmentVariable("REGISTRY_USER", "robot");
        Environment.SetEnvironmentVariable("REGISTRY_PASSWORD", Password);
        _session.Run(
            """
            $global:PSDefaultParameterValues['Connect-ClusterRegistry:PlainHttp'] = $true
            $global:PSDefaultParameterValues['Publish-ClusterImage:PlainHttp'] = $true
            """);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        _session.Try("param($image) Remove-ClusterImage $image", Image);
        _session.Dispose();
        Environment.SetEnvironmentVariable("PSModulePath", _modules);
        Environment.SetEnvironmentVariable("REGISTRY_USER", null);
        Environment.SetEnvironmentVariable("REGISTRY_PASSWORD", null);
        await _registry.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("azure-devops")]
    [InlineData("jenkins")]
    public void What_the_pipeline_runs_builds_verifies_publishes_and_exports(string pipeline)
    {
        var (script, arguments) = pipeline == "jenkins" ? Jenkins() : AzureDevOps();
        var shown = _session.Show($"& '{Path.Combine(BuiltModule.Root, script)}' {arguments}");
        Assert.True(_registry.HasManifest("team/shop", "17"));
        Assert.Contains("shop-17.tar", shown, StringComparison.Ordinal);
        Assert.Contains(File.ReadAllText(Path.Combine(_folder, "out", "digest.txt")), _registry.DigestOf("team/shop", "17"), StringComparison.Ordinal);
        Assert.True(new FileInfo(Directory.GetFiles(Path.Combine(_folder, "out"), "*.tar").Single()).Length > 1000);

        // Nothing of the secret stays: not on the screen, and not with the agent.
        Assert.DoesNotContain(Password, shown, StringComparison.Ordinal);
        var kept = Path.Combine(BuiltModule.Home, "auth.json");
        Assert.DoesNotContain(_registry.Domain, File.Exists(kept) ? File.ReadAllText(kept) : "", StringComparison.Ordinal);
    }

    [Fact]
    public void A_registry_that_refuses_the_user_ends_it_before_anything_is_built()
    {
        Environment.SetEnvironmentVariable("REGISTRY_PASSWORD", "wrong");
        var (script, arguments) = AzureDevOps();
        var error = Assert.ThrowsAny<System.Management.Automation.RuntimeException>(
            () => _session.Run($"& '{Path.Combine(BuiltModule.Root, script)}' {arguments}"));
        Assert.StartsWith("RegistryUnauthorized", error.ErrorRecord.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.False(_registry.HasManifest("team/shop", "17"));
        Assert.Empty(Directory.GetFiles(Path.Combine(_folder, "out")));
    }

    private (string Script, string Arguments) AzureDevOps()
    {
        dynamic reader = Activator.CreateInstance(
            Assembly.LoadFrom(Path.Combine(AppContext.BaseDirectory, "foreign", "YamlDotNet.dll")).GetType("YamlDotNet.Serialization.Deserializer", throwOnError: true)!)!;
        var pipeline = (Dictionary<object, object>)reader.Deserialize(File.ReadAllText(Example("azure-devops", "azure-pipelines.yml")));
        var step = ((List<object>)pipeline["steps"]).Cast<Dictionary<object, object>>().Single(s => s.GetValueOrDefault("task") is "PowerShell@2");
        var variables = (Dictionary<object, object>)step["env"];
        Assert.Equal(["REGISTRY_PASSWORD", "REGISTRY_USER"], variables.Keys.Cast<string>().Order(StringComparer.Ordinal));
        Assert.All(variables.Values, v => Assert.Matches(@"^\$\([A-Za-z]+\)$", (string)v));
        var inputs = (Dictionary<object, object>)step["inputs"];
        return ((string)inputs["filePath"], Fill((string)inputs["arguments"]));
    }

    private (string Script, string Arguments) Jenkins()
    {
        var text = File.ReadAllText(Example("jenkins", "Jenkinsfile"));
        Assert.Contains("usernameVariable: 'REGISTRY_USER', passwordVariable: 'REGISTRY_PASSWORD'", text, StringComparison.Ordinal);
        Assert.Equal(text.Count(c => c == '{'), text.Count(c => c == '}'));
        var run = JenkinsRun().Match(text);
        return (run.Groups[1].Value, Fill(run.Groups[2].Value));
    }

    /// <summary>Puts what is there in a test in the place of what a CI would fill in.</summary>
    private string Fill(string arguments)
    {
        foreach (var (theirs, ours) in new[]
        {
            ("examples/quickstart/shop", Path.Combine(_folder, "shop")),
            ("$(image)", Image), ("\"$IMAGE\"", Image),
            ("$(Build.ArtifactStagingDirectory)", Path.Combine(_folder, "out")), ("-Destination image", "-Destination " + Path.Combine(_folder, "out")),
        })
        {
            arguments = arguments.Replace(theirs, ours, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("$", arguments, StringComparison.Ordinal);
        return arguments;
    }

    private static string Example(string folder, string file) => Path.Combine(BuiltModule.Root, "examples", folder, file);

    [GeneratedRegex(@"sh 'pwsh -NoProfile -NonInteractive -File (\S+) ([^']*)'")]
    private static partial Regex JenkinsRun();
}
