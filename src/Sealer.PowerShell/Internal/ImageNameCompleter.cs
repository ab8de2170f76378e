using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using Sealer.Images.Storage;

namespace Sealer.PowerShell;

/// <summary>Completes names of images in the local store.</summary>
internal sealed class ImageNameCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        var word = wordToComplete.Trim('\'', '"');
        IReadOnlyList<StoredImage> all;
        try
        {
            all = ImageStore.Open(SealerHome.FromEnvironment().ImageStore).List();
        }
        catch (Exception e) when (Errors.IsUsers(e))
        {
            // Nobody wants an error from the Tab key.
            return [];
        }

        return from image in all
               let reference = image.Reference
               where reference is not null
               let name = reference.ToFamiliarString()
               where name.StartsWith(word, StringComparison.OrdinalIgnoreCase)
                   || reference.ToString().StartsWith(word, StringComparison.OrdinalIgnoreCase)
               orderby name
               select new CompletionResult(name, name, CompletionResultType.ParameterValue, $"{name} {image.Descriptor.Digest.Short}");
    }
}
