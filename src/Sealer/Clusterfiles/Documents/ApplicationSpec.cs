namespace Sealer.Clusterfiles.Documents;

/// <summary>What is started on the cluster, and how it is configured (kind Application).</summary>
public sealed record ApplicationSpec
{
    /// <summary>The document's name.</summary>
    public required string Name { get; init; }

    /// <summary>Shell commands that are run instead of everything else; null: none are given.</summary>
    public IReadOnlyList<string>? Commands { get; init => field = Listed.Of(value); }

    /// <summary>What is launched, in this order; null: what the image says; empty: nothing.</summary>
    public IReadOnlyList<string>? LaunchApplications { get; init => field = Listed.Of(value); }

    /// <summary>Settings of single applications.</summary>
    public IReadOnlyList<ApplicationConfigSpec> Configs { get; init => field = Listed.Of(value); } = [];
}

/// <summary>Settings of one application.</summary>
public sealed record ApplicationConfigSpec
{
    /// <summary>The application's name.</summary>
    public required string Name { get; init; }

    /// <summary>Variables of its own.</summary>
    public IReadOnlyList<EnvironmentVariable> Environment { get; init => field = Listed.Of(value); } = [];

    /// <summary>Files of its folder to write.</summary>
    public IReadOnlyList<ApplicationFileSpec> Files { get; init => field = Listed.Of(value); } = [];

    /// <summary>Shell commands that start it instead of the image's; null: the image's.</summary>
    public IReadOnlyList<string>? LaunchCommands { get; init => field = Listed.Of(value); }

    /// <summary>Where it stands in the Clusterfile, or null.</summary>
    public SourceLocation? Location { get; init; }

    /// <summary>The folder of an application in the rootfs, with a slash at its end.</summary>
    public static string FolderOf(string application) => $"application/apps/{application}/";
}

/// <summary>A file of an application to write.</summary>
public sealed record ApplicationFileSpec
{
    /// <summary>Relative to the application's folder.</summary>
    public required string Path { get; init; }

    /// <summary>What to write.</summary>
    public required string Data { get; init; }

    /// <summary>What happens to a file that is there already; for <see cref="WriteStrategy.Merge"/> it must be there.</summary>
    public WriteStrategy Strategy { get; init; }

    /// <summary>Where it stands in the Clusterfile, or null.</summary>
    public SourceLocation? Location { get; init; }
}
