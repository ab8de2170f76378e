using System.Management.Automation.Runspaces;

namespace Sealer.Runner;

/// <summary>Turns words of a command line into parameters of a script, as <c>pwsh -File</c> does.</summary>
internal static class ScriptArguments
{
    /// <summary>
    /// <c>-Name value</c>, <c>-Switch</c>, <c>-Switch:$false</c>, <c>-Name:value</c> and positional values. Values are text;
    /// nothing in them is evaluated.
    /// </summary>
    public static IEnumerable<CommandParameter> Parse(IEnumerable<string> words)
    {
        string? pending = null;
        foreach (var word in words)
        {
            if (pending is not null)
            {
                yield return new CommandParameter(pending, Value(word));
                pending = null;
            }
            else if (word.Length > 1 && word[0] == '-' && !char.IsAsciiDigit(word[1]))
            {
                var colon = word.IndexOf(':', StringComparison.Ordinal);
                if (colon < 0)
                    yield return new CommandParameter(word);
                else if (colon == word.Length - 1)
                    pending = word[..colon];
                else
                    yield return new CommandParameter(word[..colon], Value(word[(colon + 1)..]));
            }
            else
            {
                yield return new CommandParameter(null, word);
            }
        }

        if (pending is not null)
            yield return new CommandParameter(pending);
    }

    private static object Value(string word) => word.ToLowerInvariant() switch
    {
        "$true" => true,
        "$false" => false,
        _ => word,
    };
}
