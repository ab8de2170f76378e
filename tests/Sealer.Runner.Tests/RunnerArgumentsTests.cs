namespace Sealer.Runner.Tests;

public sealed class RunnerArgumentsTests
{
    [Fact]
    public void The_first_word_that_is_no_option_is_the_runbook_and_the_rest_is_the_runbooks()
    {
        var parsed = RunnerArguments.Parse(["-NonInteractive", "deliver.ps1", "-Path", "x", "-Command", "y"]);

        Assert.Null(parsed.Problem);
        Assert.Equal("deliver.ps1", parsed.File);
        Assert.Equal(["-Path", "x", "-Command", "y"], parsed.FileArguments);
        Assert.True(parsed.NonInteractive);
    }

    [Fact]
    public void All_words_after_Command_are_the_command()
    {
        var parsed = RunnerArguments.Parse(["-command", "Get-ClusterImage", "-All"]);

        Assert.Null(parsed.Problem);
        Assert.Equal("Get-ClusterImage -All", parsed.Command);
    }

    [Fact]
    public void A_line_written_for_pwsh_works()
    {
        var parsed = RunnerArguments.Parse(["-NoLogo", "-NoProfile", "-NonInteractive", "-File", "-odd.ps1", "a"]);

        Assert.Null(parsed.Problem);
        Assert.Equal("-odd.ps1", parsed.File);
        Assert.Equal(["a"], parsed.FileArguments);
    }

    [Theory]
    [InlineData("-h"), InlineData("-?"), InlineData("--help"), InlineData("-Help")]
    public void Help_is_asked_for_in_any_dialect(string word) => Assert.True(RunnerArguments.Parse([word]).ShowHelp);

    [Theory]
    [InlineData(), InlineData("-File"), InlineData("-Command"), InlineData("-Comand", "1"), InlineData("-NonInteractive")]
    public void What_cannot_be_run_is_a_problem_in_words(params string[] words) => Assert.NotNull(RunnerArguments.Parse(words).Problem);
}
