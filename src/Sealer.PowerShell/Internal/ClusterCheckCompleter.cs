using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using Sealer.Delivery.Checks;

namespace Sealer.PowerShell;

/// <summary>Completes names of checks of clusters.</summary>
internal sealed class ClusterCheckCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        var word = wordToComplete.Trim('\'', '"');
        return from check in ClusterCheck.All
               where check.Name.StartsWith(word, StringComparison.OrdinalIgnoreCase)
               orderby check.Name
               select new CompletionResult(check.Name, check.Name, CompletionResultType.ParameterValue, check.Summary);
    }
}
