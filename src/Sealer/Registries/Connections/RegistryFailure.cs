using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Sealer.Registries.Connections;

/// <summary>Turns what went wrong into an error that says what to do next.</summary>
internal static class RegistryFailure
{
    private const int MaxText = 300;

    /// <summary>The next step where credentials are missing or wrong.</summary>
    public static string Connect(RegistryHost host) => $"Log on with: Connect-ClusterRegistry -Registry {host.Domain}";

    /// <summary>An answer that is an error.</summary>
    /// <param name="host">The registry.</param>
    /// <param name="reply">Its answer.</param>
    /// <param name="doing">What we wanted, to follow "could not": <c>read example.com/app:v1</c>.</param>
    /// <param name="target">What the error is about; the domain where null.</param>
    public static RegistryException Of(RegistryHost host, RegistryReply reply, string doing, object? target = null)
    {
        if (reply.StatusCode == HttpStatusCode.Unauthorized && host.Authenticator is { WantsPassword: true, Shown: { } refused })
            return Refused(host, reply, refused);
        var says = Says(host, reply);
        var (id, kind, text) = reply.StatusCode switch
        {
            HttpStatusCode.Unauthorized when host.Authenticator.Shown is { } shown => (
                "RegistryUnauthorized",
                ErrorKind.Authentication,
                $"{host.Domain} does not let '{shown.UserName}' ({shown.Origin}) {doing}{says}. Ask for the right, or log on as somebody else: Connect-ClusterRegistry -Registry {host.Domain}"),
            HttpStatusCode.Unauthorized => (
                "RegistryUnauthorized", ErrorKind.Authentication, $"{host.Domain} wants to know who you are to {doing}{says}. {Connect(host)}"),
            HttpStatusCode.Forbidden => (
                "RegistryForbidden",
                ErrorKind.Authentication,
                $"{host.Domain} does not let you {doing}{says}. Ask for the right, or log on as somebody else: Connect-ClusterRegistry -Registry {host.Domain}"),
            HttpStatusCode.NotFound => (
                "NotFoundInRegistry", ErrorKind.NotFound, $"{host.Domain} could not {doing}: not found{says}. Check the name and the tag."),
            HttpStatusCode.TooManyRequests => (
                "RegistryBusy",
                ErrorKind.ResourceUnavailable,
                $"{host.Domain} takes no more requests for now{Later(reply)}{says}. Try again later; a logged-on user often has a higher limit: Connect-ClusterRegistry -Registry {host.Domain}"),
            HttpStatusCode.RequestEntityTooLarge => (
                "RegistryRefusedSize",
                ErrorKind.ResourceUnavailable,
                $"{host.Domain}, or a proxy before it, refuses so large a body{says}. Raise its limit (nginx: client_max_body_size)."),
            HttpStatusCode.BadRequest when Encoding.UTF8.GetString(reply.Body.Span).Contains("HTTP request to an HTTPS server", StringComparison.Ordinal) => (
                "HttpsExpected", ErrorKind.Connection, $"{host.Domain} speaks https, but was asked with -PlainHttp. Leave -PlainHttp out."),
            var status when (int)status >= 500 => (
                "RegistryFailed",
                ErrorKind.Connection,
                $"{host.Domain} failed to {doing} ({(int)status}){says}{Later(reply)}. Try again later, or look into the registry's log."),
            var status => (
                "RegistryRefused", ErrorKind.InvalidInput, $"{host.Domain} refused to {doing} ({(int)status}){says}."),
        };
        return new RegistryException(id, kind, text, target ?? host.Domain, reply.StatusCode);
    }

    /// <summary>An answer that says that credentials are wrong.</summary>
    public static RegistryException Refused(RegistryHost host, RegistryReply reply, RegistryCredential credential)
    {
        var what = credential.UserName.Length > 0 ? $"the user name or password of '{credential.UserName}'" : "the token";

        // Whoever gave them is about to log on, or to find them elsewhere: nothing that lies in a file is to be replaced.
        var next = credential.IsGiven ? "Check them." : Connect(host);
        return new RegistryException(
            "RegistryUnauthorized",
            ErrorKind.Authentication,
            $"{host.Domain} refused {what} ({credential.Origin}){Says(host, reply)}. Many registries want an access token in place of the password. {next}",
            host.Domain,
            reply.StatusCode);
    }

