using System.Management.Automation;
using System.Management.Automation.Host;

namespace Sealer.Runner;

/// <summary>The little that the engine wants to know of a screen. Nothing here moves its cursor.</summary>
internal sealed class RunnerRawInterface(RunnerTerminal terminal) : PSHostRawUserInterface
{
    public override ConsoleColor BackgroundColor { get; set; } = ConsoleColor.Black;

    public override ConsoleColor ForegroundColor { get; set; } = ConsoleColor.Gray;

    public override Size BufferSize { get => new(terminal.Width, 9999); set => throw Nothing(); }

    public override Size WindowSize { get => new(terminal.Width, 50); set => throw Nothing(); }

    public override Size MaxWindowSize => WindowSize;

    public override Size MaxPhysicalWindowSize => WindowSize;

    public override Coordinates CursorPosition { get => new(0, 0); set => throw Nothing(); }

    public override Coordinates WindowPosition { get => new(0, 0); set => throw Nothing(); }

    public override int CursorSize { get => 25; set => throw Nothing(); }

    public override bool KeyAvailable => terminal.CanAsk && Console.KeyAvailable;

    public override string WindowTitle { get; set; } = "Sealer.Runner";

    public override int LengthInBufferCells(char source) => CellWidth.Of(source);

    public override int LengthInBufferCells(string source) => CellWidth.Of(source);

    public override int LengthInBufferCells(string source, int offset) => CellWidth.Of(source.AsSpan(offset));

    public override void FlushInputBuffer()
    {
    }

    public override KeyInfo ReadKey(ReadKeyOptions options)
    {
        if (!terminal.CanAsk)
            throw new PSInvalidOperationException("The runbook waits for a key, and nobody is there to press one.");
        var key = terminal.ReadKey(echo: (options & ReadKeyOptions.NoEcho) == 0);
        return new KeyInfo((int)key.Key, key.KeyChar, default, keyDown: true);
    }

    public override BufferCell[,] GetBufferContents(Rectangle rectangle) => throw Nothing();

    public override void ScrollBufferContents(Rectangle source, Coordinates destination, Rectangle clip, BufferCell fill) => throw Nothing();

    public override void SetBufferContents(Coordinates origin, BufferCell[,] contents) => throw Nothing();

    public override void SetBufferContents(Rectangle rectangle, BufferCell fill) => throw Nothing();

    private static PSNotSupportedException Nothing() => new("Sealer.Runner writes lines; it does not paint the screen.");
}
