namespace Sealer.Clusterfiles.Documents;

/// <summary>What happens to a file that is there already.</summary>
public enum WriteStrategy
{
    /// <summary>It is replaced as a whole.</summary>
    Overwrite,

    /// <summary>Each of its YAML documents is merged with the data: maps deeply, everything else is replaced.</summary>
    Merge,
}

/// <summary>A step of <c>process: value|toJson|toBase64|toSecret</c>.</summary>
public enum ConfigProcessor
{
    /// <summary>The steps after this one work on every top-level value instead of the whole text.</summary>
    Value,

    /// <summary>YAML becomes JSON.</summary>
    ToJson,

    /// <summary>Text becomes base64.</summary>
    ToBase64,

    /// <summary>The data's keys become entries of <c>data</c> in the Secret that the file holds.</summary>
    ToSecret,
}

/// <summary>A file of the rootfs to write (kind Config).</summary>
public sealed record ConfigSpec
{
    /// <summary>The document's name.</summary>
    public required string Name { get; init; }

    /// <summary>Relative to the rootfs, or to the application's folder.</summary>
    public required string Path { get; init; }

    /// <summary>What to write.</summary>
    public required string Data { get; init; }

    /// <summary>What happens to a file that is there already.</summary>
    public WriteStrategy Strategy { get; init; }

    /// <summary>What is done with the data first, in order.</summary>
    public IReadOnlyList<ConfigProcessor> Processors { get; init => field = Listed.Of(value); } = [];

    /// <summary>The application whose file it is, or null.</summary>
    public string? ApplicationName { get; init; }

    /// <summary>Where it stands in the Clusterfile, or null.</summary>
    public SourceLocation? Location { get; init; }

    /// <summary>The file's path in the rootfs.</summary>
    public string RootfsPath => ApplicationName is null ? Path : ApplicationConfigSpec.FolderOf(ApplicationName) + Path;
}
