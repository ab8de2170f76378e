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
        Get-Help, Out-Host, ...) and those of Sealer; what else it needs calls for PowerShell 7.4 or later.
        Results go to standard output, all else to standard error. NO_COLOR is respected.
        The exit code is that of the runbook's exit, 1 after an error that ends it, 130 after Ctrl+C.
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
            var version = Assembly.GetExecutingAssembly().GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
            Console.WriteLine($"Sealer.Runner {version.Split('+')[0]}, PowerShell {typeof(System.Management.Automation.PowerShell).Assembly.GetName().Version!.ToString(3)}");
            return 0;
        }

        if (arguments.Problem is not null)
        {
            Console.Error.WriteLine(arguments.Problem);
            Console.Error.WriteLine();
            Console.Error.WriteLine(Usage);
            return UsageError;
        }

        using var session = new RunnerSession(arguments);
        // The first signal stops the pipeline, which cleans up; the second waits for nothing.
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, c => Stop(session, c, 130));
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, c => Stop(session, c, 143));
        return session.Run();
    }

    private static void Stop(RunnerSession session, PosixSignalContext context, int exitCode)
    {
        context.Cancel = true;
        if (!session.TryStop(exitCode))
            Environment.Exit(exitCode);
    }
}
