using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Reflection;

namespace Sealer.Runner;

/// <summary>What PowerShell's engine shows and asks goes to the terminal, or to a log.</summary>
internal sealed class RunnerHost(RunnerTerminal terminal) : PSHost
{
    private readonly RunnerInterface _interface = new(terminal);

    /// <summary>The exit code that the runbook asked for; null where it did not.</summary>
    public int? ExitCode { get; private set; }

    public override CultureInfo CurrentCulture => CultureInfo.CurrentCulture;

    public override CultureInfo CurrentUICulture => CultureInfo.CurrentUICulture;

    public override Guid InstanceId { get; } = Guid.NewGuid();

    public override string Name => "Sealer.Runner";

    public override PSHostUserInterface UI => _interface;

    public override Version Version { get; } = Assembly.GetExecutingAssembly().GetName().Version ?? new Version(0, 0);

    /// <summary>True when all that is still to be shown is the error that ended the runbook.</summary>
    public bool ShowsError { set => _interface.ShowsError = value; }

    public override void EnterNestedPrompt() => throw new PSNotSupportedException("Sealer.Runner has no prompt to suspend to. Answer with one of the other choices.");

    public override void ExitNestedPrompt() => throw new PSNotSupportedException("Sealer.Runner has no prompt to leave.");

    public override void NotifyBeginApplication()
    {
    }

    public override void NotifyEndApplication()
    {
    }

    public override void SetShouldExit(int exitCode) => ExitCode = exitCode;
}
