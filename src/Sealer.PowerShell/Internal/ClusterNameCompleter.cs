using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using Sealer.Delivery;

namespace Sealer.PowerShell;

/// <summary>Completes the names of clusters that this controller knows.</summary>
internal sealed class ClusterNameCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        try
        {
            return
            [
                .. KnownClusters.Names(SealerHome.FromEnvironment())
                    .Where(name => name.StartsWith(wordToComplete.Trim('\'', '"'), StringComparison.OrdinalIgnoreCase))
                    .Select(name => new CompletionResult(name)),
            ];
        }
        catch (Exception e) when (Errors.IsUsers(e))
        {
            return [];
        }
    }
}
