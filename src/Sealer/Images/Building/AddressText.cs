using System.Text.RegularExpressions;

namespace Sealer.Images.Building;

/// <summary>Addresses as they may be shown and kept: a Kubefile may write passwords and signatures into them.</summary>
internal static partial class AddressText
{
    /// <summary>An address without user, password and query.</summary>
    public static string Shown(Uri uri) => uri.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);

    /// <summary>
    /// A line of a Kubefile without the user, the password and the values of the query of the addresses in it. What a variable
    /// stands for is not in the line; its name stays.
    /// </summary>
    public static string WithoutSecrets(string text) =>
        Query().Replace(User().Replace(text, ""), query => "?" + string.Join('&', query.Value[1..].Split('&').Select(WithoutValue)));

    private static string WithoutValue(string parameter) =>
        parameter.IndexOf('=', StringComparison.Ordinal) is var at and >= 0
            ? Variable().IsMatch(parameter.AsSpan(at + 1)) ? parameter : parameter[..(at + 1)]
            : Variable().IsMatch(parameter) ? parameter : "";

    [GeneratedRegex("""(?<=\bhttps?://)[^\s/@"]+@""", RegexOptions.IgnoreCase)]
    private static partial Regex User();

    [GeneratedRegex("""(?<=\bhttps?://[^\s"?]*)\?[^\s"]*""", RegexOptions.IgnoreCase)]
    private static partial Regex Query();

    [GeneratedRegex(@"^\$(\w+|\{\w+\})\z")]
    private static partial Regex Variable();
}
