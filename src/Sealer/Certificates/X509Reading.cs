using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Sealer.Certificates;

/// <summary>
/// Reads single fields of certificates and checks one signature by one key. A chain of the operating system would ask its
/// own stores, and gives other answers on each.
/// </summary>
internal static class X509Reading
{
    private const byte ObjectIdentifierTag = 0x06;
    private const int LargestModulus = 16384;
    private const string ServerUsage = "1.3.6.1.5.5.7.3.1";
    private const string ClientUsage = "1.3.6.1.5.5.7.3.2";
    private const string AnyUsage = "2.5.29.37.0";

    /// <summary>The certificate of a block, or null. Only X.509: the constructor would also open a PKCS#12 and its ten million rounds.</summary>
    public static X509Certificate2? Certificate(PemBlock block)
    {
        try
        {
            if (block.Label != PemFile.CertificateLabel || X509Certificate2.GetCertContentType(block.Data) != X509ContentType.Cert)
                return null;
            var certificate = new X509Certificate2(block.Data);
            try
            {
                // Some of it is only read when it is asked for.
                _ = (certificate.NotAfter, certificate.NotBefore, certificate.SubjectName.Name, certificate.IssuerName.Name, certificate.Extensions.Count);
                _ = (Names(certificate), Usages(certificate), MaySign(certificate), certificate.PublicKey.EncodedKeyValue);
                _ = certificate.Extensions.OfType<X509SubjectKeyIdentifierExtension>().FirstOrDefault()?.SubjectKeyIdentifierBytes;
                return certificate;
            }
            catch (Exception e) when (e is CryptographicException or AsnContentException or ArgumentException)
            {
                certificate.Dispose();
                return null;
            }
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    /// <summary>Names, then addresses, in the form that is compared.</summary>
    public static IReadOnlyList<string> Names(X509Certificate2 certificate)
    {
        if (certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault() is not { } extension)
            return [];
        return
        [
            .. extension.EnumerateDnsNames().Select(name => name.ToLowerInvariant()),
            .. extension.EnumerateIPAddresses().Select(address => SubjectName.Canonical(address).ToString()),
        ];
    }

    /// <summary>Without the extension a certificate is good for all.</summary>
    public static CertificateUsages Usages(X509Certificate2 certificate)
    {
        if (certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().FirstOrDefault() is not { } extension)
            return IsAuthority(certificate) ? CertificateUsages.None : CertificateUsages.Server | CertificateUsages.Client;
        var usages = CertificateUsages.None;
        foreach (var usage in extension.EnhancedKeyUsages)
        {
            usages |= usage.Value switch
            {
                ServerUsage => CertificateUsages.Server,
                ClientUsage => CertificateUsages.Client,
                AnyUsage => CertificateUsages.Server | CertificateUsages.Client,
                _ => CertificateUsages.None,
            };
        }

        return usages;
    }

    public static bool IsAuthority(X509Certificate2 certificate) =>
        certificate.Extensions.OfType<X509BasicConstraintsExtension>().FirstOrDefault()?.CertificateAuthority == true;

    /// <summary>True where it may sign others, as far as its key usage says.</summary>
    public static bool MaySign(X509Certificate2 certificate) => IsAuthority(certificate)
        && certificate.Extensions.OfType<X509KeyUsageExtension>().FirstOrDefault()?.KeyUsages.HasFlag(X509KeyUsageFlags.KeyCertSign) != false;

    /// <summary>The values of an attribute of the subject, in order.</summary>
    public static IReadOnlyList<string> Attributes(X509Certificate2 certificate, string oid)
    {
        var values = new List<string>();
        try
        {
            var names = new AsnReader(certificate.SubjectName.RawData, AsnEncodingRules.BER).ReadSequence();
            while (names.HasData)
            {
                var set = names.ReadSetOf();
                while (set.HasData)
                {
                    var pair = set.ReadSequence();
                    if (pair.ReadObjectIdentifier() != oid)
                        continue;
                    var tag = (UniversalTagNumber)pair.PeekTag().TagValue;
                    values.Add(pair.ReadCharacterString(tag));
                }
            }
        }
        catch (Exception e) when (e is AsnContentException or ArgumentException)
        {
            // What is no text is nobody's name.
        }

        return values;
    }

    /// <summary>The public key where it is one of Kubernetes' kinds, else null. To be disposed of.</summary>
    public static AsymmetricAlgorithm? PublicKey(X509Certificate2 certificate)
    {
        try
        {
            if (certificate.GetRSAPublicKey() is { } rsa)
            {
                if (rsa.KeySize <= LargestModulus)
                    return rsa;
                rsa.Dispose();
                return null;
            }

            // A curve that is spelled out may be made to take very long.
            return certificate.PublicKey.EncodedParameters.RawData is [ObjectIdentifierTag, ..] ? certificate.GetECDsaPublicKey() : null;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    /// <summary>True where the key of an authority made the certificate's signature.</summary>
    public static bool IsSignedBy(X509Certificate2 certificate, X509Certificate2 authority)
    {
        if (!certificate.IssuerName.RawData.AsSpan().SequenceEqual(authority.SubjectName.RawData))
            return false;
        using var key = PublicKey(authority);
        if (key is null || Hash(certificate) is not { } hash)
            return false;
        try
        {
            var whole = new AsnReader(certificate.RawDataMemory, AsnEncodingRules.DER).ReadSequence();
            var signed = whole.ReadEncodedValue();
            var algorithm = whole.ReadEncodedValue();
            var signature = whole.ReadBitString(out var unused);
            if (unused != 0 || !algorithm.Span.SequenceEqual(SignedAlgorithm(signed).Span))
                return false;
            return key switch
            {
                RSA rsa => rsa.VerifyData(signed.Span, signature, hash, RSASignaturePadding.Pkcs1),
                ECDsa ec => ec.VerifyData(signed.Span, signature, hash, DSASignatureFormat.Rfc3279DerSequence),
                _ => false,
            };
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException)
        {
            return false;
        }
    }

    /// <summary>The algorithm as it stands inside of what is signed, where nobody can change it.</summary>
    private static ReadOnlyMemory<byte> SignedAlgorithm(ReadOnlyMemory<byte> signed)
    {
        var fields = new AsnReader(signed, AsnEncodingRules.DER).ReadSequence();
        if (fields.PeekTag().TagClass == TagClass.ContextSpecific)
            fields.ReadEncodedValue(); // The version.
        fields.ReadEncodedValue(); // The serial number.
        return fields.ReadEncodedValue();
    }

    /// <summary>The hash of a signature of RSA (PKCS#1) or ECDSA, the kinds that kubeadm signs with and takes.</summary>
    public static HashAlgorithmName? Hash(X509Certificate2 certificate) => certificate.SignatureAlgorithm.Value switch
    {
        "1.2.840.113549.1.1.5" or "1.2.840.10045.4.1" => HashAlgorithmName.SHA1,
        "1.2.840.113549.1.1.11" or "1.2.840.10045.4.3.2" => HashAlgorithmName.SHA256,
        "1.2.840.113549.1.1.12" or "1.2.840.10045.4.3.3" => HashAlgorithmName.SHA384,
        "1.2.840.113549.1.1.13" or "1.2.840.10045.4.3.4" => HashAlgorithmName.SHA512,
        _ => null,
    };
}
