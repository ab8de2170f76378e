using System.Collections.ObjectModel;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Text.RegularExpressions;

namespace Sealer.PowerShell.Tests;

/// <summary>
/// A PowerShell session that has the engine's own commands and nothing else, with the built module imported the way users
/// import it.
/// </summary>
internal sealed partial class Session : IDisposable
{
    private readonly Runspace _runspace;

    public Session(bool import = true, Action<InitialSessionState>? prepare = null)
    {
        Host = new RecordingHost();
        var state = InitialSessionState.CreateDefault2();
        prepare?.Invoke(state);
        _runspace = RunspaceFactory.CreateRunspace(Host, state);
        _runspace.Open();
        if (import)
            Run($"Import-Module '{BuiltModule.Manifest}'");
    }

    public RecordingHost Host { get; }

    public Runspace Runspace => _runspace;

    /// <summary>Errors, warnings and verbose text of the last script.</summary>
    public IReadOnlyList<ErrorRecord> Errors { get; private set; } = [];

    public IReadOnlyList<string> Warnings { get; private set; } = [];

    public IReadOnlyList<string> Verbose { get; private set; } = [];

    /// <summary>Runs a script; what it writes as an error is kept, what it throws is thrown.</summary>
    public Collection<PSObject> Try(string script, params object?[] arguments)
    {
        using var shell = Create(script, arguments);
        try
        {
            return shell.Invoke();
        }
        finally
        {
            Errors = [.. shell.Streams.Error];
            Warnings = [.. shell.Streams.Warning.Select(record => record.Message)];
            Verbose = [.. shell.Streams.Verbose.Select(record => record.Message)];
        }
    }

    /// <summary>Runs a script that must not write an error.</summary>
    public Collection<PSObject> Run(string script, params object?[] arguments)
    {
        var output = Try(script, arguments);
        Assert.True(Errors.Count == 0, string.Join('\n', Errors.Select(error => $"{error.FullyQualifiedErrorId}: {error}")));
        return output;
    }

    /// <summary>What the script shows on a screen 120 characters wide.</summary>
    public string Show(string script, params object?[] arguments)
    {
        Host.Screen.Clear();
        using var shell = Create(script, arguments);
        shell.AddCommand("Out-Default");
        shell.Invoke();
        Assert.True(shell.Streams.Error.Count == 0, string.Join('\n', shell.Streams.Error));
        return Colours().Replace(Host.Screen.ToString(), "");
    }

    public System.Management.Automation.PowerShell Create(string script, params object?[] arguments)
    {
        var shell = System.Management.Automation.PowerShell.Create(_runspace);
        shell.AddScript(script);
        foreach (var argument in arguments)
            shell.AddArgument(argument);
        return shell;
    }

    public void Dispose() => _runspace.Dispose();

    [GeneratedRegex(@"\x1b\[[0-9;]*m")]
    private static partial Regex Colours();
}
