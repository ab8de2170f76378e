namespace Sealer.Runner.Tests;

public sealed class ScriptArgumentsTests
{
    [Fact]
    public void Words_become_parameters_as_pwsh_File_makes_them()
    {
        var parameters = ScriptArguments.Parse(["-Name", "x y", "-Force", "-Confirm:$false", "-Path:a:b", "-Tag:", "v1", "-3", "-"]).ToList();

        Assert.Equal(
            [("-Name", null), (null, "x y"), ("-Force", null), ("-Confirm", false), ("-Path", "a:b"), ("-Tag", "v1"), (null, "-3"), (null, "-")],
            parameters.Select(p => ((string?)p.Name, (object?)p.Value)));
    }

    [Fact]
    public void Nothing_in_a_value_is_evaluated() =>
        Assert.Equal("$(throw)", Assert.Single(ScriptArguments.Parse(["$(throw)"])).Value);
}
