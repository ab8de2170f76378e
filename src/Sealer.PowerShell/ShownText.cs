namespace Sealer.PowerShell;

/// <summary>What images say of themselves as the module's tables show it.</summary>
public static class ShownText
{
    /// <summary>The text on one line, without what a terminal, a reader or an agent of a pipeline would take for more than text.</summary>
    /// <param name="text">Any text; null is nothing.</param>
    public static string Of(string? text) => PlainText.Of(text ?? "").Replace('\n', ' ').Replace('\t', ' ');
}
