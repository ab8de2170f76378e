using System.Globalization;
using System.Text.RegularExpressions;

namespace Sealer.Labs;

/// <summary>What the things that a lab has of the kernel are called: all of it follows from the lab's six digits.</summary>
internal static partial class LabNames
{
    public const string Default = "lab";

    /// <summary>Bytes as lower case digits.</summary>
    public static string Hex(byte[] bytes) => Convert.ToHexString(bytes).ToLowerInvariant();

    /// <summary>The cgroup of everything that runs for a lab, and the beginning of the names of its network namespaces.</summary>
    public static string Group(string id) => $"sealer-lab-{id}";

    /// <summary>The network namespace in which the bridge is.</summary>
    public static string Bridge(string id) => Group(id);

    public static string Namespace(string id, int number) =>
        number == 0 ? $"{Group(id)}-jump" : string.Create(CultureInfo.InvariantCulture, $"{Group(id)}-{number}");

    /// <summary>The interface into the lab, in the network namespace of who made it.</summary>
    public static string Uplink(string id) => $"lab{id}";

    /// <summary>Where a host's cable ends in the bridge's namespace.</summary>
    public static string Port(int number) => number == 0 ? "jump" : string.Create(CultureInfo.InvariantCulture, $"host{number}");

    /// <summary>Six digits, as a lab's id has them.</summary>
    public static bool IsId(string text) => IdPattern().IsMatch(text);

    /// <summary>A name that a lab's user may have.</summary>
    public static bool IsUser(string text) => UserPattern().IsMatch(text);

    /// <exception cref="SealerException"><c>LabNameInvalid</c>.</exception>
    public static void Check(string name)
    {
        if (Pattern().IsMatch(name))
            return;
        throw new SealerException(
            "LabNameInvalid", ErrorKind.InvalidInput,
            $"'{name}' cannot be the name of a lab: it takes 1 to 32 lower case letters, digits and dashes, and begins and ends with none of the dashes.", name);
    }

    /// <exception cref="SealerException"><c>LabUserInvalid</c>.</exception>
    public static void CheckUser(string user)
    {
        if (UserPattern().IsMatch(user))
            return;
        throw new SealerException(
            "LabUserInvalid", ErrorKind.InvalidInput,
            $"'{user}' cannot be a user of a lab: it takes 1 to 32 lower case letters, digits, dashes and underscores, and begins with a letter.", user);
    }

    [GeneratedRegex("^[0-9a-f]{6}\\z")]
    private static partial Regex IdPattern();

    [GeneratedRegex("^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?\\z")]
    private static partial Regex Pattern();

    [GeneratedRegex("^[a-z][a-z0-9_-]{0,31}\\z")]
    private static partial Regex UserPattern();
}
