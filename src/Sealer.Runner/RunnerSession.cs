using System.Management.Automation;
using System.Management.Automation.Language;
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
    private readonly MissingCommands _missing = new();
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
            var opened = Open(manifest);
            if (_stoppedBy is { } early)
                return early;
            if (!opened || !HasAllCommands())
                return 1;
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
        }

        _terminal.Interrupt();
        _terminal.WriteError(_terminal.ErrorIsTerminal ? "\nStopping. Ctrl+C again ends the program at once.\n" : "Stopping.\n");
        return true;
    }

    public void Dispose()
    {
        _runspace?.Dispose();
        _terminal.Dispose();
    }

    private bool Open(string manifest)
    {
        Environment.SetEnvironmentVariable("PSModulePath", ModuleLocation.ModulePath(manifest, Environment.GetEnvironmentVariable("PSModulePath")));
        var state = InitialSessionState.CreateDefault2();
        // The user has named what is to be run; a downloaded folder would else not even import its own module.
        if (OperatingSystem.IsWindows())
            state.ExecutionPolicy = Microsoft.PowerShell.ExecutionPolicy.Bypass;
        _runspace = RunspaceFactory.CreateRunspace(_host, state);
        _runspace.Open();
        _runspace.SessionStateProxy.InvokeCommand.CommandNotFoundAction += _missing.Explain;
        return Invoke(shell => shell.AddCommand("Import-Module").AddParameter("Name", manifest).AddParameter("Global").AddParameter("ErrorAction", "Stop"));
    }

    /// <summary>Refuses, before anything is done, what could not be done to its end.</summary>
    private bool HasAllCommands()
    {
        // A mistake of grammar is told by the engine, in its own words, when it is run.
        var script = _arguments.Command is { } command
            ? Parser.ParseInput(command, out _, out _)
            : Parser.ParseFile(Path.GetFullPath(_arguments.File!), out _, out _);
        var intrinsics = _runspace!.SessionStateProxy.InvokeCommand;
        intrinsics.CommandNotFoundAction -= _missing.Explain;
        var missing = _missing.FindIn(script, name => intrinsics.GetCommand(name, CommandTypes.All));
        intrinsics.CommandNotFoundAction += _missing.Explain;
        if (missing.Count == 0)
            return true;

        var what = _arguments.File is { } file ? Path.GetFileName(file) : "The command";
        var width = missing.Max(m => m.Name.Length);
        var lines = missing.Select(m =>
            $"  {m.Name.PadRight(width)}  line {string.Join(", ", m.Lines)}" + (m.Instead is null ? "" : $"; instead: {m.Instead}"));
        _host.UI.WriteErrorLine(
            $"""
            {what} uses what Sealer.Runner does not have. Nothing was run.
            {string.Join('\n', lines)}
            Sealer.Runner has PowerShell's engine and the Sealer module alone. Write these lines without such commands, or run
            the runbook with PowerShell 7.4 or later (pwsh).
            """);
        return false;
    }

    private int RunFile(string path)
    {
        EndWithScript(_runspace!);
        var succeeded = Invoke(shell =>
        {
            var command = new Command(path, isScript: false, useLocalScope: false);
            foreach (var parameter in ScriptArguments.Parse(_arguments.FileArguments))
                command.Parameters.Add(parameter);
            shell.Commands.AddCommand(command);
        });
        return ExitCode(succeeded);
    }

    private int RunCommand(string text)
    {
        var succeeded = Invoke(shell => shell.AddScript(text, useLocalScope: false));
        // As with pwsh -Command, the last command's success is the whole's.
        return ExitCode(succeeded && _runspace!.SessionStateProxy.PSVariable.GetValue("?") is true);
    }

    private int ExitCode(bool succeeded) => _stoppedBy ?? _host.ExitCode ?? (succeeded ? 0 : 1);

    /// <summary>Runs and shows everything; false where an error ended it.</summary>
    private bool Invoke(Action<PowerShellEngine> prepare)
    {
        using var shell = PowerShellEngine.Create(_runspace);
        prepare(shell);
        // Output and errors reach the host in the order in which they come, as with pwsh.
        shell.Commands.Commands[^1].MergeMyResults(PipelineResultTypes.Error, PipelineResultTypes.Output);
        shell.AddCommand("Out-Default");
        try
        {
            lock (_gate)
            {
                if (_stoppedBy is not null)
                    return false;
                _running = shell;
            }

            // The engine keeps $? of what belongs to the history alone.
            shell.Invoke(null, new PSInvocationSettings { AddToHistory = true });
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

    private void Show(ErrorRecord error)
    {
        if (_stoppedBy is not null)
            return;
        // The engine's formats know how an error is shown; where it goes, only the session knows.
        _host.ShowsError = true;
        using var shell = PowerShellEngine.Create(_runspace);
        try
        {
            shell.AddCommand("Out-Default").Invoke(new[] { error });
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
    /// Makes the exit of the script file that is run next end the program with its code, and not only the script: pwsh -File
    /// does the same through the same switch, which is internal. The engine is of one pinned version; a test fails where
    /// the switch is gone.
    /// </summary>
    private static void EndWithScript(Runspace runspace)
    {
        const BindingFlags Internal = BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public;
        var context = runspace.GetType().GetProperty("GetExecutionContext", Internal)?.GetValue(runspace);
        var property = context?.GetType().GetProperty("ScriptCommandProcessorShouldRethrowExit", Internal)
            ?? throw new InvalidOperationException("This version of PowerShell's engine does not tell how a script ends.");
        property.SetValue(context, true);
    }
}
