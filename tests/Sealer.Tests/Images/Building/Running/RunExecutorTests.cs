using Sealer.Images.Building.Running;

namespace Sealer.Tests.Images.Building.Running;

/// <summary>What is refused before anything is run; needs no container runtime.</summary>
public sealed class RunExecutorTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [LinuxFact]
    public async Task Without_a_shell_in_the_image_it_says_what_to_do_and_leaves_nothing_behind()
    {
        var e = await Refused(new RunCommand.Shell("true"));
        Assert.Equal("RunFailed", e.Id);
        Assert.Contains("Kubefile:3:1: there is no /bin/sh", e.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [LinuxFact]
    public async Task A_shell_that_is_a_link_to_the_machines_own_is_no_shell()
    {
        Directory.CreateDirectory(Path.Combine(_folder.Path, "bin"));
        File.CreateSymbolicLink(Path.Combine(_folder.Path, "bin/sh"), "/usr/bin/dash");
        Assert.Contains("no /bin/sh", (await Refused(new RunCommand.Shell("true"))).Message, StringComparison.Ordinal);
    }

    [LinuxFact]
    public async Task Without_any_runtime_it_says_which_were_looked_for()
    {
        var e = await Refused(new RunCommand.Exec(["/x"]), new RunExecutorOptions { Runtimes = ["no-such-runtime"] });
        Assert.Equal(("RunNotSupported", ErrorKind.NotSupported), (e.Id, e.Kind));
        Assert.Contains("no-such-runtime is not installed", e.Message, StringComparison.Ordinal);
    }

    [LinuxTheory]
    [InlineData("NOVALUE")]
    [InlineData("=x")]
    [InlineData("--unset=PATH")]
    public async Task A_variable_of_another_form_is_refused_without_its_value(string variable)
    {
        var e = await Refused(new RunCommand.Exec(["/x"]), env: variable);
        Assert.Equal("RunFailed", e.Id);
        Assert.DoesNotContain("PATH", e.Message, StringComparison.Ordinal);
    }

    [LinuxFact]
    public async Task An_empty_command_is_refused() =>
        Assert.Equal("RunFailed", (await Refused(new RunCommand.Exec([]))).Id);

    [LinuxFact]
    public async Task A_file_where_proc_must_be_is_refused()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder.Path, "proc"), "");
        Assert.Contains("/proc", (await Refused(new RunCommand.Exec(["/x"]))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Elsewhere_than_on_Linux_it_says_so()
    {
        if (OperatingSystem.IsLinux())
            return;
        var e = await Refused(new RunCommand.Shell("true"));
        Assert.Equal("RunNotSupported", e.Id);
    }

    private async Task<SealerException> Refused(RunCommand command, RunExecutorOptions? options = null, string? env = null) =>
        await Assert.ThrowsAnyAsync<SealerException>(() => new RunExecutor(options).RunAsync(
            new RunRequest { RootFolder = _folder.Path, Command = command, Place = "Kubefile:3:1", Env = env is null ? [] : [env] },
            CancellationToken.None));
}
