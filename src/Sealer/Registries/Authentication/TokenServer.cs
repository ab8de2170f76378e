using System.Net;
using System.Net.Http.Headers;
using Sealer.Registries.Connections;

namespace Sealer.Registries.Authentication;

/// <summary>Fetches access tokens from the token server that a registry names.</summary>
internal sealed class TokenServer
{
    private const string ClientId = "sealer";
    private const int MaxAnswer = 1024 * 1024;

    private readonly RegistryTransport _transport;
    private readonly RegistryOptions _options;

    public TokenServer(RegistryTransport transport, RegistryOptions options)
    {
        _transport = transport;
        _options = options;
    }

    /// <summary>Fetches a token; anonymous where there is no credential.</summary>
    /// <exception cref="RegistryException">The realm is not believed, or refuses.</exception>
    public async Task<BearerToken> FetchAsync(
        RegistryHost host,
        AuthenticationChallenge challenge,
        IReadOnlyList<string> scopes,
        RegistryCredential? credential,
        CancellationToken cancellationToken)
    {
        var realm = CheckRealm(host, challenge["realm"], credential);
        var parameters = new List<KeyValuePair<string, string>>();
        if (challenge["service"] is { Length: > 0 } service)
            parameters.Add(new("service", service));

        RegistryCall call;
        if (credential?.IdentityToken is { } identity)
        {
            parameters.Add(new("client_id", ClientId));
            parameters.Add(new("grant_type", "refresh_token"));
            parameters.Add(new("refresh_token", identity.Reveal()));
            if (scopes.Count > 0)
                parameters.Add(new("scope", string.Join(' ', scopes)));
            call = new RegistryCall(HttpMethod.Post, realm) { Content = () => new FormUrlEncodedContent(parameters) };
        }
        else
        {
            if (credential?.Password is not null)
                parameters.Add(new("account", credential.UserName));
            parameters.AddRange(scopes.Select(s => KeyValuePair.Create("scope", s)));
            call = new RegistryCall(HttpMethod.Get, WithQuery(realm, parameters));
            if (credential?.Password is not null)
            {
                call = call with
                {
                    Prepare = r => r.Headers.Authorization = new AuthenticationHeaderValue("Basic", credential.BasicValue()),
                };
            }
        }

        var asked = _options.Time.GetUtcNow();
        var reply = await _transport.FetchAsync(host, call with { IsToken = true }, MaxAnswer, cancellationToken).ConfigureAwait(false);
        if (!reply.IsSuccess)
            throw Refused(host, realm, reply, credential);
        return BearerToken.Read(reply.Body, asked) ?? throw new RegistryException(
            "InvalidTokenAnswer",
            ErrorKind.InvalidContent,
            $"The token server {realm.Authority} of {host.Domain} answered without a usable token. Ask those who run the registry.",
            host.Domain);
    }

    private static RegistryException Refused(RegistryHost host, Uri realm, RegistryReply reply, RegistryCredential? credential)
    {
        if (reply.StatusCode is not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.BadRequest))
            return RegistryFailure.Of(host, reply, $"get a token from {realm.Authority}");
        return credential is not null
            ? RegistryFailure.Refused(host, reply, credential)
            : new RegistryException(
                "RegistryUnauthorized",
                ErrorKind.Authentication,
                $"{host.Domain} refused anonymous access{RegistryFailure.Says(host, reply)}. {RegistryFailure.Connect(host)}",
                host.Domain,
                reply.StatusCode);
    }

    private Uri CheckRealm(RegistryHost host, string? text, RegistryCredential? credential)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var realm))
            throw NotTrusted(host, "an address that cannot be read", "It is broken or hostile.");
        if (RealmRule.MayHaveCredentials(host.Domain, host.Origin, realm, _options.TrustedRealms))
            return realm;
        if (credential is null && RealmRule.MayBeAsked(host.Origin, realm))
            return realm;
        var place = RegistryFailure.Quote(host, $"{realm.Scheme}://{realm.Authority}");
        throw NotTrusted(
            host,
            place,
            $"If that host is yours, allow it with -TrustedRealm {RegistryFailure.Quote(host, realm.Authority)}; if not, the registry may be hostile.");
    }

    private static RegistryException NotTrusted(RegistryHost host, string place, string advice) => new(
        "RealmNotTrusted",
        ErrorKind.Authentication,
        $"{host.Domain} wants its credentials sent to {place}, which does not belong to it. Nothing was sent. {advice}",
        host.Domain);

    private static Uri WithQuery(Uri realm, IEnumerable<KeyValuePair<string, string>> parameters)
    {
        var query = string.Join('&', parameters.Select(p => $"{p.Key}={Uri.EscapeDataString(p.Value)}"));
        var builder = new UriBuilder(realm) { Fragment = "" };
        builder.Query = builder.Query.Length > 1 ? builder.Query[1..] + "&" + query : query;
        return builder.Uri;
    }
}
