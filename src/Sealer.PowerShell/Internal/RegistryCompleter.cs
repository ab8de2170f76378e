using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using Sealer.Images.Storage;

namespace Sealer.PowerShell;

/// <summary>Completes the registries that images of the local store are named after.</summary>
internal sealed class RegistryCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        try
        {
            return
            [
                .. ImageStore.Open(SealerHome.FromEnvironment().ImageStore).List()
                    .Select(image => image.Reference?.Domain)
                    .OfType<string>()
                    .Distinct()
                    .Where(domain => domain.StartsWith(wordToComplete.Trim('\'', '"'), StringComparison.OrdinalIgnoreCase))
                    .Order(StringComparer.Ordinal)
                    .Select(domain => new CompletionResult(domain)),
            ];
        }
        catch (Exception e) when (Errors.IsUsers(e))
        {
            return [];
        }
    }
}
