using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Reflection;
using PowerShellEngine = System.Management.Automation.PowerShell;

namespace Sealer.Runner;

/// <summary>One runspace, in which one runbook is run.</summary>
internal sealed class RunnerSession : IDisposable
{
    private readonly RunnerArguments _arguments;
    private readonly RunnerTerminal _terminal;
    private readonly RunnerHost _host;
    private readonly object _gate = new();
    private Runspace? _runspace;
    private PowerShellEngine? _running;
    private int? _stoppedBy;

    public RunnerSession(RunnerArguments arguments)
    {
        _arguments = arguments;
        _terminal = new RunnerTerminal(arguments.NonInteractive);
        _host = new RunnerHost(_terminal);
    }

    /// <summary>Runs what was asked for; returns the exit code.</summary>
    public int Run()
    {
        try
        {
            if (ModuleLocation.FindManifest() is not { } manifest)
                return Fail($"The Sealer module is not beside this program ({Path.Combine(AppContext.BaseDirectory, "Modules")}). Publish or unpack the program as a whole.");
            if (_arguments.File is { } file && !File.Exists(file))
                return Fail($"There is no runbook {Path.GetFullPath(file)}.");
            Open(manifest);
            if (_stoppedBy is { } early)
                return early;
            return _arguments.Command is { } command ? RunCommand(command) : RunFile(Path.GetFullPath(_arguments.File!));
        }
        finally
        {
            _terminal.EndProgress();
        }
    }

    /// <summary>Stops what is running; false where that was asked for before.</summary>
    public bool TryStop(int exitCode)
    {
        lock (_gate)
        {
            if (_stoppedBy is not null)
                return false;
            _stoppedBy = exitCode;
            _running?.BeginStop(null, null);
            return true;
        }
    }

    public void Dispose() => _runspace?.Dispose();

    private void Open(string manifest)
    {
        Environment.SetEnvironmentVariable("PSModulePath", ModuleLocation.ModulePath(manifest, Environment.GetEnvironmentVariable("PSModulePath")));
        var state = InitialSessionState.CreateDefault2();
        // The user has named what is to be run; a downloaded folder would else not even import its own module.
        if (OperatingSystem.IsWindows())
            state.ExecutionPolicy = Microsoft.PowerShell.ExecutionPolicy.Bypass;
        PSStyle.Instance.OutputRendering = _terminal.OutputHasColours ? OutputRendering.Host : OutputRendering.PlainText;
        _runspace = RunspaceFactory.CreateRunspace(_host, state);
        _runspace.Open();
        _runspace.SessionStateProxy.InvokeCommand.CommandNotFoundAction += new MissingCommands().Handle;
        RethrowExit(_runspace);
        Invoke(shell => shell.AddCommand("Import-Module").AddParameter("Name", manifest).AddParameter("Global").AddParameter("ErrorAction", "Stop"));
    }

    private int RunFile(string path)
    {
        var failed = !Invoke(shell =>
        {
            var command = new Command(path, isScript: false, useLocalScope: false);
            foreach (var parameter in ScriptArguments.Parse(_arguments.FileArguments))
                command.Parameters.Add(parameter);
            shell.Commands.AddCommand(command);
        });
        return ExitCode(failed);
    }

    private int RunCommand(string text)
    {
        var failed = !Invoke(shell => shell.AddScript(text, useLocalScope: false));
        // As with pwsh -Command, the last command's success is the whole's.
        if (!failed && _host.ExitCode is null && _stoppedBy is null)
        {
            using var question = PowerShellEngine.Create(_runspace);
            failed = question.AddScript("$global:?").Invoke() is [{ BaseObject: false }];
        }

        return ExitCode(failed);
    }

    private int ExitCode(bool failed) => _stoppedBy ?? _host.ExitCode ?? (failed ? 1 : 0);

    /// <summary>Runs and shows everything; false where an error ended it.</summary>
    private bool Invoke(Action<PowerShellEngine> prepare)
    {
        using var shell = PowerShellEngine.Create(_runspace);
        prepare(shell);
        ShowResults(shell);
        try
        {
            lock (_gate)
            {
                if (_stoppedBy is not null)
                    return false;
                _running = shell;
            }

            shell.Invoke();
            return true;
        }
        catch (PipelineStoppedException)
        {
            return false;
        }
        catch (RuntimeException e)
        {
            Show(e.ErrorRecord);
            return false;
        }
        finally
        {
            lock (_gate)
                _running = null;
        }
    }

    /// <summary>Sends output and errors to the host in the order in which they come, as pwsh does.</summary>
    private static void ShowResults(PowerShellEngine shell)
    {
        shell.Commands.Commands[^1].MergeMyResults(PipelineResultTypes.Error, PipelineResultTypes.Output);
        shell.AddCommand("Out-Default");
    }

    private void Show(ErrorRecord error)
    {
        if (_stoppedBy is not null)
            return;
        // The engine's formats know how an error is shown; this property tells Out-Default that it is one.
        var shown = PSObject.AsPSObject(error);
        if (shown.Properties["writeErrorStream"] is null)
            shown.Properties.Add(new PSNoteProperty("writeErrorStream", true));
        using var shell = PowerShellEngine.Create(_runspace);
        try
        {
            shell.AddCommand("Out-Default").Invoke(new[] { shown });
        }
        catch (RuntimeException)
        {
            _host.UI.WriteErrorLine(error.ToString());
        }
    }

    private int Fail(string message)
    {
        _host.UI.WriteErrorLine(message);
        return 1;
    }

    /// <summary>
    /// Makes the exit of a script file end the program with its code, and not only the script: pwsh -File does the same
    /// through the same switch, which is internal. The engine is of one pinned version; a test fails where it is gone.
    /// </summary>
    private static void RethrowExit(Runspace runspace)
    {
        const BindingFlags Internal = BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public;
        var context = runspace.GetType().GetProperty("GetExecutionContext", Internal)?.GetValue(runspace)
            ?? typeof(Runspace).GetProperty("GetExecutionContext", Internal)?.GetValue(runspace);
        var property = context?.GetType().GetProperty("ScriptCommandProcessorShouldRethrowExit", Internal);
        if (property is null)
            throw new InvalidOperationException("This version of PowerShell's engine does not tell how a script ends.");
        property.SetValue(context, true);
    }
}
