using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace Sealer.PowerShell;

/// <summary>Completes the platforms that clusters are made of.</summary>
internal sealed class PlatformCompleter : IArgumentCompleter
{
    private static readonly string[] Platforms =
        ["linux/amd64", "linux/arm64", "linux/arm/v7", "linux/loong64", "linux/ppc64le", "linux/riscv64", "linux/s390x", "windows/amd64"];

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        Platforms
            .Where(platform => platform.StartsWith(wordToComplete.Trim('\'', '"'), StringComparison.OrdinalIgnoreCase))
            .Select(platform => new CompletionResult(platform));
}
