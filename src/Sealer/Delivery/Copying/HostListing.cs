using System.Globalization;
using System.Text;

namespace Sealer.Delivery.Copying;

/// <summary>What hosts say of files: lines of <c>stat -c '%f %s %n'</c> and of <c>sha256sum</c>, told apart by their first word.</summary>
internal static class HostListing
{
    private const int DigestLength = 64;

    /// <summary>Tells of the files that are its arguments, those that are there.</summary>
    public const string Script = """stat -c "%f %s %n" -- "$@"; sha256sum -- "$@" """;

    /// <summary>As <see cref="Script"/>, of what links lead to.</summary>
    public const string FollowingScript = """stat -L -c "%f %s %n" -- "$@"; sha256sum -- "$@" """;

    /// <summary>Files by their paths as the host wrote them, without a leading <c>./</c>; raw mode with the type, size, digest.</summary>
    public static Dictionary<string, (int Mode, long Size, string Digest)> Read(string text)
    {
        var found = new Dictionary<string, (int Mode, long Size, string Digest)>(StringComparer.Ordinal);
        var digests = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in text.Split('\n'))
        {
            var escaped = line.StartsWith('\\');
            var words = line[(escaped ? 1 : 0)..];
            var space = words.IndexOf(' ', StringComparison.Ordinal);
            if (space == DigestLength && words.Length > DigestLength + 2)
            {
                var name = words[(DigestLength + 2)..];
                digests[Bare(escaped ? Unescape(name) : name)] = words[..DigestLength];
            }
            else if (space > 0 && int.TryParse(words.AsSpan(0, space), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var mode)
                && words.IndexOf(' ', space + 1) is var second and > 0
                && long.TryParse(words.AsSpan(space + 1, second - space - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var size))
            {
                found[Bare(words[(second + 1)..])] = (mode, size, "");
            }
        }

        foreach (var (name, digest) in digests)
        {
            if (found.TryGetValue(name, out var file))
                found[name] = file with { Digest = digest };
        }

        return found;
    }

    public static bool IsRegular(int mode) => (mode & 0xF000) == 0x8000;

    private static string Bare(string name) => name.StartsWith("./", StringComparison.Ordinal) ? name[2..] : name;

    private static string Unescape(string name)
    {
        var text = new StringBuilder(name.Length);
        for (var i = 0; i < name.Length; i++)
        {
            if (name[i] == '\\' && i + 1 < name.Length)
                text.Append(name[++i] switch { 'n' => '\n', 'r' => '\r', var other => other });
            else
                text.Append(name[i]);
        }

        return text.ToString();
    }
}
