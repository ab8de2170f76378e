using System.Globalization;

namespace Sealer.Hosts.Configuration;

/// <summary>One host of a ProxyJump.</summary>
/// <param name="Host">Name or address, an IPv6 one without brackets.</param>
/// <param name="User">Null where none is said.</param>
/// <param name="Port">Null where none is said.</param>
public sealed record SshJump(string Host, string? User = null, int? Port = null)
{
    /// <summary>A chain as in ProxyJump: <c>[user@]host[:port]</c> or <c>ssh://[user@]host[:port]</c>, separated by commas.</summary>
    /// <returns>In the order they are passed; empty for <c>none</c>; null where the text is no chain.</returns>
    public static IReadOnlyList<SshJump>? ParseChain(string text)
    {
        if (text.Equals("none", StringComparison.OrdinalIgnoreCase))
            return [];
        var jumps = new List<SshJump>();
        foreach (var part in text.Split(','))
        {
            if (Parse(part) is not { } jump)
                return null;
            jumps.Add(jump);
        }

        return jumps;
    }

    /// <summary>As ssh writes it, IPv6 in brackets.</summary>
    public override string ToString() =>
        (User is null ? "" : User + "@") + (Host.Contains(':') ? $"[{Host}]" : Host) + (Port is null ? "" : string.Create(CultureInfo.InvariantCulture, $":{Port}"));

    private static SshJump? Parse(string text)
    {
        if (text.StartsWith("ssh://", StringComparison.OrdinalIgnoreCase))
            text = text[6..].TrimEnd('/');
        string? user = null;
        if (text.LastIndexOf('@') is var at and >= 0)
        {
            user = text[..at];
            text = text[(at + 1)..];
            if (user.Length == 0)
                return null;
        }

        var port = "";
        if (text.StartsWith('['))
        {
            var end = text.IndexOf(']');
            if (end < 0 || (end + 1 < text.Length && text[end + 1] != ':'))
                return null;
            port = end + 1 < text.Length ? text[(end + 2)..] : "";
            if (end + 1 < text.Length && port.Length == 0)
                return null;
            text = text[1..end];
        }
        else if (text.IndexOf(':') is var colon and >= 0)
        {
            port = text[(colon + 1)..];
            text = text[..colon];
            if (port.Length == 0)
                return null;
        }

        // A name that begins with a dash, or holds what a shell or a terminal obeys, is nobody's.
        if (text.Length == 0 || text[0] == '-' || text.Any(c => char.IsControl(c) || c is ' ' or '\'' or '"' or '`' or '$' or '\\' or ';' or '&' or '<' or '>' or '|' or '(' or ')' or '{' or '}'))
            return null;
        if (port.Length == 0)
            return new SshJump(text, user);
        return ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0
            ? new SshJump(text, user, number)
            : null;
    }
}
