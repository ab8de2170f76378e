namespace Sealer.Hosts;

/// <summary>The programs that a host must have by itself.</summary>
internal static class HostTools
{
    /// <summary>To get content: what its scripts run.</summary>
    public static IReadOnlyList<string> OfContent { get; } =
        ["tar", "gzip", "sha256sum", "find", "sort", "comm", "sed", "tr", "xargs", "awk", "head", "stat", "readlink", "df", "dd", "tee"];
}
