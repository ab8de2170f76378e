using System.Text.RegularExpressions;

namespace Sealer.Clusterfiles.Reading;

/// <summary>
/// What names may hold. Many of them end in paths, host files, node labels and in shell scripts of images that quote
/// nothing, so that all that a shell or a path would take for more than text is refused here.
/// </summary>
internal static partial class Names
{
    private const int MaxSegment = 63;
    private const int MaxHostName = 253;

    /// <summary>One folder's name: a cluster, an application, a container runtime, a config.</summary>
    public static bool IsSegment(string text) => text.Length <= MaxSegment && Segment().IsMatch(text);

    /// <summary>A host's or registry's name as DNS allows it.</summary>
    public static bool IsHostName(string text) => text.Length <= MaxHostName && HostName().IsMatch(text);

    /// <summary>A user that SSH logs in as.</summary>
    public static bool IsUserName(string text) => text.Length <= 128 && UserName().IsMatch(text);

    /// <summary>A variable that a shell can export.</summary>
    public static bool IsVariable(string text) => Variable().IsMatch(text);

    /// <summary>A name or value of a label: letters, digits, - _ . inside.</summary>
    public static bool IsLabelWord(string text) => text.Length <= MaxSegment && LabelWord().IsMatch(text);

    /// <summary>A label's value.</summary>
    public static bool IsLabelValue(string text) => text.Length == 0 || IsLabelWord(text);

    /// <summary>The key of a label or taint: <c>[domain/]name</c>.</summary>
    public static bool IsQualified(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? IsLabelWord(text) : Domain(text[..slash]) && IsLabelWord(text[(slash + 1)..]);

        static bool Domain(string prefix) => IsHostName(prefix) && prefix == prefix.ToLowerInvariant();
    }

    /// <summary>A folder on hosts: absolute, normalised, not the root, and nothing in it that a shell would see.</summary>
    public static bool IsAbsoluteFolder(string text) =>
        text.Length <= 512 && AbsoluteFolder().IsMatch(text) && !text.Split('/').Any(part => part is "." or "..");

    /// <summary>A file below a folder: relative, and not out of it.</summary>
    public static bool IsFileBelow(string text) =>
        text.Length is > 0 and <= 1024
        && text[0] != '/'
        && !text.EndsWith('/')
        && !text.Any(c => char.IsControl(c) || c == '\\')
        && !text.Split('/').Any(part => part is "" or "." or ".." || part.Length > 255);

    [GeneratedRegex(@"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\z")]
    private static partial Regex Segment();

    [GeneratedRegex(@"^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*\z")]
    private static partial Regex HostName();

    [GeneratedRegex(@"^[A-Za-z0-9_][A-Za-z0-9_.@\\-]*\$?\z")]
    private static partial Regex UserName();

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_]*\z")]
    private static partial Regex Variable();

    [GeneratedRegex(@"^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?\z")]
    private static partial Regex LabelWord();

    [GeneratedRegex(@"^(/[A-Za-z0-9._+@=-]+)+/?\z")]
    private static partial Regex AbsoluteFolder();
}
