using System.Management.Automation;
using Sealer.Events;
using Sealer.Images;
using Sealer.Registries;

namespace Sealer.PowerShell;

/// <summary>
/// The way to the registries that a command names. What was said of one (-Credential, -ClientCertificate, -PlainHttp,
/// -SkipCertificateCheck) holds for it alone: for the first that is named, wherever it may redirect to. The credentials of
/// another come from the store, and what would need to be said of it is refused.
/// </summary>
internal sealed class RegistryAccess : IDisposable
{
    private readonly Dictionary<string, RegistryClient> _clients = new(StringComparer.OrdinalIgnoreCase);
    private readonly RegistryOptions _options;
    private readonly RegistryCredential? _credential;
    private readonly bool _plainHttp;
    private readonly bool _skipCertificateCheck;
    private readonly ClientCertificateFiles? _clientCertificate;
    private string? _own;

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

        _clientCertificate = parameters.ClientCertificate is { } certificate
            ? new ClientCertificateFiles(fullPath(certificate), fullPath(parameters.ClientCertificateKey!))
            : null;
        _options = new RegistryOptions
        {
            Credentials = CredentialStore.Open(SealerHome.FromEnvironment(), events),
            CertificateAuthorityFiles = [.. parameters.CertificateAuthority.Select(fullPath)],
            TrustedRealms = parameters.TrustedRealm,
            Events = events,
        };
    }

    /// <summary>Says which registry the parameters are about, where it is not the first that is asked.</summary>
    public void BelongTo(string domain) => _own ??= domain;

    /// <summary>The client for a registry.</summary>
    /// <exception cref="SealerException"><c>ParametersOfAnotherRegistry</c>: what was given belongs to the registry named first.</exception>
    public RegistryClient Client(string domain) => Client(Own(domain), useCredential: true);

    /// <summary>The client to log on with: what is given is tried by it, not used by it.</summary>
    public RegistryClient Login(string domain) => Client(Own(domain), useCredential: false);

    /// <summary>The repository of a name.</summary>
    public RegistryRepository Repository(ImageReference name) => Client(name.Domain).Repository(name);

    /// <summary>The repository that is copied from: what was given is about the one copied to.</summary>
    public RegistryRepository Source(ImageReference name) => Client(name.Domain, useCredential: true).Repository(name);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var client in _clients.Values)
            client.Dispose();
    }

    private string Own(string domain)
    {
        BelongTo(domain);
        if (IsOwn(domain))
            return domain;
        string?[] given =
        [
            _credential is null ? null : "-Credential",
            _clientCertificate is null ? null : "-ClientCertificate",
            _plainHttp ? "-PlainHttp" : null,
            _skipCertificateCheck ? "-SkipCertificateCheck" : null,
        ];
        return given.FirstOrDefault(name => name is not null) is not { } first
            ? domain
            : throw new SealerException(
                "ParametersOfAnotherRegistry",
                ErrorKind.InvalidInput,
                $"{first} is for {_own}, the registry named first, and is not used for {domain}. Run the command for each registry, "
                + "or log on to each with Connect-ClusterRegistry and leave -Credential out.",
                domain);
    }

    private bool IsOwn(string domain) => string.Equals(domain, _own, StringComparison.OrdinalIgnoreCase);

    private RegistryClient Client(string domain, bool useCredential)
    {
        if (_clients.TryGetValue(domain, out var client))
            return client;
        var options = _options;
        if (IsOwn(domain))
        {
            options = options with
            {
                PlainHttp = _plainHttp ? [domain] : [],
                SkipCertificateCheck = _skipCertificateCheck ? [domain] : [],
                ClientCertificate = _clientCertificate,
            };
            if (_credential is not null && useCredential)
            {
                var given = new Dictionary<string, RegistryCredential> { [domain] = _credential };
                options = options with { Credentials = new GivenCredentials(given, options.Credentials) };
            }
        }

        return _clients[domain] = new RegistryClient(options);
    }
}
