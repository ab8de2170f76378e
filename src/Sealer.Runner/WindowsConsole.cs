using System.Runtime.InteropServices;
using System.Text;

namespace Sealer.Runner;

/// <summary>
/// A Windows console understands escape sequences only when asked, and speaks a code page of its own. Both belong to the
/// window, which outlives this program: they are put back at the end. For Windows alone.
/// </summary>
internal sealed partial class WindowsConsole : IDisposable
{
    private const int StandardOutput = -11;
    private const int StandardError = -12;
    private const uint ProcessedOutput = 1;
    private const uint VirtualTerminal = 4;
    private readonly Encoding _encoding = Console.OutputEncoding;
    private readonly List<(nint Handle, uint Mode)> _modes = [];

    public WindowsConsole()
    {
        Console.OutputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        OutputUnderstandsEscapes = Ask(StandardOutput);
        ErrorUnderstandsEscapes = Ask(StandardError);
    }

    public bool OutputUnderstandsEscapes { get; }

    public bool ErrorUnderstandsEscapes { get; }

    public void Dispose()
    {
        foreach (var (handle, mode) in Enumerable.Reverse(_modes))
            SetConsoleMode(handle, mode);
        Console.OutputEncoding = _encoding;
    }

    private bool Ask(int which)
    {
        var handle = GetStdHandle(which);
        if (!GetConsoleMode(handle, out var mode))
            return false;
        _modes.Add((handle, mode));
        return SetConsoleMode(handle, mode | ProcessedOutput | VirtualTerminal);
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
