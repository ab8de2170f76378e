using System.Net;
using System.Net.Sockets;

namespace Sealer.Certificates;

/// <summary>A name or an address that a certificate is good for, in the one form that is compared and written.</summary>
internal static class SubjectName
{
    private const int LongestName = 253;
    private const int LongestLabel = 63;

    /// <summary>
    /// An address, or null. Only what has one reading: .NET takes <c>1</c> for 0.0.0.1 and <c>010.0.0.1</c> for 8.0.0.1, and
    /// neither is what the writer of a certificate meant.
    /// </summary>
    public static IPAddress? AddressOf(string text)
    {
        if (!IPAddress.TryParse(text, out var address))
            return null;
        if (address.AddressFamily == AddressFamily.InterNetwork)
            return address.ToString() == text ? address : null;
        if (text.Contains('%', StringComparison.Ordinal) || text.StartsWith('['))
            return null;
        return Canonical(address);
    }

    /// <summary>As Go has it: an IPv4 address in IPv6 is the IPv4 address.</summary>
    public static IPAddress Canonical(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    /// <summary>The form of a name or address that is compared.</summary>
    /// <param name="text">What was given.</param>
    /// <param name="what">Of what certificate, for the message.</param>
    /// <exception cref="SealerException"><c>InvalidSubjectAlternativeName</c>.</exception>
    public static string Of(string text, string what)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (AddressOf(text) is { } address)
            return address.ToString();
        var name = text.ToLowerInvariant();
        if (IsName(name.StartsWith("*.", StringComparison.Ordinal) ? name[2..] : name))
            return name;
        throw new SealerException(
            "InvalidSubjectAlternativeName",
            ErrorKind.InvalidInput,
            $"'{text}' cannot stand in the certificate {what}. Give a DNS name (letters, digits, '-' and '.'; '*.' in front for all names of a domain), an IPv4 address like 10.0.0.1 or an IPv6 address like fd00::1, without a port.",
            text);
    }

    /// <summary>Each once, in the order given.</summary>
    public static IReadOnlyList<string> Distinct(IEnumerable<string> names, string what) =>
        [.. names.Select(name => Of(name, what)).Distinct(StringComparer.Ordinal)];

    /// <summary>True for a name of RFC 1123 in small letters, as Kubernetes wants them.</summary>
    public static bool IsName(string text) => text.Length is > 0 and <= LongestName && text.Split('.').All(IsLabel)
        // Nothing but digits and dots is an address that is written wrong.
        && !text.All(c => char.IsAsciiDigit(c) || c == '.');

    /// <summary>Those that a certificate with some names does not answer to; a wildcard answers to one label, as in Go.</summary>
    public static IReadOnlyList<string> Missing(IReadOnlyList<string> wanted, IReadOnlyList<string> present)
    {
        var has = present.ToHashSet(StringComparer.OrdinalIgnoreCase);
        return [.. wanted.Where(name => !has.Contains(name) && !IsCovered(name, has))];
    }

    private static bool IsCovered(string name, HashSet<string> present)
    {
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && name[0] != '*' && AddressOf(name) is null && present.Contains("*" + name[dot..]);
    }

    private static bool IsLabel(string label) => label.Length is > 0 and <= LongestLabel
        && label[0] != '-'
        && label[^1] != '-'
        && label.All(c => c is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '-');
}
