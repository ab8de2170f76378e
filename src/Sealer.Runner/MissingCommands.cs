using System.Management.Automation;
using System.Management.Automation.Language;

namespace Sealer.Runner;

/// <summary>
/// Commands that PowerShell has and its engine alone has not. A runbook that needs one is told so before it has done
/// anything; where only its run can tell, at the place.
/// </summary>
internal sealed class MissingCommands
{
    private readonly Dictionary<string, (string Name, string? Instead)> _commands = new(StringComparer.OrdinalIgnoreCase);

    public MissingCommands()
    {
        using var stream = typeof(MissingCommands).Assembly.GetManifestResourceStream("MissingCommands.txt")!;
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            var parts = line.Split(": ", 2);
            _commands.Add(parts[0], (parts[0], parts.ElementAtOrDefault(1)));
        }
    }

    /// <summary>Those that a script calls, each with the lines that do.</summary>
    /// <param name="script">The script, parsed.</param>
    /// <param name="find">What a name is in the session: null where it is nothing.</param>
    /// <returns>Nothing for a script that brings in commands of its own: only its run can tell.</returns>
    public IReadOnlyList<MissingCommand> FindIn(ScriptBlockAst script, Func<string, CommandInfo?> find)
    {
        var calls = script.FindAll(ast => ast is CommandAst, searchNestedScriptBlocks: true).Cast<CommandAst>().ToList();
        if (calls.Any(BringsIn) || script.UsingStatements.Any(u => u.UsingStatementKind == UsingStatementKind.Module))
            return [];
        var own = script.FindAll(ast => ast is FunctionDefinitionAst, searchNestedScriptBlocks: true).Cast<FunctionDefinitionAst>()
            .Select(f => f.Name[(f.Name.IndexOf(':', StringComparison.Ordinal) + 1)..]).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return
        [
            .. from call in calls
               let name = call.GetCommandName()
               where name is not null && !own.Contains(name)
               let missing = Missing(name, find)
               where missing is not null
               group call.Extent.StartLineNumber by missing into lines
               select new MissingCommand(lines.Key, _commands[lines.Key].Instead, [.. lines.Distinct()]),
        ];
    }

    /// <summary>Hears of every command that is not found, and puts one that explains it in its place.</summary>
    public void Explain(object? sender, CommandLookupEventArgs lookup)
    {
        if (!_commands.TryGetValue(Plain(lookup.CommandName), out var command))
            return;
        var explanation = $"The command {command.Name} is not part of Sealer.Runner, which has PowerShell's engine and the Sealer module alone. "
            + (command.Instead is { } instead ? $"Write {instead} instead, or run" : "Run")
            + " the runbook with PowerShell 7.4 or later (pwsh).";
        // An exception from here would be swallowed. The names and texts are ours, from the list.
        lookup.CommandScriptBlock = ScriptBlock.Create(
            $$"""
            [CmdletBinding()] param([Parameter(ValueFromPipeline)] $InputObject, [Parameter(ValueFromRemainingArguments)] $Rest)
            begin {
                $record = [System.Management.Automation.ErrorRecord]::new(
                    [System.Management.Automation.CommandNotFoundException]::new('{{explanation.Replace("'", "''", StringComparison.Ordinal)}}'),
                    'CommandNotFoundException', 'ObjectNotFound', '{{command.Name}}')
                $record.CategoryInfo.Activity = '{{command.Name}}'
                $PSCmdlet.ThrowTerminatingError($record)
            }
            """);
        lookup.StopSearch = true;
    }

    private static bool BringsIn(CommandAst call) =>
        call.InvocationOperator == TokenKind.Dot
        || (call.GetCommandName() is { } name
            && Plain(name).ToLowerInvariant() is "import-module" or "ipmo"
            && !call.CommandElements.Skip(1).Any(e => e is StringConstantExpressionAst { Value: "Sealer" }));

    private string? Missing(string name, Func<string, CommandInfo?> find)
    {
        var there = find(name);
        // The engine knows aliases of commands that it has not.
        while (there is AliasInfo alias)
            there = find(name = alias.Definition);
        return there is null && _commands.TryGetValue(Plain(name), out var command) ? command.Name : null;
    }

    // MODULE\NAME is the same command.
    private static string Plain(string name) => name[(name.LastIndexOf('\\') + 1)..];
}
