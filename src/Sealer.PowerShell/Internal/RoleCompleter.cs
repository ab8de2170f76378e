using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace Sealer.PowerShell;

/// <summary>Completes roles of hosts: those that every cluster knows.</summary>
internal sealed class RoleCompleter : IArgumentCompleter
{
    private static readonly string[] Roles = ["master", "node"];

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        Roles
            .Where(role => role.StartsWith(wordToComplete.Trim('\'', '"'), StringComparison.OrdinalIgnoreCase))
            .Select(role => new CompletionResult(role));
}
