using System.Management.Automation.Runspaces;

namespace Sealer.PowerShell.Tests;

/// <summary>
/// Run as a program, imports the module by name from a module path: for tests that need a process without it. The first
/// argument is the module path, the second a script to run afterwards.
/// </summary>
internal static class Program
{
    public static int Main(string[] args)
    {
        Environment.SetEnvironmentVariable("PSModulePath", args[0]);
        using var runspace = RunspaceFactory.CreateRunspace(InitialSessionState.CreateDefault2());
        runspace.Open();
        using var shell = System.Management.Automation.PowerShell.Create(runspace);
        shell.AddScript("$ErrorActionPreference = 'Stop'; Import-Module Sealer; " + args[1]);
        foreach (var output in shell.Invoke())
            Console.WriteLine(output);
        return shell.HadErrors ? 1 : 0;
    }
}
