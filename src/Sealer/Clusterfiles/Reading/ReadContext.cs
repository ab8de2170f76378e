using Sealer.Yaml;

namespace Sealer.Clusterfiles.Reading;

/// <summary>What all readers of one file share.</summary>
internal sealed class ReadContext(string fileName, SourceLines source, ClusterfileReadOptions options)
{
    public string FileName { get; } = fileName;

    public SourceLines Source { get; } = source;

    public ClusterfileReadOptions Options { get; } = options;

    public DiagnosticBag Diagnostics { get; } = new((line, column) => Location(fileName, source, options, line, column));

    /// <summary>True where variables may be lists, as sealer up to 0.8 read them.</summary>
    public bool HasLists { get; set; }

    /// <summary>Variables that secrets were looked for in and that are not set: each is one mistake, however many hosts name it.</summary>
    public HashSet<string> MissingVariables { get; } = new(StringComparer.Ordinal);

    public void Error(YamlNode at, string message) => Diagnostics.Error(at.Line, at.Column, message);

    public void Warning(YamlNode at, string message) => Diagnostics.Warning(at.Line, at.Column, message);

    /// <summary>A mistake that sealer does not see: an error, unless the file is read tolerantly.</summary>
    public void Unknown(YamlNode at, string message)
    {
        if (Options.Tolerant)
            Warning(at, message);
        else
            Error(at, message);
    }

    public SourceLocation LocationOf(YamlNode node) => Location(FileName, Source, Options, node.Line, node.Column);

    private static SourceLocation Location(string file, SourceLines source, ClusterfileReadOptions options, int line, int column) =>
        ValueOverrides.NameOf(options.Values, line) is { } name
            ? new SourceLocation($"-Value {name}", 1, 1)
            : new SourceLocation(file, Math.Max(source.OriginOf(line), 1), Math.Max(column, 1));
}
