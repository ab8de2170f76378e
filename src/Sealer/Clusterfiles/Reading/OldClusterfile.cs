using Sealer.Clusterfiles.Templates;
using Sealer.Yaml;

namespace Sealer.Clusterfiles.Reading;

/// <summary>
/// Clusterfiles of sealer 0.3 to 0.8 are templates themselves: it filled them in with the cluster's own <c>env</c>, and there a
/// variable could be a list. Their apiVersion tells; that of later ones is <c>sealer.io</c>.
/// </summary>
/// <remarks>
/// sealer 0.9 still wrote the old apiVersion and filled nothing in. So where something in braces has no value, as
/// <c>{{ .Values.image }}</c> of a chart that a Config carries has none, the file is taken as it is, and that is told.
/// </remarks>
internal static class OldClusterfile
{
    private const string Open = "{{";

    private static readonly string[] Versions =
        ["sealer.cloud/v2", "sealer.cloud/v1", "sealer.com/v1alpha1", "zlink.aliyun.com/v1alpha1", "sealer.aliyun.com/v1alpha1", "sealer.aliyun.com/v2alpha1"];

    /// <summary>True for the apiVersion of a Cluster that sealer up to 0.8 read.</summary>
    public static bool IsOld(YamlScalar? apiVersion) => apiVersion is not null && Versions.Contains(apiVersion.Value);

    /// <summary>The text as it is to be read.</summary>
    public static Result Render(string text, ClusterfileReadOptions options)
    {
        var asItIs = new Result(text, null, []);
        if (text.Length > ClusterfileDocuments.MaxLength || !text.Contains(Open, StringComparison.Ordinal) || !Versions.Any(version => text.Contains(version, StringComparison.Ordinal)))
            return asItIs;
        // Documents with braces in them may be no YAML yet; that of the cluster must be, in sealer as well.
        var cluster = YamlDocuments.Read(text, ClusterfileDocuments.MaxNodes).Documents
            .OfType<YamlMapping>()
            .FirstOrDefault(document => document.FindScalar("kind")?.Value == "Cluster" && IsOld(document.FindScalar("apiVersion")));
        if (cluster is null)
            return asItIs;
        try
        {
            var (rendered, lines) = Template.Parse(text, options.FileName ?? "").RenderWithLines(Variables(cluster, options), CancellationToken.None);
            if (rendered.Warnings.Count == 0)
                return new Result(rendered.Text, lines, []);
            var first = rendered.Warnings[0];
            return asItIs with { Warnings = [(first.Location.Line, first.Location.Column, $"{first.Message.Split(';')[0]} in the cluster's env, so that nothing in {Open} }}}} is filled in as sealer up to 0.8 did")] };
        }
        catch (SealerException e) when (e.InnerException is TemplateError error)
        {
            return asItIs with { Warnings = [(error.Place.Line, error.Place.Column, $"{error.Message}, so that nothing in {Open} }}}} is filled in as sealer up to 0.8 did")] };
        }
    }

    private static IReadOnlyDictionary<string, object?> Variables(YamlMapping cluster, ClusterfileReadOptions options)
    {
        // What is wrong with them is told when the document itself is read.
        var context = new ReadContext("", new SourceLines(""), options) { HasLists = true };
        if (!new AliasCheck(context).IsSafe(cluster) || cluster.Find("spec") is not YamlMapping spec)
            return new Dictionary<string, object?>();
        var variables = EnvironmentReader.Read(new Fields(spec, "spec", context), "env", context)
            .Select(entry => entry.Variable)
            .Where(variable => variable.HasValue)
            .ToDictionary(variable => variable.Name, StringComparer.Ordinal);
        foreach (var given in options.Environment)
            variables[given.Name] = given;
        return ClusterEnvironment.TemplateValues(variables.Values);
    }

    /// <param name="Text">The text.</param>
    /// <param name="Lines">Of each line its line in the user's file; null where nothing was filled in.</param>
    /// <param name="Warnings">Why nothing was, with places in the user's file.</param>
    internal sealed record Result(string Text, IReadOnlyList<int>? Lines, IReadOnlyList<(int Line, int Column, string Message)> Warnings);
}
