using System.Collections.Concurrent;
using System.Net.Http.Headers;
using Sealer.Registries.Connections;

namespace Sealer.Registries.Authentication;

/// <summary>
/// Signs the requests to one registry. It learns from the first 401 how the registry wants it, keeps a token for every
/// scope until it runs out, and lets only one request fetch a token while the others of its scope wait.
/// </summary>
internal sealed class RegistryAuthenticator
{
    private readonly RegistryHost _host;
    private readonly RegistryOptions _options;
    private readonly TokenServer _server;
    private readonly ConcurrentDictionary<string, Slot> _slots = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Lazy<Task<RegistryCredential?>>> _credentials = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<RegistryCredential, bool> _used = new();
    private volatile AuthenticationChallenge? _challenge;
    private volatile RegistryCredential? _shown;

    public RegistryAuthenticator(RegistryHost host, RegistryOptions options, TokenServer server)
    {
        _host = host;
        _options = options;
        _server = server;
    }

    /// <summary>Adds what the registry is known to want; nothing before it has asked for the first time.</summary>
    /// <returns>The header's value that was set, to recognise it in <see cref="AnswerAsync"/>.</returns>
    public async Task<string?> AuthorizeAsync(HttpRequestMessage request, AccessScope scope, CancellationToken cancellationToken)
    {
        var challenge = _challenge;
        if (challenge is null)
            return null;
        var credential = await CredentialAsync(scope.Repository, cancellationToken).ConfigureAwait(false);
        AuthenticationHeaderValue? header = null;
        if (challenge.Scheme == AuthenticationChallenge.Bearer)
        {
            var secret = credential?.AccessToken
                ?? (await TokenAsync(SlotOf(scope), challenge, scope, credential, cancellationToken).ConfigureAwait(false)).Value;
            header = new AuthenticationHeaderValue("Bearer", secret.Reveal());
        }
        else if (credential?.Password is not null)
        {
            header = new AuthenticationHeaderValue("Basic", credential.BasicValue());
        }

        if (header is not null && credential is not null)
            _shown = credential;
        request.Headers.Authorization = header;
        return header?.ToString();
    }

    /// <summary>Takes in a 401.</summary>
    /// <param name="response">The answer.</param>
    /// <param name="used">What <see cref="AuthorizeAsync"/> returned for the request.</param>
    /// <param name="scope">What the request needs.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>True where the request is worth making once more.</returns>
    public async Task<bool> AnswerAsync(
        HttpResponseMessage response, string? used, AccessScope scope, CancellationToken cancellationToken)
    {
        var challenges = response.Headers.NonValidated.TryGetValues("WWW-Authenticate", out var values)
            ? values.SelectMany(AuthenticationChallenge.Parse).ToList()
            : [];
        var challenge = challenges.Find(c => c.Scheme == AuthenticationChallenge.Bearer && c["realm"] is not null)
            ?? challenges.Find(c => c.Scheme == AuthenticationChallenge.Basic);
        if (challenge is null)
            return false;

        var known = _challenge;
        _challenge = challenge;
        if (challenge.Scheme == AuthenticationChallenge.Basic)
        {
            // The same name and password a second time would only be refused a second time.
            var credential = await CredentialAsync(scope.Repository, cancellationToken).ConfigureAwait(false);
            return credential?.Password is not null && (used is null || known?.Scheme != AuthenticationChallenge.Basic);
        }

        SlotOf(scope).Refuse(used, challenge.Scopes);
        return true;
    }

    /// <summary>True when the registry has asked who we are.</summary>
    public bool WasAsked => _challenge is not null;

    /// <summary>True when it asks for user name and password themselves, and not for a token.</summary>
    public bool WantsPassword => _challenge?.Scheme == AuthenticationChallenge.Basic;

    /// <summary>The credentials with which the latest request was signed; null where none was.</summary>
    public RegistryCredential? Shown => _shown;

    /// <summary>Forgets credentials and tokens, after a login or logout.</summary>
    public void Forget()
    {
        _credentials.Clear();
        _slots.Clear();
        _shown = null;
    }

    /// <summary>Takes every secret that this registry was or could be sent out of a text that comes from it.</summary>
    public string Redact(string text)
    {
        var secrets = _slots.Values.SelectMany(s => s.Token is { } token ? [token.Value.Reveal()] : Array.Empty<string>())
            .Concat(_used.Keys.SelectMany(c => c.Clear()));
        foreach (var secret in secrets)
        {
            // Replacing something this short would garble every message and tell its length besides.
            // Host names come back in lower case, and addresses with escapes.
            if (secret.Length < 4)
                continue;
            text = text.Replace(secret, "***", StringComparison.OrdinalIgnoreCase);
            text = text.Replace(Uri.EscapeDataString(secret), "***", StringComparison.OrdinalIgnoreCase);
        }

        return text;
    }

    private async Task<RegistryCredential?> CredentialAsync(string? repository, CancellationToken cancellationToken)
    {
        if (_options.Credentials is not { } source)
            return null;

        // A helper is a process that may ask the user: it is started once, and not once for each request that waits for it.
        // GetOrAdd alone may call its function twice.
        var key = repository ?? "";
        var asked = _credentials.GetOrAdd(key, _ => new Lazy<Task<RegistryCredential?>>(() => AskAsync(source, repository)));
        try
        {
            var credential = await asked.Value.WaitAsync(cancellationToken).ConfigureAwait(false);
            if (credential is not null)
                _used.TryAdd(credential, true);
            return credential;
        }
        catch when (asked.Value.IsFaulted)
        {
            _credentials.TryRemove(KeyValuePair.Create(key, asked));
            throw;
        }
    }

    private async Task<RegistryCredential?> AskAsync(ICredentialSource source, string? repository) =>
        await source.FindAsync(_host.Domain, repository, CancellationToken.None).ConfigureAwait(false);

    private Slot SlotOf(AccessScope scope) => _slots.GetOrAdd(scope.Key, _ => new Slot());

    private async Task<BearerToken> TokenAsync(
        Slot slot,
        AuthenticationChallenge challenge,
        AccessScope scope,
        RegistryCredential? credential,
        CancellationToken cancellationToken)
    {
        if (slot.Token is { } token && token.UseUntil > _options.Time.GetUtcNow())
            return token;
        await slot.Gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (slot.Token is { } fresh && fresh.UseUntil > _options.Time.GetUtcNow())
                return fresh;
            var scopes = AccessScope.Union(scope.Scopes, slot.Wanted);
            slot.Token = await _server.FetchAsync(_host, challenge, scopes, credential, cancellationToken).ConfigureAwait(false);
            return slot.Token;
        }
        finally
        {
            slot.Gate.Release();
        }
    }

    private sealed class Slot
    {
        public SemaphoreSlim Gate { get; } = new(1, 1);

        public volatile BearerToken? Token;

        public volatile IReadOnlyList<string> Wanted = [];

        /// <summary>Drops the token, unless another request has fetched a new one meanwhile.</summary>
        public void Refuse(string? used, IReadOnlyList<string> wanted)
        {
            if (wanted.Count > 0)
                Wanted = wanted;
            if (used is not null && Token is { } token && used == "Bearer " + token.Value.Reveal())
                Token = null;
        }
    }
}
