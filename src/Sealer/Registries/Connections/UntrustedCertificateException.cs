using System.Net.Security;
using System.Security.Authentication;

namespace Sealer.Registries.Connections;

/// <summary>A server's certificate was refused by us; told from a handshake that failed for another reason.</summary>
internal sealed class UntrustedCertificateException(SslPolicyErrors errors) : AuthenticationException(
    errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable) ? "the server showed no certificate"
    : errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) ? "the certificate is made out to another name"
    : "the certificate was not issued by an authority that is trusted here, or has expired");
