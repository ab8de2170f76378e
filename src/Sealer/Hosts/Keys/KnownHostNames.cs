using System.Security.Cryptography;
using System.Text;
using Sealer.Hosts.Configuration;

namespace Sealer.Hosts.Keys;

/// <summary>The names of a line of known_hosts, taken apart once: what is asked of many lines for many hosts must be cheap.</summary>
internal sealed class KnownHostNames
{
    public const string Hashed = "|1|";

    private readonly string[] _patterns = [];
    private readonly byte[]? _salt;
    private readonly byte[]? _mac;

    private KnownHostNames(string[] patterns) => _patterns = patterns;

    private KnownHostNames(byte[]? salt, byte[]? mac) => (_salt, _mac) = (salt, mac);

    /// <summary>The names themselves, where they are no patterns and not hidden; null elsewhere.</summary>
    public IReadOnlyList<string>? Plain => _patterns.Length > 0 && Array.TrueForAll(_patterns, p => p.AsSpan().IndexOfAny("*?!") < 0) ? _patterns : null;

    /// <summary>Takes them apart.</summary>
    /// <param name="hosts">Patterns separated by commas, or <c>|1|salt|hash</c>.</param>
    public static KnownHostNames Of(string hosts)
    {
        if (!hosts.StartsWith(Hashed, StringComparison.Ordinal))
            return new KnownHostNames(hosts.ToLowerInvariant().Split(','));
        var parts = hosts[Hashed.Length..].Split('|');
        return parts.Length == 2 ? new KnownHostNames(Bytes(parts[0]), Bytes(parts[1])) : new KnownHostNames(null, null);
    }

    /// <summary>True where a host is meant, named as by <see cref="KnownHostEntry.NameOf"/>.</summary>
    public bool Contain(string name) => _patterns.Length > 0
        ? SshPattern.AnyMatches(_patterns, name)
        : _salt is not null && _mac is not null && CryptographicOperations.FixedTimeEquals(Mac(_salt, name), _mac);

    // The format is OpenSSH's; HMAC-SHA1 hides names there, it protects nothing.
#pragma warning disable CA5350
    public static byte[] Mac(byte[] salt, string name) => HMACSHA1.HashData(salt, Encoding.UTF8.GetBytes(name));
#pragma warning restore CA5350

    private static byte[]? Bytes(string base64)
    {
        var bytes = new byte[base64.Length];
        return Convert.TryFromBase64String(base64, bytes, out var length) ? bytes[..length] : null;
    }
}
