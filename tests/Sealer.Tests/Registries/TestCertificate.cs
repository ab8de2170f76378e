using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Sealer.Tests.Registries;

/// <summary>Certificates made for one test.</summary>
internal static class TestCertificate
{
    /// <summary>A server's certificate and the authority that issued it.</summary>
    public static X509Certificate2 Server(out X509Certificate2 authority, string name = "localhost", IPAddress? address = null)
    {
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var root = new CertificateRequest("CN=An authority of the tests", authorityKey, HashAlgorithmName.SHA256);
        root.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        authority = root.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        return Issue(authority, "1.3.6.1.5.5.7.3.1", name, address ?? IPAddress.Loopback);
    }

    /// <summary>A client's certificate of an authority.</summary>
    public static X509Certificate2 Client(X509Certificate2 authority) => Issue(authority, "1.3.6.1.5.5.7.3.2", "client", null);

    private static X509Certificate2 Issue(X509Certificate2 authority, string purpose, string name, IPAddress? address)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        if (address is not null)
            names.AddIpAddress(address);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], false));
        using var issued = request.Create(authority, DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(20), RandomNumberGenerator.GetBytes(8));
        using var whole = issued.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(whole.Export(X509ContentType.Pkcs12), null);
    }
}
