using System.Text.RegularExpressions;

namespace Sealer.Images.Building;

/// <summary>Addresses as they may be shown and kept: a Kubefile may write passwords and signatures into them.</summary>
internal static partial class AddressText
{
    /// <summary>An address without user, password and query.</summary>
    public static string Shown(Uri uri) => uri.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);

    /// <summary>A line of a Kubefile without the user and password of the addresses in it.</summary>
    public static string WithoutUsers(string text) => User().Replace(text, "");

    [GeneratedRegex("""(?<=\bhttps?://)[^\s/@"]+@""", RegexOptions.IgnoreCase)]
    private static partial Regex User();
}
