using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Sealer.Registries.Connections;

/// <summary>
/// Checks a server's certificate against the system's authorities and then against additional ones. The name in the
/// certificate is always checked.
/// </summary>
internal sealed class CertificateTrust(X509Certificate2Collection authorities)
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    public bool Check(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (errors == SslPolicyErrors.None)
            return true;
        if (errors != SslPolicyErrors.RemoteCertificateChainErrors || certificate is null || authorities.Count == 0)
            return false;

        using var own = new X509Chain();
        own.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        own.ChainPolicy.CustomTrustStore.AddRange(authorities);
        own.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        own.ChainPolicy.ApplicationPolicy.Add(new System.Security.Cryptography.Oid(ServerAuthentication));
        if (chain is not null)
        {
            foreach (var element in chain.ChainElements)
                own.ChainPolicy.ExtraStore.Add(element.Certificate);
            own.ChainPolicy.ExtraStore.AddRange(chain.ChainPolicy.ExtraStore);
        }

        using var copy = new X509Certificate2(certificate);
        if (own.Build(copy))
            return true;

        // An intermediate authority, or the server's own certificate, may be trusted without its root.
        const X509ChainStatusFlags rootless = X509ChainStatusFlags.PartialChain | X509ChainStatusFlags.UntrustedRoot;
        return own.ChainStatus.All(s => (s.Status & ~rootless) == 0)
            && own.ChainElements.Count > 0
            && authorities.Any(a => a.RawDataMemory.Span.SequenceEqual(own.ChainElements[^1].Certificate.RawDataMemory.Span));
    }
}
