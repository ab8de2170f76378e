using System.Collections;
using System.Management.Automation;
using System.Security;
using Sealer.Clusterfiles.Documents;

namespace Sealer.PowerShell;

/// <summary>Variables of a cluster as users give them: a table of text, and of SecureStrings and PSCredentials.</summary>
internal static class ClusterfileVariables
{
    public static IReadOnlyList<EnvironmentVariable> Of(IDictionary? table)
    {
        var result = new List<EnvironmentVariable>();
        foreach (DictionaryEntry entry in table ?? new Hashtable())
        {
            var name = LanguagePrimitives.ConvertTo<string>(entry.Key);
            var value = entry.Value is PSObject wrapped ? wrapped.BaseObject : entry.Value;
            result.Add(value is SecureString or PSCredential or Secret
                ? new EnvironmentVariable(name, SecretAttribute.Of(value) ?? Secret.Of(""))
                : new EnvironmentVariable(name, LanguagePrimitives.ConvertTo<string>(value) ?? ""));
        }

        return [.. result.OrderBy(variable => variable.Name, StringComparer.Ordinal)];
    }
}
