using Sealer.Yaml;

namespace Sealer.Clusterfiles.Reading;

/// <summary>What all readers of one file share.</summary>
internal sealed class ReadContext(string fileName, SourceLines source, ClusterfileReadOptions options)
{
    public string FileName { get; } = fileName;

    public SourceLines Source { get; } = source;

    public ClusterfileReadOptions Options { get; } = options;

    public DiagnosticBag Diagnostics { get; } = new(fileName);

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

    public SourceLocation LocationOf(YamlNode node) => new(FileName, node.Line, node.Column);
}
