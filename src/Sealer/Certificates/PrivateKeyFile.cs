using System.Security.Cryptography;

namespace Sealer.Certificates;

/// <summary>A private key: read from a file, or made.</summary>
internal sealed class PrivateKeyFile : IDisposable
{
    private const int LargestKey = 16 << 10;
    private const int LargestModulus = 16384;

    private PrivateKeyFile(KeyState state, string? reason, AsymmetricAlgorithm? key)
    {
        (State, Reason, Key) = (state, reason, key);
        if (key is null)
            return;
        PublicKeyInfo = key.ExportSubjectPublicKeyInfo();
        (KeyType, Algorithm) = Describe(key);
    }

    public KeyState State { get; }

    /// <summary>Why it cannot be read.</summary>
    public string? Reason { get; }

    /// <summary>RSA or ECDsa; null where there is none.</summary>
    public AsymmetricAlgorithm? Key { get; }

    /// <summary>DER of the public key; empty where there is none.</summary>
    public byte[] PublicKeyInfo { get; } = [];

    public string KeyType { get; } = "";

    public KeyAlgorithm? Algorithm { get; }

    public static PrivateKeyFile Make(KeyAlgorithm algorithm) => new(KeyState.Present, null, algorithm switch
    {
        KeyAlgorithm.Rsa2048 => RSA.Create(2048),
        KeyAlgorithm.Rsa3072 => RSA.Create(3072),
        KeyAlgorithm.Rsa4096 => RSA.Create(4096),
        KeyAlgorithm.EcdsaP256 => ECDsa.Create(ECCurve.NamedCurves.nistP256),
        KeyAlgorithm.EcdsaP384 => ECDsa.Create(ECCurve.NamedCurves.nistP384),
        _ => throw new ArgumentOutOfRangeException(nameof(algorithm)),
    });

    public static PrivateKeyFile Read(CertificateFile? file) =>
        file is null ? new(KeyState.Missing, null, null) : file.IsWithoutKey ? new(KeyState.NotRead, null, null) : Read(file.Content.Span);

    /// <summary>The first key of a file; other blocks, like the parameters of a curve or a certificate, are passed over.</summary>
    public static PrivateKeyFile Read(ReadOnlySpan<byte> content)
    {
        var blocks = PemFile.Read(content, out var reason);
        if (reason is not null)
            return new(KeyState.Unreadable, reason, null);
        foreach (var block in blocks)
        {
            if (!block.Label.EndsWith("PRIVATE KEY", StringComparison.Ordinal))
                continue;
            if (block.IsEncrypted || block.Label == "ENCRYPTED PRIVATE KEY")
                return new(KeyState.Encrypted, "it needs a passphrase", null);
            var key = Import(block);
            CryptographicOperations.ZeroMemory(block.Data);
            return key is null ? new(KeyState.Unreadable, "it is no RSA or ECDSA key", null) : new(KeyState.Present, null, key);
        }

        return new(KeyState.Unreadable, "it holds no private key", null);
    }

    public static (string Text, KeyAlgorithm? Algorithm) Describe(AsymmetricAlgorithm key) => key is RSA
        ? (FormattableString.Invariant($"RSA {key.KeySize}"), key.KeySize switch
        {
            2048 => KeyAlgorithm.Rsa2048,
            3072 => KeyAlgorithm.Rsa3072,
            4096 => KeyAlgorithm.Rsa4096,
            _ => null,
        })
        : (FormattableString.Invariant($"ECDSA P-{key.KeySize}"), key.KeySize switch
        {
            256 => KeyAlgorithm.EcdsaP256,
            384 => KeyAlgorithm.EcdsaP384,
            _ => null,
        });

    /// <summary>PEM in the form that kubeadm writes, which every version of it reads.</summary>
    public string ToPem() => Key switch
    {
        RSA rsa => rsa.ExportRSAPrivateKeyPem() + "\n",
        ECDsa ec => ec.ExportECPrivateKeyPem() + "\n",
        _ => throw new InvalidOperationException("There is no key."),
    };

    public string PublicKeyPem() => Key!.ExportSubjectPublicKeyInfoPem() + "\n";

    public void Dispose() => Key?.Dispose();

    private static AsymmetricAlgorithm? Import(PemBlock block)
    {
        if (block.Data.Length > LargestKey)
            return null;
        switch (block.Label)
        {
            case "RSA PRIVATE KEY":
                return Try(RSA.Create(), rsa => rsa.ImportRSAPrivateKey(block.Data, out _));
            case "EC PRIVATE KEY":
                return Try(ECDsa.Create(), ec => ec.ImportECPrivateKey(block.Data, out _));
            case "PRIVATE KEY":
                return (AsymmetricAlgorithm?)Try(RSA.Create(), rsa => rsa.ImportPkcs8PrivateKey(block.Data, out _))
                    ?? Try(ECDsa.Create(), ec => ec.ImportPkcs8PrivateKey(block.Data, out _));
            default:
                return null;
        }
    }

    private static T? Try<T>(T key, Action<T> import)
        where T : AsymmetricAlgorithm
    {
        try
        {
            import(key);
            // Kubernetes knows named curves only; others may also be made to take very long.
            if (key is RSA { KeySize: <= LargestModulus } || (key is ECDsa ec && ec.ExportParameters(false).Curve.IsNamed))
                return key;
        }
        catch (CryptographicException)
        {
            // Not this kind of key.
        }

        key.Dispose();
        return null;
    }
}