    /// <summary>A request that got no answer.</summary>
    /// <param name="host">The registry.</param>
    /// <param name="uri">What was asked for: the registry, its token server, or where it redirects to.</param>
    /// <param name="fault">What happened.</param>
    /// <param name="speaksPlain">True where TLS failed and plain http was found to be spoken there.</param>
    public static RegistryException Of(RegistryHost host, Uri uri, Exception fault, bool speaksPlain)
    {
        var place = uri.Authority == host.Origin.Authority ? host.Domain : $"{Quote(host, uri.Authority)} (for {host.Domain})";
        var socket = RegistryFault.Find<SocketException>(fault)?.SocketErrorCode;
        var (id, text) = fault switch
        {
            _ when RegistryFault.Find<UntrustedCertificateException>(fault) is { } untrusted => (
                "CertificateNotTrusted",
                $"The certificate of {place} is refused: {untrusted.Message}. If the registry is yours, name its authority with -CertificateAuthority or put it at /etc/docker/certs.d/{host.Domain}/ca.crt; -SkipCertificateCheck (for Build-ClusterImage: -SkipCertificateCheck {host.Domain}) takes any certificate."),
            _ when speaksPlain => (
                "PlainHttpRegistry",
                $"{place} does not speak https but plain http. If that is meant, use -PlainHttp (for Build-ClusterImage: -PlainHttp {host.Domain}); all that is sent can then be read and changed on the way."),
            _ when RegistryFault.IsTls(fault) => (
                "TlsFailed", $"No secure connection to {place}: {Quote(host, RegistryFault.Describe(fault))}. Look whether it wants a client certificate or an older TLS version."),
            HttpRequestException { HttpRequestError: HttpRequestError.ProxyTunnelError } => (
                "ProxyRefused", $"The proxy refused the way to {place}. Look at HTTPS_PROXY and NO_PROXY."),
            HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } => (
                "HostNotFound", $"The name {place} is not known here. Check the spelling, DNS, and HTTPS_PROXY where the way leads through a proxy."),
            _ when socket == SocketError.ConnectionRefused => (
                "ConnectionRefused", $"Nothing listens at {place}. Check the port, and whether the registry runs."),
            _ when RegistryFault.IsUnanswered(fault) => (
                "ConnectionTimedOut", $"Nothing answers at {place}. Check the address, the firewall, and HTTPS_PROXY where the way leads through a proxy."),
            StalledException => ("ConnectionStalled", $"{place} went silent: {fault.Message}. Try again; what is there already is not sent twice."),
            _ => ("ConnectionFailed", $"The connection to {place} broke: {Quote(host, RegistryFault.Describe(fault))}. Try again; what is there already is not sent twice."),
        };

        // .NET quotes an answer that is no HTTP; such a cause is left out where it would show what we sent.
        var cause = fault.ToString();
        return new RegistryException(id, ErrorKind.Connection, text, host.Domain, null, host.Authenticator.Redact(cause) == cause ? fault : null);
    }

    /// <summary>What the registry says itself, in brackets, or nothing.</summary>
    public static string Says(RegistryHost host, RegistryReply reply)
    {
        var text = Quote(host, Message(reply));
        return text.Length == 0 ? "" : $" (it says: {text})";
    }

    /// <summary>True where the answer carries the error code.</summary>
    public static bool HasCode(RegistryReply reply, string code) => Errors(reply).Any(e => e.Code == code);

    /// <summary>A text of the registry as a message may show it: harmless, and without what we sent.</summary>
    public static string Quote(RegistryHost host, string text) => Clean(host.Authenticator.Redact(text));

    /// <summary>A foreign text made harmless: one short line without control characters.</summary>
    public static string Clean(string text)
    {
        var line = new StringBuilder();
        foreach (var c in text.Length > MaxText ? text[..MaxText] : text)
        {
            if (!char.IsControl(c) && char.GetUnicodeCategory(c) is not System.Globalization.UnicodeCategory.Format)
                line.Append(c);
            else if (line.Length > 0 && line[^1] != ' ')
                line.Append(' ');
        }

        return line.ToString().Trim();
    }

    private static string Later(RegistryReply reply) =>
        RetryBudget.Asked(reply.Headers, DateTimeOffset.UtcNow) is { } wait && wait > TimeSpan.Zero
            ? $"; it asks to wait {wait.TotalSeconds:0} s"
            : "";

    private static string Message(RegistryReply reply) =>
        string.Join("; ", Errors(reply).Take(3).Select(e => e.Message.Length > 0 ? $"{e.Code} {e.Message}" : e.Code));

    private static List<(string Code, string Message)> Errors(RegistryReply reply)
    {
        var errors = new List<(string, string)>();
        try
        {
            using var document = JsonDocument.Parse(reply.Body);
            if (document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("errors", out var list)
                && list.ValueKind == JsonValueKind.Array)
            {
                errors.AddRange(list.EnumerateArray()
                    .Where(e => e.ValueKind == JsonValueKind.Object)
                    .Select(e => (Text(e, "code"), Text(e, "message"))));
            }
        }
        catch (JsonException)
        {
            // Proxies answer in HTML; their text would help nobody.
        }

        return errors;

        static string Text(JsonElement element, string name) =>
            element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
    }
}
