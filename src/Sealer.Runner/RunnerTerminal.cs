using System.Management.Automation;
using System.Management.Automation.Host;
using System.Security;

namespace Sealer.Runner;

/// <summary>
/// The three streams of the process. Results go to standard output; errors, warnings, progress and questions to standard
/// error, so that a log of results holds results. Safe for concurrent use.
/// </summary>
internal sealed class RunnerTerminal : IDisposable
{
    // Columns for tables in a log, and for a terminal that does not tell its width.
    private const int LogWidth = 120;
    private const int UnknownWidth = 80;
    private readonly object _gate = new();
    private readonly CancellationTokenSource _interrupted = new();
    private readonly WindowsConsole? _windows;
    private readonly TextWriter _out;
    private readonly TextWriter _error;
    private readonly bool _outputHasColours;
    private readonly bool _errorHasColours;
    private readonly ProgressView? _progress;
    private readonly ProgressLog? _log;

    public RunnerTerminal(bool nonInteractive)
    {
        if (OperatingSystem.IsWindows())
            _windows = new WindowsConsole();
        _out = Console.Out;
        _error = Console.Error;
        OutputIsTerminal = !Console.IsOutputRedirected;
        ErrorIsTerminal = !Console.IsErrorRedirected;
        var dumb = Environment.GetEnvironmentVariable("TERM") == "dumb";
        var colours = !dumb && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        _outputHasColours = OutputIsTerminal && colours && (_windows?.OutputUnderstandsEscapes ?? true);
        _errorHasColours = ErrorIsTerminal && colours && (_windows?.ErrorUnderstandsEscapes ?? true);
        CanAsk = !nonInteractive && !Console.IsInputRedirected && ErrorIsTerminal;
        if (ErrorIsTerminal && !dumb && (_windows?.ErrorUnderstandsEscapes ?? true))
            _progress = new ProgressView(_error, () => TerminalWidth, TimeProvider.System);
        else
            _log = new ProgressLog(_error, TimeProvider.System);
    }

    public bool OutputIsTerminal { get; }

    public bool ErrorIsTerminal { get; }

    /// <summary>True where colours mean something; what goes to the other stream loses them on the way.</summary>
    public bool HasColours => _outputHasColours || _errorHasColours;

    /// <summary>True where somebody can answer.</summary>
    public bool CanAsk { get; }

    /// <summary>Columns for results: a log has as many as a table wants.</summary>
    public int Width => OutputIsTerminal ? TerminalWidth : LogWidth;

    private static int TerminalWidth
    {
        get
        {
            try
            {
                return Console.WindowWidth > 0 ? Console.WindowWidth : UnknownWidth;
            }
            catch (IOException)
            {
                return UnknownWidth;
            }
        }
    }

    /// <summary>Writes results.</summary>
    public void Write(string text) => Write(_out, PSHostUserInterface.GetOutputString(text, _outputHasColours), OutputIsTerminal);

    /// <summary>Writes what is not a result.</summary>
    public void WriteError(string text) => Write(_error, PSHostUserInterface.GetOutputString(text, _errorHasColours), ErrorIsTerminal);

    public void ShowProgress(long source, ProgressRecord record)
    {
        lock (_gate)
        {
            _progress?.Show(source, record);
            _log?.Show(source, record);
        }
    }

    /// <summary>Takes progress off the screen, before the end and before a question.</summary>
    public void EndProgress()
    {
        lock (_gate)
            _progress?.Clear();
    }

    /// <summary>A line that somebody types; null at the end of the input.</summary>
    /// <exception cref="PipelineStoppedException">The runbook was stopped meanwhile.</exception>
    public string? ReadLine()
    {
        var line = Read(Console.ReadLine);
        lock (_gate)
            _progress?.Paused = false;
        return line;
    }

    /// <summary>A key.</summary>
    public ConsoleKeyInfo ReadKey(bool echo) => Read(() => Console.ReadKey(!echo));

    /// <summary>A line that is not shown.</summary>
    public SecureString ReadSecret()
    {
        var secret = new SecureString();
        while (ReadKey(echo: false) is { Key: not ConsoleKey.Enter } key)
        {
            if (key.Key == ConsoleKey.Backspace && secret.Length > 0)
                secret.RemoveAt(secret.Length - 1);
            else if (!char.IsControl(key.KeyChar))
                secret.AppendChar(key.KeyChar);
        }

        WriteError("\n");
        secret.MakeReadOnly();
        return secret;
    }

    /// <summary>Nobody will answer any more.</summary>
    public void Interrupt() => _interrupted.Cancel();

    public void Dispose() => _windows?.Dispose();

    /// <summary>Reading a console cannot be cancelled, so that it is left behind on a thread of its own: the program ends.</summary>
    private T Read<T>(Func<T> read)
    {
        var reading = Task.Factory.StartNew(read, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            reading.Wait(_interrupted.Token);
        }
        catch (OperationCanceledException)
        {
            throw new PipelineStoppedException();
        }

        // On Windows, Ctrl+C ends the line as well.
        return _interrupted.IsCancellationRequested ? throw new PipelineStoppedException() : reading.GetAwaiter().GetResult();
    }

    private void Write(TextWriter writer, string text, bool onTerminal)
    {
        if (text.Length == 0)
            return;
        lock (_gate)
        {
            if (onTerminal)
                _progress?.Hide();
            writer.Write(text);
            writer.Flush();
            if (onTerminal && _progress is not null)
            {
                _progress.Paused = !text.EndsWith('\n');
                _progress.Redraw();
            }
        }
    }
}
