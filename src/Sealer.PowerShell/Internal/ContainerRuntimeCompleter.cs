using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace Sealer.PowerShell;

/// <summary>Completes the container runtimes that sealer's base images bring.</summary>
internal sealed class ContainerRuntimeCompleter : IArgumentCompleter
{
    private static readonly string[] Runtimes = ["containerd", "docker"];

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        Runtimes
            .Where(runtime => runtime.StartsWith(wordToComplete.Trim('\'', '"'), StringComparison.OrdinalIgnoreCase))
            .Select(runtime => new CompletionResult(runtime));
}
