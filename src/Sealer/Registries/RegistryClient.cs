using System.Collections.Concurrent;
using System.Net;
using System.Runtime.CompilerServices;
using Sealer.Images;
using Sealer.Registries.Authentication;
using Sealer.Registries.Connections;
using Sealer.Registries.Content;

namespace Sealer.Registries;

/// <summary>
/// The way to registries: OCI distribution 1.1 over https. One client keeps connections, tokens and what it has learnt
/// of each registry; it is safe for concurrent use.
/// </summary>
public sealed class RegistryClient : IDisposable
{
    internal const int PageSize = 1000;
    internal const int MaxSmallBody = 1024 * 1024;
    private const int MaxMet = 100_000;

    private readonly ConcurrentDictionary<string, RegistryHost> _hosts = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<(string Domain, Digest Digest), string> _met = new();
    private readonly TokenServer _tokens;

    /// <param name="options">How registries are talked to; the defaults where null.</param>
    public RegistryClient(RegistryOptions? options = null)
    {
        Options = options ?? new RegistryOptions();
        Transport = new RegistryTransport(Options);
        _tokens = new TokenServer(Transport, Options);
    }

    /// <summary>How registries are talked to.</summary>
    public RegistryOptions Options { get; }

    internal RegistryTransport Transport { get; }

    /// <summary>A repository, by any name in it: tag and digest do not matter. Nothing is asked yet.</summary>
    public RegistryRepository Repository(ImageReference name) => new(this, Host(name.Domain), name);

    /// <summary>A repository, with a hint where its blobs may be had in the same registry.</summary>
    /// <param name="name">Any name in the repository.</param>
    /// <param name="mountFrom">See <see cref="RegistryRepository.MountFrom"/>.</param>
    public RegistryRepository Repository(ImageReference name, IReadOnlyList<string> mountFrom) =>
        new(this, Host(name.Domain), name) { MountFrom = mountFrom };

    /// <summary>Asks whether there is a registry, and whether it lets us in.</summary>
    /// <exception cref="RegistryException">It cannot be reached, is none, or refuses us.</exception>
    public async Task PingAsync(string domain, CancellationToken cancellationToken)
    {
        var host = Host(domain);
        var reply = await PingAsync(host, cancellationToken).ConfigureAwait(false);
        if (!reply.IsSuccess)
            throw NoRegistry(host, reply);
    }

    /// <summary>
    /// Tries a user name and secret on a registry, and keeps them in <see cref="RegistryOptions.Credentials"/> (which must
    /// be a <see cref="CredentialStore"/>) if it takes them.
    /// </summary>
    /// <param name="domain">The registry.</param>
    /// <param name="userName">The user.</param>
    /// <param name="secret">Password or access token.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>False where the registry lets anybody in, so that nothing could be verified; saved all the same.</returns>
    /// <exception cref="RegistryException"><c>RegistryUnauthorized</c>: refused, nothing saved; or not reached.</exception>
    public async Task<bool> LoginAsync(string domain, string userName, Secret secret, CancellationToken cancellationToken)
    {
        if (Options.Credentials is not CredentialStore store)
            throw new InvalidOperationException("The client was made without a credential store.");
        var credential = new RegistryCredential { UserName = userName, Password = secret };
        var isVerified = await VerifyAsync(domain, credential, cancellationToken).ConfigureAwait(false);
        await store.SaveAsync(domain, credential, cancellationToken).ConfigureAwait(false);
        Host(domain).Authenticator.Forget();
        return isVerified;
    }

    /// <summary>Forgets the credentials of a registry; false where our store had none.</summary>
    public async Task<bool> LogoutAsync(string domain, CancellationToken cancellationToken)
    {
        if (Options.Credentials is not CredentialStore store)
            throw new InvalidOperationException("The client was made without a credential store.");
        var wasThere = await store.RemoveAsync(domain, cancellationToken).ConfigureAwait(false);
        Host(domain).Authenticator.Forget();
        return wasThere;
    }

