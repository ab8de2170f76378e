using System.Text.RegularExpressions;

namespace Sealer.Help;

/// <summary>The module manifest: the version is written in, the list of cmdlets is held against the cmdlets there are.</summary>
internal static partial class Manifest
{
    public static string Complete(string text, string version, IReadOnlyList<string> cmdlets, List<string> problems)
    {
        var listed = Quoted().Matches(List().Match(text).Groups["names"].Value).Select(match => match.Groups[1].Value).ToList();
        problems.AddRange(cmdlets.Except(listed).Select(name => $"{name} is not in CmdletsToExport of module/Sealer.psd1."));
        problems.AddRange(listed.Except(cmdlets).Select(name => $"CmdletsToExport of module/Sealer.psd1 names {name}, which does not exist."));

        var dash = version.IndexOf('-', StringComparison.Ordinal);
        var number = dash < 0 ? version : version[..dash];
        text = Comment().Replace(Version().Replace(text, "${1}'" + number + "'"), "");
        return dash < 0 ? text : text.Replace("PSData = @{", $"PSData = @{{\n            Prerelease   = '{version[(dash + 1)..]}'", StringComparison.Ordinal);
    }

    [GeneratedRegex(@"CmdletsToExport\s*=\s*@\((?<names>[^)]*)\)")]
    private static partial Regex List();

    [GeneratedRegex("'([^']*)'")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"(ModuleVersion\s*=\s*)'[^']*'")]
    private static partial Regex Version();

    [GeneratedRegex(@"^ *#.*\n", RegexOptions.Multiline)]
    private static partial Regex Comment();
}
