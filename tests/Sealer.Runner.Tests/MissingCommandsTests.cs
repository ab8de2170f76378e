using System.Management.Automation;
using System.Management.Automation.Language;

namespace Sealer.Runner.Tests;

public sealed class MissingCommandsTests
{
    [Fact]
    public void Commands_of_PowerShell_that_the_engine_has_not_are_found_with_their_lines()
    {
        var missing = Find("Write-Output a\nif ($x) { $(get-date | Microsoft.PowerShell.Utility\\Write-Output) }\n'Get-Date'");

        Assert.Equal(["Write-Output 1,2", "Get-Date 2"], missing.Select(m => $"{m.Name} {string.Join(',', m.Lines)}"));
        Assert.Contains("datetime", missing[1].Instead, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_session_the_runbook_or_nobody_knows_is_not_missing() =>
        Assert.Empty(Find("function script:Write-Output { }\nWrite-Output a; Get-Command b; Frobnicate; & $c", "Get-Command"));

    [Theory]
    [InlineData(". ./mine.ps1"), InlineData("Import-Module ./mine.psm1"), InlineData("using module ./mine.psm1")]
    public void A_runbook_that_brings_commands_of_its_own_is_not_judged(string line) => Assert.Empty(Find(line + "\nWrite-Output a"));

    [Fact]
    public void Importing_our_own_module_brings_none() => Assert.Single(Find("Import-Module Sealer\nWrite-Output a"));

    [Fact]
    public void An_alias_is_as_missing_as_what_it_stands_for()
    {
        using var shell = System.Management.Automation.PowerShell.Create(System.Management.Automation.Runspaces.InitialSessionState.CreateDefault2());
        shell.AddScript("$ExecutionContext.InvokeCommand.GetCommand('select', 'All')");
        var alias = (CommandInfo)shell.Invoke().Single().BaseObject;

        var missing = new MissingCommands().FindIn(Parse("1 | select -First 1"), name => name == "select" ? alias : null);

        Assert.Equal("Select-Object", Assert.Single(missing).Name);
    }

    private static IReadOnlyList<MissingCommand> Find(string script, params string[] known)
    {
        using var shell = System.Management.Automation.PowerShell.Create(System.Management.Automation.Runspaces.InitialSessionState.CreateDefault2());
        var there = (CommandInfo)shell.AddScript("$ExecutionContext.InvokeCommand.GetCommand('Get-Command', 'All')").Invoke().Single().BaseObject;
        return new MissingCommands().FindIn(Parse(script), name => known.Contains(name) ? there : null);
    }

    private static ScriptBlockAst Parse(string script) => Parser.ParseInput(script, out _, out _);
}
