namespace Sealer.Registries.Connections;

/// <summary>Reads the addresses that registries give: <c>Location</c> and <c>Link</c>.</summary>
internal static class RegistryLink
{
    // Signed addresses hold for the very text; .NET would tidy escapes.
    private static readonly UriCreationOptions Verbatim = new() { DangerousDisablePathAndQueryCanonicalization = true };

    /// <summary>Makes an address of what the registry gave, absolute or relative, with its query as it is.</summary>
    /// <exception cref="RegistryException"><c>InvalidLocation</c>: not an address on the web.</exception>
    public static Uri Resolve(RegistryHost host, Uri from, string text)
    {
        var fragment = text.IndexOf('#', StringComparison.Ordinal);
        if (fragment >= 0)
            text = text[..fragment];
        if (text.Length > 0 && text.All(c => c is > ' ' and < '\x7f'))
        {
            var absolute = text.Contains("://", StringComparison.Ordinal) && text.IndexOf("://", StringComparison.Ordinal) < 6 ? text
                : text.StartsWith("//", StringComparison.Ordinal) ? from.Scheme + ":" + text
                : text.StartsWith('/') ? from.GetLeftPart(UriPartial.Authority) + text
                : null;
            if (absolute is null && Uri.TryCreate(from, text, out var relative))
                absolute = relative.AbsoluteUri;
            if (Uri.TryCreate(absolute, Verbatim, out var uri)
                && (uri.Scheme == Uri.UriSchemeHttps || uri.Scheme == Uri.UriSchemeHttp)
                && uri.UserInfo.Length == 0)
            {
                return uri;
            }
        }

        throw new RegistryException(
            "InvalidLocation",
            ErrorKind.InvalidContent,
            $"{host.Domain} sends us to what is no address on the web. The registry is broken or hostile.",
            host.Domain);
    }

    /// <summary>Resolves where a redirect or an upload goes next; never from https to plain http.</summary>
    /// <exception cref="RegistryException"><c>InsecureRedirect</c>, <c>InvalidLocation</c>.</exception>
    public static Uri Follow(RegistryHost host, Uri from, string text, bool isPlain)
    {
        var next = Resolve(host, from, text);
        if (next.Scheme == Uri.UriSchemeHttps || isPlain)
            return next;
        var cause = string.Equals(next.IdnHost, host.Origin.IdnHost, StringComparison.OrdinalIgnoreCase)
            ? "If it stands behind a proxy, that proxy must send it X-Forwarded-Proto: https."
            : "The registry is set up wrongly, or hostile.";
        throw new RegistryException(
            "InsecureRedirect",
            ErrorKind.InvalidContent,
            $"{host.Domain} sends us from https to plain http at {RegistryFailure.Quote(host, next.Authority)}, which is refused. {cause}",
            host.Domain);
    }

    /// <summary>Adds a parameter and leaves the rest of the address as it is.</summary>
    public static Uri WithParameter(Uri uri, string name, string value)
    {
        var text = uri.GetLeftPart(UriPartial.Authority) + uri.PathAndQuery;
        var parameter = $"{name}={Uri.EscapeDataString(value)}";
        var separator = !text.Contains('?', StringComparison.Ordinal) ? "?" : text.EndsWith('?') || text.EndsWith('&') ? "" : "&";
        return new Uri(text + separator + parameter, Verbatim);
    }
}
