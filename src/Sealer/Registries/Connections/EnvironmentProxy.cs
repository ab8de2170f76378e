using System.Net;

namespace Sealer.Registries.Connections;

/// <summary>
/// The proxy that HTTP_PROXY, HTTPS_PROXY and NO_PROXY name, as Go's tools understand them: NO_PROXY knows domains with
/// all below them, addresses, networks (<c>10.0.0.0/8</c>) and ports, and this machine is never asked through a proxy.
/// .NET's own reading of these variables knows no networks and is made once a process, so that a session that sets
/// <c>$env:HTTPS_PROXY</c> later would not be heard.
/// </summary>
internal sealed class EnvironmentProxy : IWebProxy
{
    private readonly Uri? _http;
    private readonly Uri? _https;
    private readonly string[] _exceptions;

    private EnvironmentProxy(Uri? http, Uri? https, string exceptions)
    {
        _http = http;
        _https = https;
        Credentials = LogOns([http, https]);
        _exceptions = exceptions.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }

    /// <inheritdoc/>
    public ICredentials? Credentials { get; set; }

    /// <summary>Reads the variables, lower case first; null where no proxy is named.</summary>
    public static EnvironmentProxy? Read(Func<string, string?> variable)
    {
        var http = Address(Value("http_proxy"));
        var https = Address(Value("https_proxy"));
        if (http is null && https is null && Address(Value("all_proxy")) is { } all)
            http = https = all;
        return http is null && https is null ? null : new EnvironmentProxy(http, https, Value("no_proxy") ?? "");

        string? Value(string name) => variable(name) is { Length: > 0 } value ? value : variable(name.ToUpperInvariant());
    }

    /// <inheritdoc/>
    public Uri? GetProxy(Uri destination)
    {
        var proxy = destination.Scheme == Uri.UriSchemeHttps ? _https : _http;
        return proxy is null ? null : WithoutUser(proxy);
    }

    /// <inheritdoc/>
    public bool IsBypassed(Uri host)
    {
        if ((host.Scheme == Uri.UriSchemeHttps ? _https : _http) is null)
            return true;
        var name = host.IdnHost.TrimEnd('.').ToLowerInvariant();
        var isAddress = IPAddress.TryParse(name, out var address);
        if (name == "localhost" || (isAddress && IPAddress.IsLoopback(address!)))
            return true;
        return _exceptions.Any(e => Covers(e.ToLowerInvariant(), name, address, host.Port));
    }

    private static bool Covers(string entry, string name, IPAddress? address, int port)
    {
        if (entry == "*")
            return true;
        if (address is not null && IPNetwork.TryParse(entry, out var network))
            return network.BaseAddress.AddressFamily == address.AddressFamily && network.Contains(address);
        var colon = entry.LastIndexOf(':');
        if (colon > 0 && entry.IndexOf(':', StringComparison.Ordinal) == colon && int.TryParse(entry[(colon + 1)..], out var entryPort))
        {
            if (entryPort != port)
                return false;
            entry = entry[..colon];
        }

        if (address is not null)
            return IPAddress.TryParse(entry.Trim('[', ']'), out var other) && other.Equals(address);
        if (entry.StartsWith("*.", StringComparison.Ordinal))
            entry = entry[1..];
        return entry.StartsWith('.') ? name.EndsWith(entry, StringComparison.Ordinal) : name == entry || name.EndsWith("." + entry, StringComparison.Ordinal);
    }

    private static CredentialCache LogOns(IEnumerable<Uri?> proxies)
    {
        var cache = new CredentialCache();
        foreach (var proxy in proxies.OfType<Uri>().Where(p => p.UserInfo.Length > 0).DistinctBy(p => p.Authority))
        {
            var parts = proxy.UserInfo.Split(':', 2);
            var credential = new NetworkCredential(
                Uri.UnescapeDataString(parts[0]), parts.Length == 2 ? Uri.UnescapeDataString(parts[1]) : "");
            cache.Add(WithoutUser(proxy), "Basic", credential);
        }

        return cache;
    }

    private static Uri WithoutUser(Uri proxy) => new UriBuilder(proxy) { UserName = "", Password = "" }.Uri;

    private static Uri? Address(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
            return null;
        if (!text.Contains("://", StringComparison.Ordinal))
            text = "http://" + text;
        return Uri.TryCreate(text, UriKind.Absolute, out var uri) ? uri : null;
    }
}
