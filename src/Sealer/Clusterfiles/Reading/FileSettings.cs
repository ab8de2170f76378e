using Sealer.Clusterfiles.Documents;
using Sealer.Yaml;

namespace Sealer.Clusterfiles.Reading;

/// <summary>The fields that Config documents and files of applications share: path, data, strategy.</summary>
internal sealed record FileSettings(string Path, string Data, WriteStrategy Strategy)
{
    private static readonly string[] Strategies = ["overwrite", "merge"];

    /// <summary>Null, with diagnostics, where there is nothing to write or nowhere to write it.</summary>
    public static FileSettings? Read(Fields fields, ReadContext context)
    {
        var path = fields.Scalar("path");
        if (path is not { Value.Length: > 0 })
            context.Error(path ?? fields.At("path"), $"{fields.Place} needs a path, relative to the rootfs or to the application's folder");
        else if (!Names.IsFileBelow(Clean(path.Value)))
            context.Error(path, $"{Quoting.Quote(path.Value)} is not a file below the rootfs; write a relative path without '..'");
        var data = fields.Scalar("data");
        if (data is not { Value.Length: > 0 } && (!fields.Has("data") || fields.Value("data") is null or YamlScalar))
            context.Error(data ?? fields.At("data"), $"{fields.Place} needs data: what to write");
        var strategy = fields.Scalar("strategy");
        var chosen = WriteStrategy.Overwrite;
        if (strategy is { Value.Length: > 0 })
        {
            if (strategy.Value.Equals("merge", StringComparison.OrdinalIgnoreCase))
                chosen = WriteStrategy.Merge;
            else if (!strategy.Value.Equals("overwrite", StringComparison.OrdinalIgnoreCase))
                context.Error(strategy, $"{Quoting.Quote(strategy.Value)} is not a strategy{Quoting.DidYouMean(strategy.Value, Strategies)}; there are overwrite and merge");
        }

        if (data is { Value.Length: > 0 } && chosen == WriteStrategy.Merge && !fields.Has("process"))
            CheckMergeable(data, context);
        return path is null || data is null ? null : new FileSettings(Clean(path.Value), data.Value, chosen);
    }

    /// <summary>Tells where data that shall be merged is not a map.</summary>
    public static void CheckMergeable(YamlScalar data, ReadContext context)
    {
        var documents = YamlDocuments.Read(data.Value);
        foreach (var broken in documents.Broken)
        {
            // The text of a block begins on the line below its sign; other text has no lines to speak of.
            var (line, column, message) = ClusterfileDocuments.Explain(broken);
            context.Diagnostics.Error(data.IsBlock ? data.Line + line : data.Line, data.IsBlock ? column : data.Column, "the data is not YAML: " + message);
        }

        if (documents.Broken.Count > 0)
            return;
        if (documents.Documents is not [YamlMapping])
            context.Error(data, "data that is merged must be one YAML map: key: value");
    }

    private static string Clean(string path) => path.StartsWith("./", StringComparison.Ordinal) ? path[2..] : path;
}
