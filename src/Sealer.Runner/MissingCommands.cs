using System.Management.Automation;

namespace Sealer.Runner;

/// <summary>
/// Commands that PowerShell has and its engine alone does not. Whoever uses one is told that it is not his runbook that is
/// wrong.
/// </summary>
internal sealed class MissingCommands
{
    private readonly Dictionary<string, string> _commands = new(StringComparer.OrdinalIgnoreCase);

    public MissingCommands()
    {
        using var stream = typeof(MissingCommands).Assembly.GetManifestResourceStream("MissingCommands.txt")!;
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            var parts = line.Trim().Split('=');
            if (parts[0].Length > 0)
                _commands[parts[0]] = parts[^1];
        }
    }

    /// <summary>What to say of a name, or null where it is not one of them.</summary>
    public string? Explain(string name)
    {
        // PowerShell also tries get-NAME, and MODULE\NAME is the same command.
        var plain = name[(name.LastIndexOf('\\') + 1)..];
        if (!_commands.TryGetValue(plain, out var command))
            return null;
        var also = command.Equals(plain, StringComparison.OrdinalIgnoreCase) ? "" : $" ({command})";
        return $"The command '{plain}'{also} is not part of Sealer.Runner, which has PowerShell's engine and the Sealer module alone. Install PowerShell 7.4 or later, import the module there and run the runbook with pwsh; or write it without this command.";
    }

    /// <summary>Hears of every command that is not found.</summary>
    public void Handle(object? sender, CommandLookupEventArgs lookup)
    {
        // What the engine looks for on its own way to an answer is no question of the runbook.
        if (lookup.CommandOrigin == CommandOrigin.Internal && !_commands.ContainsKey(lookup.CommandName))
            return;
        if (Explain(lookup.CommandName) is { } explanation)
            throw new CommandNotFoundException(explanation) { CommandName = lookup.CommandName };
    }
}