    /// <summary>Tries credentials on a registry without keeping them.</summary>
    /// <returns>False where the registry lets anybody in, so that nothing could be verified.</returns>
    /// <exception cref="RegistryException"><c>RegistryUnauthorized</c>, or it cannot be reached.</exception>
    public async Task<bool> VerifyAsync(string domain, RegistryCredential credential, CancellationToken cancellationToken)
    {
        var given = new Dictionary<string, RegistryCredential>(StringComparer.Ordinal) { [domain] = credential };
        using var client = new RegistryClient(Options with { Credentials = new GivenCredentials(given) });
        var host = client.Host(domain);
        var reply = await client.PingAsync(host, cancellationToken).ConfigureAwait(false);
        if (reply.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
            throw RegistryFailure.Refused(host, reply, credential);
        return reply.IsSuccess ? host.Authenticator.WasAsked : throw NoRegistry(host, reply);
    }

    /// <summary>Lists the repositories of a registry, page after page. Public registries refuse this.</summary>
    /// <exception cref="RegistryException">It cannot be reached, or does not tell.</exception>
    public async IAsyncEnumerable<string> ListRepositoriesAsync(
        string domain, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var host = Host(domain);
        var isSupported = false;
        var pages = RegistryPages.ReadAsync(
            Transport, host, host.Api($"_catalog?n={PageSize}"), AccessScope.Catalog, $"list the repositories of {domain}", s => s == HttpStatusCode.NotFound, cancellationToken);
        await foreach (var page in pages.ConfigureAwait(false))
        {
            isSupported = true;
            foreach (var name in RegistryPages.Strings(host, page, "repositories"))
            {
                // What is no name could only do harm: nobody can ask for it, and it would be printed.
                if (ImageReference.TryParse($"{domain}/{name}", out var reference, out _) && reference.Repository == name)
                    yield return name;
            }
        }

        if (!isSupported)
        {
            throw new RegistryException(
                "CatalogNotSupported", ErrorKind.NotSupported, $"{domain} does not tell which repositories it has. Name one.", domain, HttpStatusCode.NotFound);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Transport.Dispose();

    internal RegistryHost Host(string domain)
    {
        if (_hosts.TryGetValue(domain, out var host))
            return host;

        // The domain becomes part of addresses and of paths of certificates: it must be one, as in an image name.
        if (!ImageReference.TryParse(domain + "/a", out var reference, out var reason)
            || !string.Equals(reference.Domain, domain, StringComparison.OrdinalIgnoreCase))
        {
            throw new SealerException(
                "InvalidRegistry",
                ErrorKind.InvalidInput,
                $"'{domain}' is not a registry{(reason is null ? "" : $": {reason}")}. Write host or host:port, without https:// and without a path; a host without a dot needs a port, or is 'localhost'.",
                domain);
        }

        return _hosts.GetOrAdd(domain, d => new RegistryHost(d, Options, _tokens));
    }

    /// <summary>Remembers that a repository holds a blob.</summary>
    internal void Met(string domain, string repository, Digest digest)
    {
        if (_met.Count < MaxMet)
            _met.TryAdd((domain, digest), repository);
    }

    /// <summary>Another repository of the registry that holds a blob, if one was met.</summary>
    internal string? WhereMet(string domain, string repository, Digest digest) =>
        _met.TryGetValue((domain, digest), out var other) && other != repository ? other : null;

    private static RegistryException NoRegistry(RegistryHost host, RegistryReply reply) =>
        reply.StatusCode == HttpStatusCode.NotFound
            ? new RegistryException(
                "NotARegistry", ErrorKind.NotSupported, $"What answers at {host.Domain} is not a registry: it knows no /v2/.", host.Domain, reply.StatusCode)
            : RegistryFailure.Of(host, reply, "log on");

    private Task<RegistryReply> PingAsync(RegistryHost host, CancellationToken cancellationToken) =>
        Transport.FetchAsync(host, new RegistryCall(HttpMethod.Get, host.Api("")), MaxSmallBody, cancellationToken);
}
