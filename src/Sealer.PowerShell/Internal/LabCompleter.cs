using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using Sealer.Labs;

namespace Sealer.PowerShell;

/// <summary>Completes the names of labs, and finds those that names and wildcards mean.</summary>
internal sealed class LabCompleter : IArgumentCompleter
{
    /// <summary>The labs that are meant, each once.</summary>
    /// <exception cref="SealerException"><c>LabNotFound</c>: a name without wildcards that no lab has.</exception>
    public static IReadOnlyList<ClusterLab> Select(IEnumerable<string> names)
    {
        var found = new List<ClusterLab>();
        var all = ClusterLab.List();
        foreach (var name in names)
        {
            var pattern = new WildcardPattern(name, WildcardOptions.IgnoreCase);
            var meant = all.Where(lab => pattern.IsMatch(lab.Name)).ToList();
            if (meant.Count == 0 && !WildcardPattern.ContainsWildcardCharacters(name))
                meant.Add(ClusterLab.Find(name));
            found.AddRange(meant.Except(found));
        }

        return found;
    }

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        try
        {
            return
            [
                .. ClusterLab.List()
                    .Select(lab => lab.Name)
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
