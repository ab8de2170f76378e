using System.Management.Automation;
using System.Text.RegularExpressions;

namespace Sealer.PowerShell.Tests;

/// <summary>What the engine's and the cmdlets' messages tell users to type can be typed.</summary>
public sealed partial class MessageTests
{
    // Where an error of that part of the engine can come from; of other parts, from some cmdlet.
    private static readonly (string Folder, string[] Commands)[] Origins =
    [
        ("src/Sealer/Registries/", ["Build-ClusterImage", "Connect-ClusterRegistry", "Copy-ClusterImage", "Find-ClusterImage", "Publish-ClusterImage", "Receive-ClusterImage"]),
        ("src/Sealer/Kubefiles/", ["Build-ClusterImage"]),
        ("src/Sealer/Images/Building/", ["Build-ClusterImage"]),
        ("src/Sealer/Images/ContainerImages/", ["Build-ClusterImage"]),
        ("src/Sealer/Images/Merging/", ["Merge-ClusterImage"]),
    ];

    // Parts of the engine that no cmdlet reaches yet, and the one that will: from then on their messages are looked at.
    private static readonly (string Folder, string Command)[] NotReached =
    [
        ("src/Sealer/Clusterfiles/", "Get-Clusterfile"),
        ("src/Sealer/Hosts/", "Get-ClusterHost"),
        ("src/Sealer/Transfer/", "Invoke-ClusterApply"),
        ("src/Sealer/Planning/", "Get-ClusterPlan"),
        ("src/Sealer/Delivery/", "Invoke-ClusterApply"),
        ("src/Sealer/Kubernetes/", "Get-Cluster"),
        ("src/Sealer/Certificates/", "Get-ClusterCert"),
        ("src/Sealer/LoadBalancing/", "Invoke-ClusterApply"),
        ("src/Sealer/Apps/", "Get-ClusterApp"),
        ("src/Sealer/Labs/", "Get-ClusterLab"),
    ];

    [Fact]
    public void Every_command_and_parameter_that_a_message_names_is_there()
    {
        using var session = new Session();
        var commands = session.Run("Get-Command -Module Sealer").Select(o => (CommandInfo)o.BaseObject).ToDictionary(c => c.Name);
        var (seen, wrong) = (0, new List<string>());
        foreach (var (place, text) in Messages())
        {
            if (NotReached.Any(part => place.StartsWith(part.Folder, StringComparison.Ordinal) && !commands.ContainsKey(part.Command)))
                continue;
            var told = new HashSet<int>();
            foreach (Match name in CommandName().Matches(text))
            {
                seen++;
                if (!commands.TryGetValue(name.Value, out var command))
                {
                    wrong.Add($"{place}: there is no {name.Value}");
                }
                else if (CommandLine().Match(text, name.Index) is { Success: true } line)
                {
                    told.Add(line.Groups[1].Index);
                    if (!Has(command, line.Groups[1].Value))
                        wrong.Add($"{place}: {name.Value} has no -{line.Groups[1].Value}");
                }
            }

            foreach (Match parameter in ParameterName().Matches(text))
            {
                if (told.Contains(parameter.Groups[1].Index))
                    continue;
                seen++;
                var name = parameter.Groups[1].Value;
                var origins = Origins.Where(o => place.StartsWith(o.Folder, StringComparison.Ordinal)).Select(o => o.Commands).SingleOrDefault();
                if (origins is null ? !commands.Values.Any(c => Has(c, name)) : origins.Any(o => !Has(commands[o], name)))
                    wrong.Add($"{place}: -{name} is not on {(origins is null ? "any command" : string.Join(", ", origins.Where(o => !Has(commands[o], name))))}");
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        // Those that stood there when this was written; a pattern that finds nothing any more would pass, too.
        Assert.InRange(seen, 20, int.MaxValue);

        static bool Has(CommandInfo command, string parameter) => command.Parameters.ContainsKey(parameter) || command.Parameters.Values.Any(p => p.Aliases.Contains(parameter));
    }

    private static IEnumerable<(string Place, string Text)> Messages()
    {
        foreach (var project in new[] { "Sealer", "Sealer.PowerShell" })
        {
            foreach (var file in Directory.EnumerateFiles(Path.Combine(BuiltModule.Root, "src", project), "*.cs", SearchOption.AllDirectories))
            {
                var name = Path.GetRelativePath(BuiltModule.Root, file).Replace('\\', '/');
                if (name.Contains("/obj/", StringComparison.Ordinal))
                    continue;
                var number = 0;
                foreach (var line in File.ReadLines(file))
                {
                    number++;
                    if (!line.TrimStart().StartsWith("//", StringComparison.Ordinal) && line.Contains('"', StringComparison.Ordinal))
                        yield return ($"{name}:{number}", line[line.IndexOf('"', StringComparison.Ordinal)..]);
                }
            }
        }
    }

    [GeneratedRegex(@"\b[A-Z][a-z]+-Cluster[A-Z]?[A-Za-z]*")]
    private static partial Regex CommandName();

    // The first parameter after a command's name, over values and interpolations.
    [GeneratedRegex(@"\G[A-Za-z]+-[A-Za-z]+ (?:[^-.;,()]*? )?-([A-Z][A-Za-z]+)")]
    private static partial Regex CommandLine();

    [GeneratedRegex(@"(?<=[\s(`'""])-([A-Z][A-Za-z]{2,})\b")]
    private static partial Regex ParameterName();
}
