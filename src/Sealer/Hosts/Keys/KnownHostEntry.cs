using System.Security.Cryptography;
using System.Text;
using Sealer.Hosts.Configuration;

namespace Sealer.Hosts.Keys;

/// <summary>What an entry's marker says.</summary>
public enum KnownHostMarker
{
    /// <summary>The key is the host's.</summary>
    None,

    /// <summary><c>@cert-authority</c>: the key signs certificates of hosts.</summary>
    Authority,

    /// <summary><c>@revoked</c>: the key is never to be trusted.</summary>
    Revoked,
}

/// <summary>One line of known_hosts, sshd(8) SSH_KNOWN_HOSTS FILE FORMAT.</summary>
/// <param name="Place">Where it stands.</param>
/// <param name="Marker">What it says.</param>
/// <param name="Hosts">Patterns separated by commas, or <c>|1|salt|hash</c>.</param>
/// <param name="Key">The key.</param>
public sealed record KnownHostEntry(SshConfigPlace Place, KnownHostMarker Marker, string Hosts, HostKey Key)
{
    private const string Hashed = "|1|";

    /// <summary>Reads a line; null where it is a comment, empty, or of no meaning to ssh, which passes over such lines too.</summary>
    public static KnownHostEntry? TryParse(string line, SshConfigPlace place)
    {
        var words = line.Split([' ', '\t', '\r'], 5, StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < 3 || words[0][0] == '#')
            return null;
        var marker = words[0] switch
        {
            "@cert-authority" => KnownHostMarker.Authority,
            "@revoked" => KnownHostMarker.Revoked,
            _ => KnownHostMarker.None,
        };
        var first = marker == KnownHostMarker.None ? 0 : 1;
        if (words[first][0] == '@' || words.Length < first + 3)
            return null;
        return HostKey.TryParse(words[first + 1], words[first + 2]) is { } key
            ? new KnownHostEntry(place, marker, words[first], key)
            : null;
    }

    /// <summary>How a host is named here: alone for port 22, else <c>[host]:port</c>.</summary>
    public static string NameOf(string host, int port)
    {
        var lower = host.ToLowerInvariant();
        return port == 22 ? lower : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"[{lower}]:{port}");
    }

    /// <summary>A name so that the file does not tell it: <c>|1|salt|HMAC-SHA1</c>.</summary>
    public static string HashOf(string name)
    {
        var salt = RandomNumberGenerator.GetBytes(HMACSHA1.HashSizeInBytes);
        return $"{Hashed}{Convert.ToBase64String(salt)}|{Convert.ToBase64String(Mac(salt, name))}";
    }

    /// <summary>True where the line is about a host, named as by <see cref="NameOf"/>.</summary>
    public bool IsAbout(string name)
    {
        if (!Hosts.StartsWith(Hashed, StringComparison.Ordinal))
            return SshPattern.AnyMatches(Hosts.ToLowerInvariant().Split(','), name);
        var parts = Hosts[Hashed.Length..].Split('|');
        return parts.Length == 2 && Bytes(parts[0]) is { } salt && Bytes(parts[1]) is { } mac
            && CryptographicOperations.FixedTimeEquals(Mac(salt, name), mac);
    }

    // The format is OpenSSH's; HMAC-SHA1 hides names there, it protects nothing.
#pragma warning disable CA5350
    private static byte[] Mac(byte[] salt, string name) => HMACSHA1.HashData(salt, Encoding.UTF8.GetBytes(name));
#pragma warning restore CA5350

    private static byte[]? Bytes(string base64)
    {
        var bytes = new byte[base64.Length];
        return Convert.TryFromBase64String(base64, bytes, out var length) ? bytes[..length] : null;
    }
}
