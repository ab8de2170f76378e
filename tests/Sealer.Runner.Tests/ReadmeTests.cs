using System.Text.RegularExpressions;

namespace Sealer.Runner.Tests;

/// <summary>What the README tells a newcomer to type, typed as it stands there, in the root of the project.</summary>
[Trait("Tier", "parts")]
public sealed partial class ReadmeTests : IDisposable
{
    private const string FirstCommand = "dotnet run --project src/Sealer.Runner -- ";
    private readonly RunnerProcess _runner = new();

    public ReadmeTests()
    {
        // A machine without internet, so that the test is the same everywhere.
        _runner.Environment["HTTPS_PROXY"] = "http://127.0.0.1:9";
    }

    /// <summary>The blocks of PowerShell.</summary>
    public static TheoryData<string> Examples =>
        [.. Blocks().Where(b => b.Language == "powershell").Select(b => b.Text)];

    public void Dispose() => _runner.Dispose();

    [Fact]
    public async Task The_command_for_any_system_builds_inspects_exports_imports_and_verifies()
    {
        var line = Blocks().Where(b => b.Language == "sh").SelectMany(b => b.Text.Split('\n')).Single(l => l.StartsWith(FirstCommand, StringComparison.Ordinal) && l.EndsWith("/quickstart.ps1", StringComparison.Ordinal));

        var (exitCode, output, error) = await RunInRootAsync(line[FirstCommand.Length..].Split(' '));

        Assert.Equal("", error);
        Assert.Equal(0, exitCode);
        Assert.StartsWith("This installs nothing", output, StringComparison.Ordinal);
        Assert.Matches(@"registry\.example\.com/shop:v1 +amd64", output);
        Assert.Matches(@"shop:v1 +True +none", output);
        Assert.True(File.Exists(Path.Combine(_runner.Folder, "sealer-quickstart", "shop-v1.tar")));
        Assert.All(output.Split('\n'), text => Assert.True(text.Length <= 120, text));
    }

    [Theory]
    [MemberData(nameof(Examples))]
    public async Task Every_example_of_PowerShell_runs(string example)
    {
        var (exitCode, output, error) = await RunInRootAsync("-NonInteractive", "-Command", "$ErrorActionPreference = 'Stop'\n" + example);

        Assert.Equal("", error);
        Assert.Equal(0, exitCode);
        Assert.NotEqual("", output);
    }

    private async Task<(int ExitCode, string Output, string Error)> RunInRootAsync(params string[] arguments)
    {
        _runner.WorkingFolder = RunnerProcess.Root;
        return await _runner.RunAsync(arguments);
    }

    private static IEnumerable<(string Language, string Text)> Blocks() =>
        Fence().Matches(File.ReadAllText(Path.Combine(RunnerProcess.Root, "README.md")).ReplaceLineEndings("\n"))
            .Select(m => (m.Groups[1].Value, m.Groups[2].Value.TrimEnd()));

    [GeneratedRegex("^```([a-z]+)\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();
}
