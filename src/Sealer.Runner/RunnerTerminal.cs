using System.Runtime.InteropServices;
using System.Text;

namespace Sealer.Runner;

/// <summary>
/// The three streams of the process. Results go to standard output; errors, warnings, progress and questions to standard
/// error, so that a log of results holds results. Safe for concurrent use.
/// </summary>
internal sealed partial class RunnerTerminal
{
    private const int DefaultWidth = 120;
    private const int MinWidth = 20;
    private readonly object _gate = new();
    private readonly TextWriter _out;
    private readonly TextWriter _error;
    private readonly ProgressView? _progress;
    private readonly ProgressLog? _log;

    public RunnerTerminal(bool nonInteractive)
    {
        if (OperatingSystem.IsWindows())
            PrepareWindows();
        Console.OutputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        _out = Console.Out;
        _error = Console.Error;
        var dumb = Environment.GetEnvironmentVariable("TERM") == "dumb";
        OutputIsTerminal = !Console.IsOutputRedirected;
        ErrorIsTerminal = !Console.IsErrorRedirected;
        var colours = string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")) && !dumb;
        OutputHasColours = OutputIsTerminal && colours;
        ErrorHasColours = ErrorIsTerminal && colours;
        CanAsk = !nonInteractive && !Console.IsInputRedirected && ErrorIsTerminal;
        if (ErrorIsTerminal && !dumb)
            _progress = new ProgressView(_error, () => Width);
        else
            _log = new ProgressLog(_error, TimeProvider.System);
    }

    public bool OutputIsTerminal { get; }

    public bool ErrorIsTerminal { get; }

    public bool OutputHasColours { get; }

    public bool ErrorHasColours { get; }

    /// <summary>True where somebody can answer.</summary>
    public bool CanAsk { get; }

    /// <summary>Columns; 120 where there is no terminal.</summary>
    public int Width
    {
        get
        {
            try
            {
                return OutputIsTerminal || ErrorIsTerminal ? Math.Max(MinWidth, Console.WindowWidth) : DefaultWidth;
            }
            catch (IOException)
            {
                return DefaultWidth;
            }
        }
    }

    /// <summary>Writes results.</summary>
    public void Write(string text) => Write(_out, text, OutputIsTerminal);

    /// <summary>Writes what is not a result, in a colour where colours are wanted.</summary>
    public void WriteError(string text, string? colour = null) =>
        Write(_error, colour is not null && ErrorHasColours ? $"{colour}{text}\e[0m" : text, ErrorIsTerminal);

    public void ShowProgress(long source, System.Management.Automation.ProgressRecord record)
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

    private void Write(TextWriter writer, string text, bool onTerminal)
    {
        lock (_gate)
        {
            if (onTerminal)
                _progress?.Hide();
            writer.Write(text);
            writer.Flush();
            if (onTerminal && text.EndsWith('\n'))
                _progress?.Redraw();
        }
    }

    private static void PrepareWindows()
    {
        const int Output = -11, Error = -12;
        const uint VirtualTerminal = 4;
        foreach (var which in new[] { Output, Error })
        {
            var handle = GetStdHandle(which);
            if (GetConsoleMode(handle, out var mode))
                SetConsoleMode(handle, mode | VirtualTerminal);
        }
    }

    [LibraryImport("kernel32.dll")]
    private static partial nint GetStdHandle(int which);

    [LibraryImport("kernel32.dll")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool GetConsoleMode(nint handle, out uint mode);

    [LibraryImport("kernel32.dll")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool SetConsoleMode(nint handle, uint mode);
}
