namespace Sealer.Runner.Tests;

public sealed class ModuleLocationTests
{
    [Fact]
    public void The_build_made_the_module_where_the_program_looks() => Assert.True(File.Exists(ModuleLocation.FindManifest()));

    [Fact]
    public void Of_several_versions_the_newest_is_taken()
    {
        using var runner = new RunnerProcess();
        foreach (var version in new[] { "0.9.0", "0.10.0", "0.2.1" })
            File.WriteAllText(Path.Combine(Directory.CreateDirectory(Path.Combine(runner.Folder, version)).FullName, "Sealer.psd1"), "");
        Directory.CreateDirectory(Path.Combine(runner.Folder, "1.0.0"));

        Assert.Equal(Path.Combine(runner.Folder, "0.10.0", "Sealer.psd1"), ModuleLocation.Newest(new DirectoryInfo(runner.Folder)));
    }

    [Fact]
    public void Ours_comes_first_and_modules_of_an_installed_PowerShell_are_left_out()
    {
        using var runner = new RunnerProcess();
        var theirs = Path.Combine(runner.Folder, "theirs");
        Directory.CreateDirectory(Path.Combine(theirs, "Microsoft.PowerShell.Utility"));
        var mine = Path.Combine(runner.Folder, "mine");

        var path = ModuleLocation.ModulePath(Path.Combine(runner.Folder, "m", "Sealer", "1.0.0", "Sealer.psd1"), string.Join(Path.PathSeparator, theirs, mine));

        Assert.Equal(string.Join(Path.PathSeparator, Path.Combine(runner.Folder, "m"), mine), path);
    }
}
