namespace Sealer.Runner.Tests;

/// <summary>The program on a terminal, with somebody before it.</summary>
[Trait("Tier", "parts")]
public sealed class TerminalTests : IDisposable
{
    private readonly RunnerProcess _runner = new();

    public TerminalTests() => _runner.Write("Kubefile", "FROM scratch\n");

    public void Dispose() => _runner.Dispose();

    [Theory]
    [InlineData(80), InlineData(120)]
    public async Task A_table_has_colours_and_fits(int columns)
    {
        using var terminal = new PseudoTerminal(_runner, columns, "-Command", "Build-ClusterImage . -Tag registry.example.com/skyline:v3 -Platform linux/amd64");

        Assert.Equal(0, await terminal.EndAsync());
        Assert.Contains("\e[32;1m", terminal.Shown, StringComparison.Ordinal);
        var lines = terminal.Left.Split('\n');
        Assert.Contains(lines, line => line.Contains("registry.example.com/", StringComparison.Ordinal));
        Assert.All(lines, line => Assert.True(line.Length <= columns, line));
    }

    [Fact]
    public async Task NO_COLOR_is_respected()
    {
        _runner.Environment["NO_COLOR"] = "1";
        using var terminal = new PseudoTerminal(_runner, 120, "-Command", "Get-Command Get-ClusterImage; $Host.UI.WriteErrorLine('wrong')");

        Assert.Equal(0, await terminal.EndAsync());
        Assert.Contains("wrong", terminal.Shown, StringComparison.Ordinal);
        Assert.DoesNotMatch(@"\x1b\[[0-9;]*m", terminal.Shown);
    }

    [Fact]
    public async Task Progress_is_shown_below_the_output_and_leaves_nothing_behind()
    {
        var script = _runner.Write(
            "run.ps1",
            """
            [CmdletBinding()] param()
            $record = [System.Management.Automation.ProgressRecord]::new(1, 'Fetching', '3 of 4')
            $record.PercentComplete = 75
            $PSCmdlet.WriteProgress($record)
            'a result'
            'another'
            $record.RecordType = 'Completed'
            $PSCmdlet.WriteProgress($record)
            'the end'
            """);
        using var terminal = new PseudoTerminal(_runner, 60, script);

        Assert.Equal(0, await terminal.EndAsync());
        var bar = "Fetching  3 of 4" + new string(' ', 14) + " [===============     ]  75 %\n";
        Assert.Contains(bar, terminal.Shown, StringComparison.Ordinal);
        Assert.Equal("a result\nanother\nthe end\n", terminal.Left);
    }

    [Theory]
    [InlineData("n\n", true), InlineData("?\ny\n", false), InlineData("\n", false)]
    public async Task A_confirmation_is_asked_and_answered(string answer, bool isKept)
    {
        using var terminal = new PseudoTerminal(
            _runner, 80, "-Command", "$null = Build-ClusterImage . -Tag a:v1 -Platform linux/amd64; Remove-ClusterImage a:v1 -Confirm; \"kept: $([bool](Get-ClusterImage))\"");
        await terminal.WaitForAsync("(default is \"Y\"): ");
        await terminal.TypeAsync(answer);

        Assert.Equal(0, await terminal.EndAsync());
        Assert.EndsWith($"kept: {isKept}\n", terminal.Shown, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_runbook_needs_is_asked_and_a_secret_is_not_shown()
    {
        var script = _runner.Write(
            "run.ps1", "param([Parameter(Mandatory)] [string] $Who, [Parameter(Mandatory)] [pscredential] $Login)\n\"$Who, $($Login.UserName), $($Login.GetNetworkCredential().Password.Length)\"");
        using var terminal = new PseudoTerminal(_runner, 80, script);
        await terminal.WaitForAsync("Who: ");
        await terminal.TypeAsync("me\n");
        await terminal.WaitForAsync("User: ");
        await terminal.TypeAsync("robot\n");
        await terminal.WaitForAsync("Password for user robot: ");
        // It is read key by key: what is typed before that starts is the terminal's to show.
        await Task.Delay(500);
        foreach (var key in "x\bhunter2\r")
            await terminal.TypeAsync(key.ToString());

        Assert.Equal(0, await terminal.EndAsync());
        Assert.EndsWith("me, robot, 7\n", terminal.Shown, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", terminal.Shown, StringComparison.Ordinal);
        Assert.DoesNotContain('*', terminal.Shown);
    }

    [Theory]
    [InlineData("$Host.UI.ReadLine()"), InlineData("$Host.UI.ReadLineAsSecureString()"), InlineData("Remove-ClusterImage a:v1 -Confirm")]
    public async Task Ctrl_C_at_a_question_is_no_answer(string command)
    {
        using var terminal = new PseudoTerminal(
            _runner, 80, "-Command", $"$null = Build-ClusterImage . -Tag a:v1 -Platform linux/amd64; $Host.UI.Write('so: '); {command}; 'never'");
        await terminal.WaitForAsync("so: ");
        await Task.Delay(1000);
        await terminal.TypeAsync("\x03");

        Assert.Equal(130, await terminal.EndAsync());
        Assert.DoesNotContain("never", terminal.Shown, StringComparison.Ordinal);
        Assert.Contains("Stopping.", terminal.Shown, StringComparison.Ordinal);
        Assert.Contains("a:v1", (await _runner.RunAsync("-Command", "Get-ClusterImage")).Output, StringComparison.Ordinal);
    }
}
