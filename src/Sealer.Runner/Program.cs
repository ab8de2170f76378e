using System.Reflection;
using System.Runtime.InteropServices;

namespace Sealer.Runner;

/// <summary>Runs a runbook, or commands, with PowerShell's engine and the Sealer module.</summary>
internal static class Program
{
    private const int UsageError = 64;

    private const string Usage = """
        Runs a PowerShell runbook with the Sealer module, where no PowerShell is installed.

          Sealer.Runner [-NonInteractive] runbook.ps1 [arguments]
          Sealer.Runner [-NonInteractive] -Command "commands"

        Arguments are given to the runbook as pwsh -File gives them: -Name value, -Switch, -Switch:$false, values.
        A runbook has the commands of PowerShell's engine (Get-Command, Where-Object, ForEach-Object, Import-Module,
        Get-Help, Out-Host, ...) and those of Sealer. One that needs more is told so before it is run.
        Results go to standard output; errors, warnings, progress and questions to standard error.
        With -NonInteractive, or without a terminal, nobody is asked: a question is an error that says what to do.
        NO_COLOR is respected.
        The exit code is that of the runbook's exit; 1 after an error that ends it, 130 after Ctrl+C, 143 after SIGTERM.
        """;

    public static int Main(string[] args)
    {
        var arguments = RunnerArguments.Parse(args);
        if (arguments.ShowHelp)
        {
            Console.WriteLine(Usage);
            return 0;
        }

        if (arguments.ShowVersion)
        {
            Console.WriteLine($"Sealer.Runner {VersionOf(typeof(Program))}, PowerShell {VersionOf(typeof(System.Management.Automation.PowerShell))}");
            return 0;
        }

        if (arguments.Problem is not null)
        {
            Console.Error.WriteLine(arguments.Problem);
            Console.Error.WriteLine();
            Console.Error.WriteLine(Usage);
            return UsageError;
        }

        // The engine would tell its makers which modules are used. Closed networks want no program to call home.
        Environment.SetEnvironmentVariable("POWERSHELL_TELEMETRY_OPTOUT", "1");

        using var session = new RunnerSession(arguments);
        // The first signal stops the pipeline, which cleans up; the second waits for nothing.
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => Stop(session, signal, 130));
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => Stop(session, signal, 143));
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal => Stop(session, signal, 129));
        return session.Run();
    }

    private static void Stop(RunnerSession session, PosixSignalContext signal, int exitCode)
    {
        signal.Cancel = true;
        if (!session.TryStop(exitCode))
            Environment.Exit(exitCode);
    }

    private static string VersionOf(Type type) =>
        type.Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+', ' ')[0];
}
