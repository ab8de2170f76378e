using System.Net;
using Sealer.Events;

namespace Sealer.Registries;

/// <summary>
/// How registries are talked to. The defaults are safe: https, certificates checked, credentials only to where they
/// belong. A domain is written as in an image name: <c>registry.example.com</c> or <c>10.0.0.5:5000</c>.
/// </summary>
public sealed record RegistryOptions
{
    /// <summary>Where user names and secrets come from; null for anonymous access.</summary>
    public ICredentialSource? Credentials { get; init; }

    /// <summary>PEM files of authorities that are trusted besides the system's.</summary>
    public IReadOnlyList<string> CertificateAuthorityFiles { get; init; } = [];

    /// <summary>
    /// Folders with one folder a domain, as Docker and containers have them: <c>*.crt</c> are authorities,
    /// <c>*.cert</c> with <c>*.key</c> are client certificates. The default are the folders of this system.
    /// </summary>
    public IReadOnlyList<string> CertificateFolders { get; init; } = Connections.CertificateFolder.SystemFolders();

    /// <summary>A client certificate for every registry asked; never shown to hosts that a registry redirects to.</summary>
    public ClientCertificateFiles? ClientCertificate { get; init; }

    /// <summary>Domains that are talked to without TLS. Nothing is plain unless it is listed, not even this machine.</summary>
    public IReadOnlyCollection<string> PlainHttp { get; init; } = [];

    /// <summary>Domains whose certificate is not checked.</summary>
    public IReadOnlyCollection<string> SkipCertificateCheck { get; init; } = [];

    /// <summary>
    /// Hosts (<c>host</c> or <c>host:port</c>) that may be sent the credentials of any registry that names them as its
    /// token server. See <see cref="Authentication.RealmRule"/> for those that need no listing.
    /// </summary>
    public IReadOnlyCollection<string> TrustedRealms { get; init; } = [];

    /// <summary>The proxy; null for what HTTP_PROXY, HTTPS_PROXY and NO_PROXY say, else the system's.</summary>
    public IWebProxy? Proxy { get; init; }

    /// <summary>What we call ourselves.</summary>
    public string UserAgent { get; init; } =
        "sealer-powershell/" + (typeof(RegistryOptions).Assembly.GetName().Version?.ToString(3) ?? "0");

    /// <summary>How often and how long to try again.</summary>
    public RetryPolicy Retry { get; init; } = new();

    /// <summary>A transfer in which no byte moves for so long is broken off and resumed.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a connection may take to come about.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long an answer to a small request may take.</summary>
    public TimeSpan ResponseTimeout { get; init; } = TimeSpan.FromSeconds(100);

    /// <summary>How long a registry may take to settle an upload after its last byte: some hash it all again.</summary>
    public TimeSpan CommitTimeout { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>
    /// Bytes a chunk; null to send a blob as a whole and to use chunks of 64 MiB only where the registry refuses that.
    /// </summary>
    public long? UploadChunkSize { get; init; }

    /// <summary>The clock and its timers.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Told of waits and of what registries warn about; may be null.</summary>
    public IProgress<SealerEvent>? Events { get; init; }

    internal bool IsPlainHttp(string domain) => PlainHttp.Contains(domain, StringComparer.OrdinalIgnoreCase);

    internal bool IsUnchecked(string domain) => SkipCertificateCheck.Contains(domain, StringComparer.OrdinalIgnoreCase);
}
