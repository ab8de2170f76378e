using System.Management.Automation;
using Sealer.Events;
using Sealer.Images;
using Sealer.Registries;

namespace Sealer.PowerShell;

/// <summary>
/// The way to the registries that a command names. What was said of them (-PlainHttp, -Credential, ...) holds for those and
/// for no other, wherever a registry may redirect to.
/// </summary>
internal sealed class RegistryAccess : IDisposable
{
    private readonly Dictionary<string, RegistryClient> _clients = new(StringComparer.OrdinalIgnoreCase);
    private readonly RegistryOptions _options;
    private readonly RegistryCredential? _credential;
    private readonly bool _plainHttp;
    private readonly bool _skipCertificateCheck;

    public RegistryAccess(RegistryCmdlet parameters, Func<string, string> fullPath, IProgress<SealerEvent> events)
    {
        _plainHttp = parameters.PlainHttp;
        _skipCertificateCheck = parameters.SkipCertificateCheck;
        _credential = parameters.Credential is { } given && given != PSCredential.Empty
            ? RegistryCredential.Of(given.UserName, given.GetNetworkCredential().Password)
            : null;
        if ((parameters.ClientCertificate is null) != (parameters.ClientCertificateKey is null))
        {
            throw new SealerException(
                "ClientCertificateIncomplete",
                ErrorKind.InvalidInput,
                "A client certificate needs its key: give both -ClientCertificate and -ClientCertificateKey.");
        }

        _options = new RegistryOptions
        {
            Credentials = CredentialStore.Open(SealerHome.FromEnvironment(), events),
            CertificateAuthorityFiles = [.. parameters.CertificateAuthority.Select(fullPath)],
            ClientCertificate = parameters.ClientCertificate is { } certificate
                ? new ClientCertificateFiles(fullPath(certificate), fullPath(parameters.ClientCertificateKey!))
                : null,
            TrustedRealms = parameters.TrustedRealm,
            Events = events,
        };
    }

    /// <summary>The client for a registry.</summary>
    public RegistryClient Client(string domain) => Client(domain, useCredential: true);

    /// <summary>The client to log on with: what is given is tried by it, not used by it.</summary>
    public RegistryClient Login(string domain) => Client(domain, useCredential: false);

    /// <summary>The repository of a name.</summary>
    public RegistryRepository Repository(ImageReference name) => Client(name.Domain).Repository(name);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var client in _clients.Values)
            client.Dispose();
    }

    private RegistryClient Client(string domain, bool useCredential)
    {
        if (_clients.TryGetValue(domain, out var client))
            return client;
        var options = _options with
        {
            PlainHttp = _plainHttp ? [domain] : [],
            SkipCertificateCheck = _skipCertificateCheck ? [domain] : [],
        };
        if (_credential is not null && useCredential)
        {
            var given = new Dictionary<string, RegistryCredential> { [domain] = _credential };
            options = options with { Credentials = new GivenCredentials(given, options.Credentials) };
        }

        return _clients[domain] = new RegistryClient(options);
    }
}
