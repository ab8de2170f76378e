using System.Management.Automation;

namespace Sealer.PowerShell;

/// <summary>A cmdlet that talks to a registry.</summary>
public abstract class RegistryCmdlet : ImageCmdlet
{
    private RegistryAccess? _registries;

    /// <summary>
    /// User name and password (or access token) for one registry: the first that is named, of a copy the destination's.
    /// Without, and for other registries, those of Connect-ClusterRegistry, Docker and podman.
    /// </summary>
    [Parameter]
    [Credential]
    public PSCredential? Credential { get; set; }

    /// <summary>Talks to the registry without TLS; to the first that is named, of a copy the destination.</summary>
    [Parameter]
    public SwitchParameter PlainHttp { get; set; }

    /// <summary>Does not check the certificate of the registry: the first that is named, of a copy the destination.</summary>
    [Parameter]
    public SwitchParameter SkipCertificateCheck { get; set; }

    /// <summary>PEM files of authorities that are trusted besides those of the system.</summary>
    [Parameter]
    public string[] CertificateAuthority { get; set; } = [];

    /// <summary>A PEM file with a client certificate for the registry: the first that is named, of a copy the destination.</summary>
    [Parameter]
    public string? ClientCertificate { get; set; }

    /// <summary>The PEM file of the private key of -ClientCertificate.</summary>
    [Parameter]
    public string? ClientCertificateKey { get; set; }

    /// <summary>
    /// Hosts (<c>host</c> or <c>host:port</c>) that may be sent the credentials where a registry names them as its token
    /// server. Those that obviously belong to the registry need not be named.
    /// </summary>
    [Parameter]
    public string[] TrustedRealm { get; set; } = [];

    private protected RegistryAccess Registries => _registries ??= new RegistryAccess(this, FullPath, Engine);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _registries?.Dispose();
        base.Dispose(disposing);
    }
}
