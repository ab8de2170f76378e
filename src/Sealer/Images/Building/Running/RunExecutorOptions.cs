namespace Sealer.Images.Building.Running;

/// <summary>How and where commands are run.</summary>
public sealed record RunExecutorOptions
{
    /// <summary>The folder for what a run needs besides the image's files (some kilobytes); null for the system's.</summary>
    public string? TempFolder { get; init; }

    /// <summary>
    /// The programs that may be used, in order of preference: <c>crun</c>, <c>runc</c> (also by full path) and
    /// <c>unshare</c> of util-linux. Those that are not installed are passed over.
    /// </summary>
    public IReadOnlyList<string> Runtimes { get; init; } = ["crun", "runc", "unshare"];

    /// <summary>Who runs the runtimes; tests act as somebody who is not root.</summary>
    internal RunIdentity? Identity { get; init; }
}
