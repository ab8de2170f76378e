using System.Security.Cryptography;
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
        return $"{KnownHostNames.Hashed}{Convert.ToBase64String(salt)}|{Convert.ToBase64String(KnownHostNames.Mac(salt, name))}";
    }

    /// <summary>True where the line is about a host, named as by <see cref="NameOf"/>.</summary>
    public bool IsAbout(string name) => KnownHostNames.Of(Hosts).Contain(name);
}
