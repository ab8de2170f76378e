namespace Sealer.Certificates;

/// <summary>One certificate of a host: what it says, and what is wrong with it. Holds nothing secret.</summary>
public sealed record CertificateInfo
{
    /// <summary>The file it lies in: a certificate, or a kubeconfig.</summary>
    public required string Path { get; init; }

    /// <summary>The file a kubeconfig refers to, where the certificate is not in it: that which the kubelet rotates.</summary>
    public string? ReadFrom { get; init; }

    /// <summary>Which of the certificates of its file, from 0. The first is the one that counts.</summary>
    public int Position { get; init; }

    /// <summary>Its form.</summary>
    public CertificateForm Form { get; init; }

    /// <summary>For example <c>O=system:masters, CN=kubernetes-admin</c>; empty where it cannot be read.</summary>
    public string Subject { get; init; } = "";

    /// <summary>The user or server.</summary>
    public string CommonName { get; init; } = "";

    /// <summary>The groups.</summary>
    public IReadOnlyList<string> Organizations { get; init => field = Listed.Of(value); } = [];

    /// <summary>Who issued it, as it says itself.</summary>
    public string Issuer { get; init; } = "";

    /// <summary>The file of the authority that really signed it; null where that is not among what was read.</summary>
    public string? Authority { get; init; }

    /// <summary>Names, then addresses.</summary>
    public IReadOnlyList<string> SubjectAlternativeNames { get; init => field = Listed.Of(value); } = [];

    /// <summary>What it may be shown for.</summary>
    public CertificateUsages Usages { get; init; }

    /// <summary>For example <c>RSA 2048</c> or <c>ECDSA P-256</c>.</summary>
    public string KeyType { get; init; } = "";

    /// <summary>The same where it is one that kubeadm knows.</summary>
    public KeyAlgorithm? KeyAlgorithm { get; init; }

    /// <summary>How it stands with its key.</summary>
    public KeyState Key { get; init; } = KeyState.Missing;

    /// <summary>In hexadecimal.</summary>
    public string SerialNumber { get; init; } = "";

    /// <summary>SHA-256 of the certificate, in hexadecimal.</summary>
    public string Fingerprint { get; init; } = "";

    /// <summary>In UTC.</summary>
    public DateTimeOffset NotBefore { get; init; }

    /// <summary>In UTC.</summary>
    public DateTimeOffset NotAfter { get; init; }

    /// <summary>Whole days from when it was looked at; negative once it has expired, 0 where it cannot be read.</summary>
    public int DaysLeft { get; init; }

    /// <summary>The API server a kubeconfig goes to.</summary>
    public string? Server { get; init; }

    /// <summary>What is wrong with it, as far as can be seen without knowing what is wanted.</summary>
    public IReadOnlyList<CertificateProblem> Problems { get; init => field = Listed.Of(value); } = [];

    /// <summary>True where the bytes could be read as a certificate.</summary>
    public bool IsReadable => Fingerprint.Length > 0;

    internal bool Has(CertificateProblemKind kind) => Problems.Any(p => p.Kind == kind);

    /// <inheritdoc/>
    public override string ToString() => Position == 0 ? Path : $"{Path}, certificate {Position + 1}";
}
