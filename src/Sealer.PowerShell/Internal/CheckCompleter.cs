using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using Sealer.Hosts.Checks;

namespace Sealer.PowerShell;

/// <summary>Completes names of checks of hosts, and where results are ignored, severities.</summary>
internal sealed class CheckCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        var word = wordToComplete.Trim('\'', '"');
        var names = HostChecks.All.Select(check => (check.Name, check.Summary));
        if (parameterName == "Ignore")
            names = names.Concat(Enum.GetNames<HostCheckSeverity>().Select(name => (name, $"All results of the severity {name}.")));
        return from name in names
               where name.Item1.StartsWith(word, StringComparison.OrdinalIgnoreCase)
               orderby name.Item1
               select new CompletionResult(name.Item1, name.Item1, CompletionResultType.ParameterValue, name.Item2);
    }
}
