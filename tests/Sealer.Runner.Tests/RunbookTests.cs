namespace Sealer.Runner.Tests;

/// <summary>The program in a log: nobody is there, everything is redirected.</summary>
[Trait("Tier", "parts")]
public sealed class RunbookTests : IDisposable
{
    private readonly RunnerProcess _runner = new();

    public void Dispose() => _runner.Dispose();

    [Fact]
    public async Task A_runbook_gets_its_arguments_and_its_exit_code_is_the_programs()
    {
        _runner.Write("run.ps1", "param([string] $Name, [switch] $Loud, [int] $Times)\n\"$Name/$Loud/$Times/$PSScriptRoot\"\nexit 7\n'never'");

        var (exitCode, output, error) = await _runner.RunAsync("run.ps1", "-Name", "x y", "-Loud", "-Times", "3");

        Assert.Equal("", error);
        Assert.Equal($"x y/True/3/{_runner.Folder}\n", output);
        Assert.Equal(7, exitCode);
    }

    [Fact]
    public async Task The_exit_of_a_script_within_is_not_the_end_of_the_runbook()
    {
        _runner.Write("inner.ps1", "exit 5");
        _runner.Write("run.ps1", "& \"$PSScriptRoot/inner.ps1\"\n\"inner said $LASTEXITCODE\"");

        Assert.Equal((0, "inner said 5\n", ""), await _runner.RunAsync("run.ps1"));
    }

    [Fact]
    public async Task Errors_go_to_standard_error_and_one_that_ends_the_runbook_is_exit_code_1_with_its_place()
    {
        _runner.Write("run.ps1", "'before'\nGet-ClusterImage nope:v1\n'after'\nthrow 'out of tea'\n'never'");

        var (exitCode, output, error) = await _runner.RunAsync("run.ps1");

        Assert.Equal("before\nafter\n", output);
        Assert.Contains("There is no image nope:v1", error, StringComparison.Ordinal);
        Assert.Contains("run.ps1:4", error, StringComparison.Ordinal);
        Assert.Contains("out of tea", error, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', error);
        Assert.Equal(1, exitCode);
    }

    [Theory]
    [InlineData("1", 0), InlineData("exit 3", 3), InlineData("throw 'x'", 1), InlineData("Get-ClusterImage nope", 1)]
    [InlineData("Get-ClusterImage nope; 1", 0), InlineData("Get-ClusterImage nope -ErrorAction Stop; 1", 1), InlineData("if (", 1)]
    public async Task The_exit_code_of_commands_is_that_of_pwsh(string command, int expected)
    {
        var (exitCode, _, error) = await _runner.RunAsync("-Command", command);

        Assert.True(expected == exitCode, error);
    }

    [Fact]
    public async Task Tables_in_a_log_are_plain_and_warnings_are_not_results()
    {
        _runner.Write("Kubefile", "FROM scratch\n");

        var (exitCode, output, error) = await _runner.RunAsync(
            "-Command", "Build-ClusterImage . -Tag registry.example.com/skyline:v3 -Platform linux/amd64; $Host.UI.WriteWarningLine('mind the gap')");

        Assert.Equal(0, exitCode);
        Assert.Contains("Name", output, StringComparison.Ordinal);
        Assert.Contains("registry.example.com/skyline:v3", output, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', output);
        Assert.All(output.Split('\n'), line => Assert.True(line.Length <= 120, line));
        Assert.Equal("WARNING: mind the gap\n", error);
    }

    [Fact]
    public async Task A_runbook_that_needs_more_of_PowerShell_is_refused_before_it_does_anything()
    {
        _runner.Write("run.ps1", "'begun'\nWrite-Output 'x'\n1, 2 | select -First 1");

        var (exitCode, output, error) = await _runner.RunAsync("run.ps1");

        Assert.Equal((1, ""), (exitCode, output));
        Assert.Contains("Nothing was run", error, StringComparison.Ordinal);
        Assert.Matches(@"Write-Output +line 2", error);
        Assert.Matches(@"Select-Object +line 3", error);
        Assert.Contains("pwsh", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_only_its_run_can_tell_a_missing_command_is_explained_at_its_place()
    {
        _runner.Write("run.ps1", ". ([scriptblock]::Create(''))\n\"there: $([bool](Get-Command Get-Date -ErrorAction Ignore))\"\n$null = Get-Date");

        var (_, output, error) = await _runner.RunAsync("run.ps1");

        Assert.Equal("there: False\n", output);
        Assert.Contains("run.ps1:3", error, StringComparison.Ordinal);
        Assert.Contains("Get-Date is not part of Sealer.Runner", error.ReplaceLineEndings(" "), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Remove-ClusterImage a:v1 -Confirm", "Remove", "-Confirm:$false")]
    [InlineData("Connect-ClusterRegistry registry.example.com -Credential robot", "credential", "NetworkCredential")]
    [InlineData("& { param([Parameter(Mandatory)] $Who) }", "Who", "")]
    [InlineData("$Host.UI.ReadLine()", "type", "command line")]
    public async Task Where_nobody_can_answer_a_question_is_an_error_that_says_what_to_do(string command, string question, string advice)
    {
        _runner.Write("Kubefile", "FROM scratch\n");

        var (exitCode, _, error) = await _runner.RunAsync("-NonInteractive", "-Command", $"$null = Build-ClusterImage . -Tag a:v1 -Platform linux/amd64; {command}");

        Assert.Equal(1, exitCode);
        Assert.Contains(question, error, StringComparison.Ordinal);
        Assert.Contains(advice, error, StringComparison.Ordinal);
        Assert.Contains("a:v1", (await _runner.RunAsync("-Command", "Get-ClusterImage")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_is_told_to_the_makers_of_the_engine() =>
        Assert.Equal("1\n", (await _runner.RunAsync("-Command", "$env:POWERSHELL_TELEMETRY_OPTOUT")).Output);

    [Fact]
    public async Task Help_and_version_are_answered_and_a_wrong_option_is_told()
    {
        Assert.Contains("-NonInteractive", (await _runner.RunAsync("--help")).Output, StringComparison.Ordinal);
        Assert.StartsWith($"Sealer.Runner {RunnerProcess.Metadata("ModuleVersion")}, PowerShell 7.", (await _runner.RunAsync("-Version")).Output, StringComparison.Ordinal);
        var (exitCode, output, error) = await _runner.RunAsync("-Comand", "1");
        Assert.Equal((64, ""), (exitCode, output));
        Assert.StartsWith("'-Comand' is not an option.", error, StringComparison.Ordinal);
        Assert.Equal(1, (await _runner.RunAsync("missing.ps1")).ExitCode);
    }

    [Fact]
    public async Task The_help_of_the_cmdlets_is_there() =>
        Assert.Contains("SYNOPSIS", (await _runner.RunAsync("-Command", "Get-Help Build-ClusterImage")).Output, StringComparison.Ordinal);
}
